//! Intel's ISA-L as the reference, if this machine has it: loaded when run, so that nothing needs
//! it to build.
//!
//! `LUSTRINE_REQUIRE=isal` makes its absence a failure; CI sets it. `LUSTRINE_ISAL=FILE` loads that
//! file instead of the system's library, since distributions lag behind the release to beat.
#![allow(dead_code, unsafe_code, unreachable_pub)]

use std::ffi::{OsString, c_int, c_uint, c_void};

use libloading::Library;

type GenCauchy = unsafe extern "C" fn(*mut u8, c_int, c_int);
type InitTables = unsafe extern "C" fn(c_int, c_int, *const u8, *mut u8);
type EncodeData =
    unsafe extern "C" fn(c_int, c_int, c_int, *const u8, *const *const u8, *const *mut u8);
type InvertMatrix = unsafe extern "C" fn(*mut u8, *mut u8, c_int) -> c_int;
type UpdateData =
    unsafe extern "C" fn(c_int, c_int, c_int, c_int, *const u8, *const u8, *const *mut u8);
type XorGen = unsafe extern "C" fn(c_int, c_int, *const *mut c_void) -> c_int;
type Crc = unsafe extern "C" fn(*const u8, c_int, c_uint) -> c_uint;
/// Of the other CRCs, all of which have the register first and the length as 64 bits.
type CrcOf<T> = unsafe extern "C" fn(T, *const u8, u64) -> T;
type Adler = unsafe extern "C" fn(u32, *const u8, u64) -> u32;

/// The four functions that Lustre uses, and what is only raced against.
#[derive(Clone, Copy)]
pub struct Isal {
    gen_cauchy: GenCauchy,
    init_tables: InitTables,
    encode_data: EncodeData,
    invert_matrix: InvertMatrix,
    /// What makes tables for AVX2 without GFNI, and what uses them.
    avx2: Option<(InitTables, EncodeData)>,
    /// What adds one source's products, and what makes the difference that it adds them of.
    update: Option<(UpdateData, XorGen)>,
    crc32c: Option<Crc>,
    crc32: Option<CrcOf<u32>>,
    crc64: Option<CrcOf<u64>>,
    t10crc: Option<CrcOf<u16>>,
    adler32: Option<Adler>,
}

/// The library, or a loud `None`.
pub fn load() -> Option<Isal> {
    let chosen = std::env::var_os("LUSTRINE_ISAL");
    let asked = chosen.is_some();
    let file = chosen.unwrap_or_else(|| "libisal.so.2".into());
    let found = if cfg!(miri) { Err("Miri cannot load it".into()) } else { open(file) };
    match found {
        Ok(isal) => Some(isal),
        Err(why) => {
            // Another library than the one asked for would be measured in its name.
            assert!(!asked, "LUSTRINE_ISAL cannot be loaded: {why}");
            let required = std::env::var("LUSTRINE_REQUIRE").unwrap_or_default();
            let required = required.split(',').any(|what| what == "isal");
            assert!(!required, "LUSTRINE_REQUIRE=isal, but libisal.so.2 is missing: {why}");
            eprintln!("SKIPPED: nothing is compared with ISA-L, libisal.so.2 is missing: {why}");
            None
        }
    }
}

fn open(file: OsString) -> Result<Isal, Box<dyn std::error::Error>> {
    // SAFETY: ISA-L's initialisers only read CPUID. The types are those of its erasure_code.h, and
    // the library is never unloaded, so the function pointers stay good.
    unsafe {
        let library: &'static Library = Box::leak(Box::new(Library::new(file)?));
        let init_tables: InitTables = *library.get(b"ec_init_tables\0")?;
        // Tables depend on the CPU since 2.31, which then also exports the maker of the plain ones.
        let plain = library.get(b"ec_init_tables_base\0").map_or(init_tables, |symbol| *symbol);
        let avx2 = library.get(b"ec_encode_data_avx2\0").ok();
        let update = library.get(b"ec_encode_data_update\0").ok();
        let xor_gen = library.get(b"xor_gen\0").ok();
        Ok(Isal {
            gen_cauchy: *library.get(b"gf_gen_cauchy1_matrix\0")?,
            init_tables,
            encode_data: *library.get(b"ec_encode_data\0")?,
            invert_matrix: *library.get(b"gf_invert_matrix\0")?,
            avx2: avx2.map(|encode| (plain, *encode)),
            update: update.zip(xor_gen).map(|(update, xor_gen)| (*update, *xor_gen)),
            crc32c: library.get(b"crc32_iscsi\0").ok().map(|crc| *crc),
            crc32: library.get(b"crc32_gzip_refl\0").ok().map(|crc| *crc),
            // Since 2.31.
            crc64: library.get(b"crc64_rocksoft_refl\0").ok().map(|crc| *crc),
            t10crc: library.get(b"crc16_t10dif\0").ok().map(|crc| *crc),
            adler32: library.get(b"isal_adler32\0").ok().map(|adler| *adler),
        })
    }
}

