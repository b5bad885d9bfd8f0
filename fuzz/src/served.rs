//! Targets for what strangers send to the server (`touchplate_server::outside` says what must hold of each).

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use touchplate_index::spool::SpoolRoom;
use touchplate_server::outside;

type Target = (&'static str, fn(&[u8]));

/// Every target here, as in `lib.rs`.
pub(crate) const TARGETS: &[Target] = &[
    ("form", form),
    ("accept", outside::accept),
    ("accept_encoding", outside::accept_encoding),
    ("credentials", outside::credentials),
    ("range", outside::range),
    ("conditions", outside::conditions),
    ("forwarded", outside::forwarded),
    ("provider", provider),
];

/// Runs the target with this name.
pub(crate) fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, run) = target.expect("the fuzzer and the tests name targets of the table");
    run(bytes);
}

fn form(bytes: &[u8]) {
    static ROOM: OnceLock<(Runtime, tempfile::TempDir, SpoolRoom)> = OnceLock::new();
    let (runtime, _, room) = ROOM.get_or_init(|| {
        let runtime = Builder::new_current_thread().build();
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let room = SpoolRoom::open(folder.path()).expect("the spool is a new folder");
        (runtime.expect("a runtime needs nothing"), folder, room)
    });
    runtime.block_on(outside::form(bytes, room));
}

fn provider(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(read) = text.parse::<touchplate_server::config::Provider>() {
        assert_eq!(read.to_string().parse(), Ok(read));
    }
    if let Ok(read) = text.parse::<touchplate_server::config::PublicUrl>() {
        assert_eq!(read.as_str().parse(), Ok(read));
    }
}
