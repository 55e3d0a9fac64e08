//! Sectors and their guards, many at a time.

use crate::Error;

/// The smallest sector that is taken: a cache line.
const LEAST: usize = 64;

/// Checks that `bytes` bytes are as many whole sectors as there are `guards`.
pub(super) fn check(sector: usize, bytes: usize, guards: usize) -> Result<(), Error> {
    if !sector.is_power_of_two() || sector < LEAST {
        return Err(Error::SectorSize { got: sector });
    }
    if guards.checked_mul(sector) != Some(bytes) {
        return Err(Error::GuardCount { sector, bytes, got: guards });
    }
    Ok(())
}
