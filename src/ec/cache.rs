//! What was made for the latest keys: decoding tables by patterns of losses, groups by sets of
//! changed columns.
//!
//! Making a table takes as long as decoding some kilobytes, and losses come in runs: a dead OST
//! gives the same few patterns for each row of each file.

use alloc::sync::Arc;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

/// Keys remembered. A decoding table has at most 15 · 241 coefficients (145 KB); one of 8+2 has 640
/// bytes.
#[cfg(feature = "std")]
const KEYS: usize = 64;

/// Values by key, the latest used first. Without `std` there is no lock to be had, and nothing is
/// remembered.
#[derive(Debug)]
pub(super) struct Cache<K, V: ?Sized> {
    #[cfg(feature = "std")]
    known: Mutex<alloc::vec::Vec<(K, Arc<V>)>>,
    #[cfg(not(feature = "std"))]
    nothing: core::marker::PhantomData<(K, Arc<V>)>,
}

impl<K: Copy + PartialEq, V: ?Sized> Cache<K, V> {
    pub(super) fn new() -> Self {
        Cache {
            #[cfg(feature = "std")]
            known: Mutex::default(),
            #[cfg(not(feature = "std"))]
            nothing: core::marker::PhantomData,
        }
    }

    /// The value of `key`, made with `make` if it is not known.
    ///
    /// The lock is held to search or insert, not to make: two threads may make the same value.
    #[cfg(feature = "std")]
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> Arc<V>) -> Arc<V> {
        // The list is whole between any two statements, so a poisoned lock does no harm.
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut known = lock();
            if let Some(at) = known.iter().position(|(known, _)| *known == key) {
                if at > 0 {
                    known[..=at].rotate_right(1);
                }
                return Arc::clone(&known[0].1);
            }
        }
        let value = make();
        let mut known = lock();
        if !known.iter().any(|(known, _)| *known == key) {
            known.truncate(KEYS - 1);
            known.insert(0, (key, Arc::clone(&value)));
        }
        value
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn get(&self, _: K, make: impl FnOnce() -> Arc<V>) -> Arc<V> {
        make()
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::geometry::Geometry;
    use super::super::matrix::Pattern;
    use super::super::set::ShardSet;
    use super::*;
    use crate::gf::Coef;

    /// A loss of the two given shards of 40+2, with only the first wanted.
    fn pattern(a: usize, b: usize) -> Pattern {
        let (mut surviving, mut wanted) = (ShardSet::default(), ShardSet::default());
        (0..42)
            .filter(|shard| *shard != a && *shard != b)
            .for_each(|shard| surviving.insert(shard));
        wanted.insert(a);
        Pattern::new(Geometry::new(40, 2).unwrap(), surviving, wanted).unwrap()
    }

    #[test]
    fn remembers_the_latest_patterns_and_no_more() {
        let cache = Cache::new();
        let table = |n: usize| -> Arc<[Coef]> { Arc::from(vec![Coef::new(n as u8); 1]) };
        let value = |table: Arc<[Coef]>| usize::from(table[0].value());
        for n in 0..40 {
            for b in [n, (n + 1) % 40] {
                assert_eq!(value(cache.get(pattern(n, b), || table(n))), n);
                // Known now, so that nothing is made.
                assert_eq!(value(cache.get(pattern(n, b), || unreachable!())), n);
            }
            // The very first stays, because it is used again and again.
            assert_eq!(value(cache.get(pattern(0, 0), || unreachable!())), 0);
        }
        assert_eq!(cache.known.lock().unwrap().len(), KEYS);
        // Of 80 patterns the second is long forgotten.
        assert_eq!(value(cache.get(pattern(0, 1), || table(99))), 99);
    }
}
