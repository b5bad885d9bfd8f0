//! Engines that tests start: real servers, which run as long as the test program.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Ports that nobody listens on now.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    // All are taken before one is given up, so that no two are the same.
    let taken: [TcpListener; COUNT] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    taken.map(|port| port.local_addr().unwrap().port())
}

/// Runs what says `ready` once it answers, and ends when its standard input does.
///
/// # Panics
/// When it says something else.
pub(crate) fn started(command: &mut Command, name: &str) -> Child {
    let mut running = command
        .current_dir("/tmp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(running.stdout.take().unwrap());
    output.read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "{name} did not start");
    running
}
