//! The library where there is neither std nor an allocator. An `alloc` crate anywhere below would
//! make the link of this static library fail for want of an allocator; see `ci/core.sh`.
#![no_std]

use core::panic::PanicInfo;

use lustrine::Error;
use lustrine::checksum::Checksum;
use lustrine::ec::{Decoder, Digest, Encoder, Geometry};
use lustrine::gf::{Backend, Coef};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// The vector of Lustre's own kernel test, and three losses of it. 0, or an error's number, or the
/// number of the step that went wrong.
#[unsafe(no_mangle)]
pub extern "C" fn probe_codec() -> i32 {
    match codec() {
        Ok(step) => step,
        Err(error) => error.code(),
    }
}

fn codec() -> Result<i32, Error> {
    const LEN: usize = 100;
    let geometry = Geometry::new(5, 3)?;
    let mut table = [Coef::ZERO; 32];
    let encoder = Encoder::new(geometry, Backend::best(), &mut table)?;
    let data = [[0; LEN], [1; LEN], [2; LEN], [3; LEN], [4; LEN]];
    let mut parity = [[0; LEN]; 3];
    encoder.encode(&data, &mut parity)?;
    if parity != [[0xa4; LEN], [0xc2; LEN], [0x17; LEN]] {
        return Ok(1);
    }
    if !encoder.verify(&data, &parity)? {
        return Ok(2);
    }

    let mut survivors = [None; 8];
    for index in [0, 2, 4, 5, 7] {
        survivors[index] = data.iter().chain(&parity).nth(index);
    }
    let mut wanted = [(6, [0; LEN]), (1, [0; LEN]), (3, [0; LEN])];
    let mut table = [Coef::ZERO; 32];
    let decoder =
        Decoder::new(geometry, Backend::best(), &[0, 2, 4, 5, 7], &[1, 3, 6], &mut table)?;
    decoder.reconstruct(&survivors, &mut wanted)?;
    if wanted != [(6, parity[1]), (1, data[1]), (3, data[3])] {
        return Ok(3);
    }

    // Parity is as the digests of the data say.
    let digests = data.map(|shard| Digest::with_backend(Backend::best(), &shard));
    let mut predicted = [Digest::ZERO; 3];
    let mut table = [Coef::ZERO; 15];
    Encoder::new(geometry, Backend::best(), &mut table)?.predict(&digests, &mut predicted)?;
    if predicted != parity.map(|shard| Digest::of(&shard)) || predicted[0] == Digest::ZERO {
        return Ok(4);
    }

    // The published check value, in one piece and joined of two.
    let digits = [&b"123456789"[..], b"12345", b"6789"].map(|part| Checksum::Crc32c.digest(part));
    if digits[0] != 0xe306_9283 || Checksum::Crc32c.combine(digits[1], digits[2], 4) != digits[0] {
        return Ok(5);
    }
    Ok(0)
}
