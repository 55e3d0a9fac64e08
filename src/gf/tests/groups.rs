//! Groups of rows and the tee, on plans of real matrices.

use super::super::shape::Shape;
use super::super::{Groups, TEE_STEP, verb::Tee};
use super::*;
use crate::ec::{Codec, Geometry};

/// Every shape with and without a row beside it, and every kind of block, as the planner makes them
/// of real matrices: parity of the schoolbook, and one wrong bit in each row found.
pub(super) fn check<S: Simd>(simd: S) -> Result<(), String> {
    for (shape, codes) in [
        (Shape::Pair, [(9, 2), (8, 3), (5, 4)]),
        (Shape::Tri, [(11, 3), (7, 4), (6, 6)]),
        (Shape::Fft4, [(11, 4), (9, 5), (7, 8)]),
        (Shape::Fft8, [(15, 8), (17, 8), (14, 6)]),
    ] {
        for (k, p) in codes {
            let geometry = Geometry::new(k, p).map_err(|error| error.to_string())?;
            let codec = Codec::with_shapes(geometry, Backend::best(), &[shape]);
            let Some(groups) = codec.plan().groups(k, p) else {
                return Err(format!("{shape:?} does not serve {k}+{p}"));
            };
            for len in [255, 256, 300, 4096 + 77] {
                let fault = |what: &str| {
                    Err(format!("{}: {what}: {shape:?} of {k}+{p}, {len} bytes", S::NAME))
                };
                let data = oracle::noisy_shards(k, len, 3);
                let coefs: Vec<_> = (0..k)
                    .flat_map(|j| (0..p).map(move |i| Coef::new(oracle::coefficient(k, i, j))))
                    .collect();
                let sources: Vec<_> = data.iter().map(|shard| shard.as_ptr()).collect();
                let mut parity: Vec<_> =
                    (0..p).map(|r| Placed::new(&vec![0x5a; len], r * 5 + 1)).collect();
                let outputs: Vec<_> = parity.iter_mut().map(Placed::pointer).collect();
                let verb = Dot { outputs: outputs.as_ptr() };
                // SAFETY: as in `call`, for as many sources and outputs as the groups are for.
                unsafe { groups.call(simd, Job::new(verb, &coefs, &sources, p, len)) };
                let right = oracle::encode(&data, p);
                if !parity.iter().zip(&right).all(|(row, right)| row.shard() == right) {
                    return fault("groups give wrong bytes");
                }
                if !parity.iter().all(Placed::is_whole) {
                    return fault("groups write outside");
                }
                let stored: Vec<_> = outputs.iter().map(|output| output.cast_const()).collect();
                let verb = Verify { outputs: stored.as_ptr() };
                // SAFETY: likewise.
                let verify =
                    || unsafe { groups.call(simd, Job::new(verb, &coefs, &sources, p, len)) };
                if !verify() {
                    return fault("groups refuse right bytes");
                }
                check_tee(simd, Some(groups), &coefs, &data, &right)?;
                check_tee(simd, None, &coefs, &data, &right)?;
                for (row, output) in outputs.iter().enumerate() {
                    // SAFETY: inside the row, to which nothing else refers meanwhile.
                    let byte = unsafe { output.add((row * 97 + len / 2) % len) };
                    // SAFETY: likewise.
                    unsafe { *byte ^= 1 };
                    if verify() {
                        return fault("groups miss a wrong bit");
                    }
                    // SAFETY: likewise.
                    unsafe { *byte ^= 1 };
                }
                // Everything becomes zero, and so does its parity.
                let zeros = vec![0; len];
                let changes: Vec<_> =
                    sources.iter().flat_map(|old| [*old, zeros.as_ptr()]).collect();
                let verb = Update { outputs: outputs.as_ptr() };
                // SAFETY: likewise; of each source there are two pointers.
                unsafe { groups.call(simd, Job::new(verb, &coefs, &changes, p, len)) };
                if !parity.iter().all(|row| row.shard() == zeros && row.is_whole()) {
                    return fault("groups update wrongly");
                }
            }
        }
    }
    Ok(())
}

/// As much of a row as can be teed, in one piece: both copies, and nothing beside them.
fn check_tee<S: Simd>(
    simd: S,
    groups: Option<&Groups>,
    coefs: &[Coef],
    data: &[Vec<u8>],
    right: &[Vec<u8>],
) -> Result<(), String> {
    let len = right[0].len() / TEE_STEP * TEE_STEP;
    let sources: Vec<_> = data.iter().map(|shard| shard.as_ptr()).collect();
    let place = |at: usize| right.iter().map(|_| Placed::new(&vec![0x5a; len], at)).collect();
    let (mut cached, mut streamed): (Vec<_>, Vec<_>) = (place(5), place(0));
    let outputs: Vec<_> = cached.iter_mut().map(Placed::pointer).collect();
    let places: Vec<_> = streamed.iter_mut().map(Placed::pointer).collect();
    let verb = Tee { outputs: outputs.as_ptr(), streamed: places.as_ptr() };
    // SAFETY: as in `call`; `streamed` lies at boundaries of 64 bytes, and the fence is below.
    unsafe {
        let job = Job::new(verb, coefs, &sources, right.len(), len);
        Groups::call_teed(groups, simd, job);
    }
    simd.fence();
    for copy in [&cached, &streamed] {
        if !copy.iter().zip(right).all(|(row, right)| row.shard() == &right[..len]) {
            return Err(format!("{}: a tee gives wrong bytes: {len}", S::NAME));
        }
        if !copy.iter().all(Placed::is_whole) {
            return Err(format!("{}: a tee writes outside: {len}", S::NAME));
        }
    }
    Ok(())
}
