//! The machine that the figures are of, and what was built for it.

use std::fs;

use serde_json::{Value, json};

/// Extensions that decide what hashing and curve arithmetic cost.
const EXTENSIONS: [&str; 7] = ["sha_ni", "avx2", "avx512f", "avx512ifma", "bmi2", "adx", "vaes"];

pub(super) fn describe() -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let flags = field("flags").or_else(|| field("Features")).unwrap_or_default();
    let flags: Vec<&str> = flags.split(' ').filter(|flag| EXTENSIONS.contains(flag)).collect();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "cpu": field("model name").unwrap_or_else(|| "unknown".to_owned()),
        "family_model": field("cpu family").zip(field("model\t")).map(|(family, model)| format!("{family}/{model}")),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "extensions": flags,
        "kernel": kernel.trim(),
        "architecture": std::env::consts::ARCH,
        "virtual": cpuinfo.contains("hypervisor"),
        "memory_mb": memory_mb(),
        "service": env!("CARGO_PKG_VERSION"),
        "build": if cfg!(debug_assertions) { "debug" } else { "release" },
    })
}

fn memory_mb() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find(|line| line.starts_with("MemTotal:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024 / 1_000_000)
}