/// A matrix expanded for `ec_encode_data`.
pub struct Tables {
    k: usize,
    rows: usize,
    bytes: Vec<u8>,
}

impl Isal {
    /// The library that answers, as "ISA-L 2.32 (libisal.so.2.0.32), GFNI": the file that the
    /// kernel says is mapped where its code is (no symbol tells the version), and what it chose.
    pub fn name(&self) -> String {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let here = self.encode_data as usize;
        let line = maps.lines().find(|line| {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let ends = range.map(|(a, b)| [a, b].map(|end| usize::from_str_radix(end, 16)));
            matches!(ends, Some([Ok(start), Ok(end)]) if (start..end).contains(&here))
        });
        let file = line.and_then(|line| line.rsplit('/').next()).unwrap_or("unknown file");
        let release = file.split_once(".so.").map_or("", |(_, so)| so);
        let release =
            release.strip_prefix("2.0.").map_or(String::new(), |minor| format!("2.{minor} "));
        // A bit matrix repeats itself; a table of products does not.
        let table = self.tables(1, &[2]).bytes;
        let kind = if table[..8] == table[8..16] { "GFNI" } else { "no GFNI" };
        format!("ISA-L {release}({file}), {kind}")
    }

    /// The same library held to its AVX2 code without GFNI. The CPU must have AVX2.
    pub fn avx2(&self) -> Option<Isal> {
        let (init_tables, encode_data) = self.avx2?;
        Some(Isal { init_tables, encode_data, ..*self })
    }

    /// The whole Cauchy matrix: k rows of identity, then p rows; k columns.
    pub fn matrix(&self, k: usize, p: usize) -> Vec<u8> {
        let mut matrix = vec![0; (k + p) * k];
        // SAFETY: it writes m * k bytes, m being k + p.
        unsafe { (self.gen_cauchy)(matrix.as_mut_ptr(), (k + p) as c_int, k as c_int) };
        matrix
    }

    /// Expands rows of k coefficients.
    pub fn tables(&self, k: usize, coefs: &[u8]) -> Tables {
        let rows = coefs.len() / k;
        assert_eq!(coefs.len(), rows * k);
        let mut bytes = vec![0; 32 * k * rows];
        // SAFETY: it reads k * rows bytes and writes 32 * k * rows.
        unsafe {
            (self.init_tables)(k as c_int, rows as c_int, coefs.as_ptr(), bytes.as_mut_ptr())
        };
        Tables { k, rows, bytes }
    }

    /// The rows that give `lost` back from `used`, k shards each, by ISA-L's own recipe.
    pub fn decode_rows(&self, k: usize, p: usize, used: &[usize], lost: &[usize]) -> Vec<u8> {
        let matrix = self.matrix(k, p);
        assert_eq!(used.len(), k);
        let mut square: Vec<u8> =
            used.iter().flat_map(|row| matrix[row * k..][..k].to_vec()).collect();
        let mut inverse = vec![0; k * k];
        // SAFETY: both are k by k.
        let singular =
            unsafe { (self.invert_matrix)(square.as_mut_ptr(), inverse.as_mut_ptr(), k as c_int) };
        assert_eq!(singular, 0);
        let mut rows = Vec::new();
        for shard in lost {
            for j in 0..k {
                let term = |i: usize| (matrix[shard * k + i], inverse[i * k + j]);
                rows.push((0..k).map(term).fold(0, |sum, (a, b)| sum ^ super::oracle::mul(a, b)));
            }
        }
        rows
    }

