//! The decoding tables of the latest patterns of losses.
//!
//! Making a table takes as long as decoding some kilobytes, and losses come in runs: a dead OST
//! gives the same few patterns for each row of each file.

use alloc::sync::Arc;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

use super::matrix::Pattern;
use crate::gf::Coef;

/// Tables remembered. A table has at most 15 · 241 coefficients (145 KB); one of 8+2 has 640 bytes.
#[cfg(feature = "std")]
const PATTERNS: usize = 64;

/// Tables by pattern, the latest used first. Without `std` there is no lock to be had, and nothing
/// is remembered.
#[derive(Debug)]
pub(super) struct Cache {
    #[cfg(feature = "std")]
    tables: Mutex<alloc::vec::Vec<(Pattern, Arc<[Coef]>)>>,
}

impl Cache {
    pub(super) fn new() -> Cache {
        Cache {
            #[cfg(feature = "std")]
            tables: Mutex::default(),
        }
    }

    /// The table of `pattern`, made with `make` if it is not known.
    ///
    /// The lock is held to search or insert, not to make: two threads may make the same table.
    #[cfg(feature = "std")]
    pub(super) fn get(&self, pattern: Pattern, make: impl FnOnce() -> Arc<[Coef]>) -> Arc<[Coef]> {
        // The list is whole between any two statements, so a poisoned lock does no harm.
        let lock = || self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut tables = lock();
            if let Some(at) = tables.iter().position(|(known, _)| *known == pattern) {
                if at > 0 {
                    tables[..=at].rotate_right(1);
                }
                return Arc::clone(&tables[0].1);
            }
        }
        let table = make();
        let mut tables = lock();
        if !tables.iter().any(|(known, _)| *known == pattern) {
            tables.truncate(PATTERNS - 1);
            tables.insert(0, (pattern, Arc::clone(&table)));
        }
        table
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn get(&self, _: Pattern, make: impl FnOnce() -> Arc<[Coef]>) -> Arc<[Coef]> {
        make()
    }
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::geometry::Geometry;
    use super::super::set::ShardSet;
    use super::*;

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
        let table = |n: usize| Arc::from(vec![Coef::new(n as u8); 1]);
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
        assert_eq!(cache.tables.lock().unwrap().len(), PATTERNS);
        // Of 80 patterns the second is long forgotten.
        assert_eq!(value(cache.get(pattern(0, 1), || table(99))), 99);
    }
}
