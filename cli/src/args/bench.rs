//! `lustrine bench`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Encode, verify and reconstruct with every backend of this machine
    Ec(BenchEc),
    /// Take checksums with every backend of this machine, as the kernel's test at boot does
    Checksum(BenchChecksum),
}

#[derive(Debug, Args)]
pub struct BenchChecksum {
    /// Which, see `lustrine checksum --type`
    #[arg(long = "type", value_name = "LIST", value_delimiter = ',', default_value = "all")]
    pub types: Vec<String>,
    /// Seconds for each figure; the kernel takes 0.25
    #[arg(long, value_name = "S", default_value_t = 0.25)]
    pub seconds: f64,
    /// Only this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Say which checksum to enable for a client and a server with these rates
    #[arg(long, requires_all = ["client", "server"], conflicts_with_all = ["types", "backend"])]
    pub advise: bool,
    /// GB/s that a client has to sum, and its cores, as 12.5 or 12.5/16
    #[arg(long, value_name = "RATE[/CORES]", requires = "advise")]
    pub client: Option<String>,
    /// The same of a server
    #[arg(long, value_name = "RATE[/CORES]", requires = "advise")]
    pub server: Option<String>,
}

#[derive(Debug, Args)]
pub struct BenchEc {
    /// Codes to measure [default: 4+2,8+2,10+4, and larger ones for advice]
    #[arg(long, value_name = "LIST")]
    pub geometry: Option<String>,
    /// Bytes of a shard, as 64K
    #[arg(long, value_name = "SIZE", default_value = "64K")]
    pub size: String,
    /// Seconds for each figure [default: 0.5, for advice 0.05, to explain 0.2]
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// Only this backend
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Say which code and which backend suit this machine; wide codes are not Lustre's
    #[arg(long, conflicts_with = "backend")]
    pub advise: bool,
    /// Show how the parity of these codes is computed (on the best backend or the one given), and
    /// measure whether another way is faster
    #[arg(long, value_name = "LIST", conflicts_with_all = ["advise", "geometry", "size"])]
    pub explain: Option<String>,
}