    /// `outputs = tables * sources`.
    pub fn encode<D: AsRef<[u8]>>(&self, tables: &Tables, sources: &[D], outputs: &mut [Vec<u8>]) {
        let len = sources[0].as_ref().len();
        assert!(sources.iter().all(|source| source.as_ref().len() == len));
        assert!(outputs.iter().all(|output| output.len() == len));
        let sources: Vec<_> = sources.iter().map(|source| source.as_ref().as_ptr()).collect();
        let outputs: Vec<_> = outputs.iter_mut().map(|output| output.as_mut_ptr()).collect();
        // SAFETY: the lengths were checked just now.
        unsafe { self.encode_raw(tables, &sources, &outputs, len) };
    }

    /// # Safety
    /// Each source is readable and each output writable for `len` bytes, and no output overlaps
    /// anything else.
    pub unsafe fn encode_raw(
        &self,
        tables: &Tables,
        sources: &[*const u8],
        outputs: &[*mut u8],
        len: usize,
    ) {
        assert!(sources.len() == tables.k && outputs.len() == tables.rows);
        let (k, rows) = (tables.k as c_int, tables.rows as c_int);
        let bytes = tables.bytes.as_ptr();
        // SAFETY: the tables are 32 * k * rows bytes; the caller vouches for the rest.
        unsafe {
            let (sources, outputs) = (sources.as_ptr(), outputs.as_ptr());
            (self.encode_data)(len as c_int, k, rows, bytes, sources, outputs)
        }
    }

    /// True if it can change parity as a source changes.
    pub fn updates(&self) -> bool {
        self.update.is_some()
    }

    /// Adds the products of source `index` to the outputs.
    ///
    /// # Safety
    /// The source is readable and each output writable for `len` bytes, and no output overlaps
    /// anything else.
    pub unsafe fn update_raw(
        &self,
        tables: &Tables,
        index: usize,
        source: *const u8,
        outputs: &[*mut u8],
        len: usize,
    ) {
        let Some((update, _)) = self.update else { panic!("no ec_encode_data_update") };
        assert!(index < tables.k && outputs.len() == tables.rows);
        let (k, rows, index) = (tables.k as c_int, tables.rows as c_int, index as c_int);
        let bytes = tables.bytes.as_ptr();
        // SAFETY: the tables are 32 * k * rows bytes; the caller vouches for the rest.
        unsafe { update(len as c_int, k, rows, index, bytes, source, outputs.as_ptr()) };
    }

    /// Writes the sum of two shards to the third.
    ///
    /// # Safety
    /// All are good for `len` bytes and aligned to 32, and the third overlaps nothing.
    pub unsafe fn sum_raw(&self, shards: [*mut u8; 3], len: usize) {
        let Some((_, xor_gen)) = self.update else { panic!("no xor_gen") };
        let shards = shards.map(<*mut u8>::cast::<c_void>);
        // SAFETY: by the contract.
        let failed = unsafe { xor_gen(3, len as c_int, shards.as_ptr()) };
        assert_eq!(failed, 0);
    }

    /// What makes CRC32C as iSCSI has it, if this library does.
    pub fn crc32c(&self) -> Option<impl Fn(&[u8]) -> u32 + use<>> {
        let crc = self.crc32c?;
        // SAFETY: it reads as many bytes as the slice has.
        Some(move |bytes: &[u8]| unsafe { !crc(bytes.as_ptr(), bytes.len() as c_int, !0) })
    }
    /// What makes zlib's CRC-32.
    pub fn crc32(&self) -> Option<impl Fn(&[u8]) -> u32 + use<>> {
        self.crc32.map(whole)
    }

    /// What makes CRC-64/NVME.
    pub fn crc64(&self) -> Option<impl Fn(&[u8]) -> u64 + use<>> {
        self.crc64.map(whole)
    }

    /// What makes T10's guard of a sector.
    pub fn t10crc(&self) -> Option<impl Fn(&[u8]) -> u16 + use<>> {
        self.t10crc.map(whole)
    }

    /// What makes Adler-32 from 1 on, if this library does.
    pub fn adler32(&self) -> Option<impl Fn(&[u8]) -> u32 + use<>> {
        let adler = self.adler32?;
        // SAFETY: it reads as many bytes as the slice has.
        Some(move |bytes: &[u8]| unsafe { adler(1, bytes.as_ptr(), bytes.len() as u64) })
    }
}

/// The CRC of all bytes at once: these functions invert by themselves, where that is the rule.
fn whole<T: Default>(crc: CrcOf<T>) -> impl Fn(&[u8]) -> T {
    // SAFETY: it reads as many bytes as the slice has.
    move |bytes| unsafe { crc(T::default(), bytes.as_ptr(), bytes.len() as u64) }
}
