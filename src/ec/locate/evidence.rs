//! How much a shard's votes prove, in bits.
//!
//! Damage of at most half as many shards as are surplus is always told right: no innocent shard is
//! accused in such a column. So an innocent shard's accusers are columns that have more damage than
//! that. Of these, a set of t shards is blamed with probability 255^(t - q), q being the surplus:
//! each set of t shards has 255^t kinds of damage, which are as many of the 255^q (nearly 256^q)
//! values that the sums can have. Some set of at most t shards that contains one given shard is
//! blamed with probability r(t), the sum of C(m - 1, u - 1) 255^(u - q) over u <= t, for m shards
//! that are there.
//!
//! If all of D columns had too much damage, then n of them would accuse the given shard, by sets of
//! at most t, with probability at most C(D, n) r(t)^n. Times the number of shards that this could
//! happen to, and of the values of t that it is tried with: that is the probability of which the
//! evidence is the logarithm. It is an upper bound, because no column is taken for one that is told
//! right.
//!
//! The columns that count, for n and for D, are those that are neither the same as an earlier one
//! nor follow from earlier ones; what that means is said at [`Suspect`](super::Suspect) and decided
//! in `vote`. Unexplained columns count unless they are the same.

use super::column::MAX_WRONG;

/// Columns that accuse one shard, by the size of the set that they blame.
pub(super) type Sizes = [u64; MAX_WRONG];

/// Logarithms are multiples of `2^-FRACTION`.
const FRACTION: u32 = 24;

/// What votes are weighed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Surplus shards, at least 2.
    pub(super) surplus: usize,
    /// Shards that are there.
    pub(super) shards: usize,
    /// Columns that count.
    pub(super) columns: u64,
}

impl Scale {
    /// Bits of evidence against a shard.
    pub(super) fn weigh(&self, accusers: &Sizes) -> u32 {
        let limit = (self.surplus / 2).min(MAX_WRONG);
        let tried = log2((self.shards * limit.max(1)) as u128) + 1;
        let (mut best, mut agree) = (0, 0);
        // The values of the sums that accuse the shard, and C(m - 1, u - 1) 255^u for the next u.
        let (mut accusing, mut next) = (0_u128, 255_u128);
        for (size, accusers) in (1..=limit).zip(accusers) {
            accusing += next;
            next = next * (self.shards - size) as u128 / size as u128 * 255;
            agree += accusers;
            let each = self.surplus as i64 * log2(255) - log2(accusing) - 1;
            let bits = agree as i64 * each - log2_choose(self.columns, agree) - tried;
            best = best.max(bits);
        }
        u32::try_from(best >> FRACTION).unwrap_or(u32::MAX)
    }
}

/// At least the logarithm of the number of ways to take `n` of `all`, which is at most
/// all^all / (n^n (all - n)^(all - n)).
fn log2_choose(all: u64, n: u64) -> i64 {
    let power = |x: u64, error: i64| x as i64 * (log2(u128::from(x)) + error);
    let rest = all.saturating_sub(n);
    if n == 0 || rest == 0 { 0 } else { power(all, 1) - power(n, 0) - power(rest, 0) }
}

/// The logarithm, rounded down; of 0 it is 0. There are no floats in `core` to ask.
fn log2(x: u128) -> i64 {
    let Some(whole) = x.checked_ilog2() else { return 0 };
    // 1 <= x < 2 with 63 binary places. Squaring doubles the logarithm, whose next bit is then
    // whether the square is above 2.
    let mut x = if whole > 63 { x >> (whole - 63) } else { x << (63 - whole) };
    let mut log = i64::from(whole);
    for _ in 0..FRACTION {
        x = (x * x) >> 63;
        log *= 2;
        if x >> 64 != 0 {
            x >>= 1;
            log += 1;
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(surplus: usize, shards: usize, columns: u64, accusers: &[u64]) -> u32 {
        let mut sizes = [0; MAX_WRONG];
        sizes[..accusers.len()].copy_from_slice(accusers);
        Scale { surplus, shards, columns }.weigh(&sizes)
    }

    #[test]
    fn logarithms() {
        let bit = 1_i64 << FRACTION;
        for n in 0..128 {
            assert_eq!(log2(1 << n), i64::from(n) * bit);
        }
        // 1.584962500721156 and 7.994353436858858.
        assert_eq!(log2(3), (1.584_962_500_721_156 * bit as f64) as i64);
        assert_eq!(log2(255), (7.994_353_436_858_858 * bit as f64) as i64);
        assert_eq!(log2(3 << 100), log2(3) + 100 * bit);
        assert_eq!(log2(0), 0);
        // 10 of 20 are 184756, 17.5 bits; the bound is 20.
        let got = log2_choose(20, 10);
        assert!((20 * bit..21 * bit).contains(&got), "{got}");
        assert_eq!((log2_choose(7, 0), log2_choose(7, 7)), (0, 0));
        assert!(log2_choose(7, 1) >= log2(7));
    }

    #[test]
    fn figures_by_hand() {
        // 4+2, one column: 1/255, six shards to accuse: 7.99 - 2.58.
        assert_eq!(bits(2, 6, 1, &[1]), 5);
        assert_eq!(bits(2, 6, 3, &[3]), 21);
        // 8+3: 15.99 - 3.46.
        assert_eq!(bits(3, 11, 1, &[1]), 12);
        // 10+4, one shard: 23.98 - 3.81 - 1; two: (1 + 13 * 255) / 255^3 makes 12.28 - 4.81.
        assert_eq!(bits(4, 14, 1, &[1]), 19);
        assert_eq!(bits(4, 14, 1, &[0, 1]), 7);
        assert_eq!(bits(4, 14, 2, &[0, 2]), 19);
        // Two columns that accuse different shards: each may have been the one by chance.
        assert!(bits(4, 14, 2, &[1]) < bits(4, 14, 1, &[1]));
        // As many as chance would have it.
        assert_eq!(bits(2, 10, 255 * 100, &[100]), 0);
        assert_eq!(bits(2, 10, 1000, &[10]), 0);
        assert!(bits(2, 10, 1000, &[250]) > 900);
        assert_eq!(bits(2, 10, 0, &[0]), 0);
    }

    #[test]
    fn nothing_overflows() {
        assert!(bits(15, 256, 65536, &[0, 0, 0, 0, 0, 0, 65536]) > 1_000_000);
        for surplus in 2..=15 {
            let one = bits(surplus, 256, 1, &[1]);
            assert!(one <= 8 * surplus as u32, "{one}");
            assert!(bits(surplus, 256, 65536, &[65536]) > 100_000);
        }
    }
}
