//! How large a core's own caches are: what decides when stores should go round them.
//!
//! `CPUID` tells, which any program may execute. Elsewhere, under Miri, and where the answer makes no
//! sense (as behind some hypervisors), a server's usual sizes are assumed.
#![allow(unsafe_code)]

use core::sync::atomic::{AtomicU32, Ordering};

/// The caches that a core has to itself, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// First level, data.
    pub l1d: usize,
    /// Second level.
    pub l2: usize,
}

/// What [`Caches::get`] found, in KiB: L1d in the lower half, L2 in the upper. 0 if it was not asked.
static FOUND: AtomicU32 = AtomicU32::new(0);

impl Caches {
    /// What is assumed where nothing can be asked.
    const USUAL: Caches = Caches { l1d: 48 << 10, l2: 2 << 20 };

    /// The caches of the core that asked first; cores of one machine are taken to be alike.
    ///
    /// The first call asks the CPU, which may take a hypervisor some microseconds; later ones load a
    /// number. Threads that are first together all ask, and get the same.
    pub fn get() -> Caches {
        let mut found = FOUND.load(Ordering::Relaxed);
        if found == 0 {
            let Caches { l1d, l2 } = Caches::plausible(ask(1), ask(2));
            // Both are at most what 16 bits count in KiB.
            found = (l1d >> 10) as u32 | ((l2 >> 10) as u32) << 16;
            FOUND.store(found, Ordering::Relaxed);
        }
        Caches { l1d: (found as usize & 0xffff) << 10, l2: (found as usize >> 16) << 10 }
    }

    fn plausible(l1d: Option<usize>, l2: Option<usize>) -> Caches {
        let l1d = l1d.filter(|bytes| (8 << 10..=1 << 20).contains(bytes));
        let l2 = l2.filter(|bytes| (128 << 10..=32 << 20).contains(bytes));
        Caches { l1d: l1d.unwrap_or(Self::USUAL.l1d), l2: l2.unwrap_or(Self::USUAL.l2) }
    }

    const fn stream_bytes(self) -> usize {
        const LEAST: usize = 2 << 20;
        let bytes = self.l2 + self.l2 / 2;
        if bytes > LEAST { bytes } else { LEAST }
    }
}

/// From this many bytes in one call on, stores go round the caches, if nobody says otherwise: one
/// and a half times the L2 of a core, and not less than 2 MiB.
///
/// Where sets of shards are used again and again, stores by way of the cache win up to the size of
/// L2, and ones that go round it from 1.2 times that on. But whoever reads the parity next wants it
/// in the cache, also in the shared one, hence the half more; and CPUs with an L2 of less than
/// 1.3 MiB have an L3 of which each core's share makes up for it. `benches/record` has the figures.
pub fn stream_bytes() -> usize {
    Caches::get().stream_bytes()
}

/// Bytes of the data cache of this level, if the CPU says so.
#[cfg(all(target_arch = "x86_64", not(miri), not(target_env = "sgx")))]
fn ask(level: u32) -> Option<usize> {
    use core::arch::x86_64::{__cpuid, __cpuid_count, CpuidResult};

    // Newer compilers take these for safe functions.
    #[allow(unused_unsafe)]
    // SAFETY: every CPU of this architecture has the instruction, and outside of an SGX enclave it
    // may be executed.
    let highest = |leaf| unsafe { __cpuid(leaf & 0x8000_0000) }.eax;
    #[allow(unused_unsafe)]
    // SAFETY: as above.
    let cpuid = |leaf, part| unsafe { __cpuid_count(leaf, part) };
    // The same table: Intel's, and AMD's.
    [4, 0x8000_001d].into_iter().find_map(|leaf| {
        // One cache each, until the type 0; there are four or five.
        let parts = (0..if leaf <= highest(leaf) { 16 } else { 0 }).map(|part| cpuid(leaf, part));
        let caches = parts.take_while(|CpuidResult { eax, .. }| eax & 0x1f != 0);
        caches.filter_map(|c| data_cache(level, c.eax, c.ebx, c.ecx)).next()
    })
}

#[cfg(not(all(target_arch = "x86_64", not(miri), not(target_env = "sgx"))))]
fn ask(_: u32) -> Option<usize> {
    None
}

/// The size of the cache that `CPUID` describes in these registers, if it is of this level and holds
/// data.
#[cfg(any(test, all(target_arch = "x86_64", not(miri), not(target_env = "sgx"))))]
fn data_cache(level: u32, eax: u32, ebx: u32, ecx: u32) -> Option<usize> {
    const DATA: u32 = 1;
    const UNIFIED: u32 = 3;
    if eax >> 5 & 7 != level || ![DATA, UNIFIED].contains(&(eax & 0x1f)) {
        return None;
    }
    let line = (ebx & 0xfff) as usize + 1;
    let partitions = (ebx >> 12 & 0x3ff) as usize + 1;
    let ways = (ebx >> 22) as usize + 1;
    (ecx as usize).checked_add(1)?.checked_mul(line * partitions * ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_plausible_and_do_not_change() {
        let Caches { l1d, l2 } = Caches::get();
        assert!((8 << 10..=1 << 20).contains(&l1d), "L1d of {l1d} bytes");
        assert!((128 << 10..=32 << 20).contains(&l2), "L2 of {l2} bytes");
        assert!(l1d < l2);
        assert!((2 << 20..=48 << 20).contains(&stream_bytes()));
        assert_ne!(FOUND.load(Ordering::Relaxed), 0);
        assert_eq!(Caches::get(), Caches { l1d, l2 });
    }

    #[test]
    fn nonsense_is_not_believed() {
        assert_eq!(Caches::plausible(None, None), Caches::USUAL);
        assert_eq!(Caches::plausible(Some(0), Some(usize::MAX)), Caches::USUAL);
        assert_eq!(Caches::plausible(Some(32 << 20), Some(4096)), Caches::USUAL);
        let small = Caches { l1d: 32 << 10, l2: 256 << 10 };
        assert_eq!(Caches::plausible(Some(small.l1d), Some(small.l2)), small);
        assert_eq!(small.stream_bytes(), 2 << 20);
        assert_eq!(Caches::USUAL.stream_bytes(), 3 << 20);
        let most = Caches::plausible(Some(1 << 20), Some(32 << 20));
        assert_eq!((most.l1d, most.stream_bytes()), (1 << 20, 48 << 20));
    }

    #[test]
    fn registers_are_read_right() {
        // Emerald Rapids: L1d of 12 ways, L1i, L2 of 16 ways; Zen 4: L2 of 8 ways.
        assert_eq!(data_cache(1, 0x0400_4121, 0x02c0_003f, 63), Some(48 << 10));
        assert_eq!(data_cache(1, 0x0400_4122, 0x01c0_003f, 63), None);
        assert_eq!(data_cache(2, 0x0400_4143, 0x03c0_003f, 2047), Some(2 << 20));
        assert_eq!(data_cache(1, 0x0400_4143, 0x03c0_003f, 2047), None);
        assert_eq!(data_cache(2, 0x0000_4143, 0x01c0_003f, 2047), Some(1 << 20));
    }
}
