//! The process itself, as far as Linux tells.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Its figures; those that cannot be read stay at zero.
#[derive(Default)]
pub(super) struct Process {
    started: Gauge<f64, AtomicU64>,
    resident: Gauge,
    open_files: Gauge,
}

impl Process {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "process_start_timestamp",
            "When the server started, in Unix time",
            Unit::Seconds,
            self.started.clone(),
        );
        registry.register_with_unit(
            "process_resident",
            "Memory of the process that is not swapped out",
            Unit::Bytes,
            self.resident.clone(),
        );
        registry.register(
            "process_open_files",
            "Open file descriptors, connections among them",
            self.open_files.clone(),
        );
    }

    pub(super) fn started(&self, at: Timestamp) {
        self.started.set(at.as_duration().as_secs_f64());
    }

    pub(super) fn look(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| {
            let size = line.strip_prefix("VmRSS:")?.trim();
            size.strip_suffix("kB")?.trim().parse::<i64>().ok()
        });
        self.resident
            .set(kilobytes.unwrap_or_default().saturating_mul(1024));
        let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.open_files.set(i64::try_from(open).unwrap_or(i64::MAX));
    }
}
