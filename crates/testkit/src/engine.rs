//! Engines that tests start: real servers, which run as long as the test program.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Below those that the kernel gives to whoever connects somewhere: a busy machine would have taken one before its server listens.
const PORTS: std::ops::Range<u64> = 15_000..32_000;

/// An engine whose port somebody took after all gets others.
const TRIES: usize = 3;

/// Ports that nobody listens on now.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    // All are taken before one is given up, so that no two are the same.
    let taken: [TcpListener; COUNT] = std::array::from_fn(|_| {
        loop {
            // The standard library's only randomness.
            let drawn = RandomState::new().build_hasher().finish();
            let port = PORTS.start + drawn % (PORTS.end - PORTS.start);
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())) {
                return listener;
            }
        }
    });
    taken.map(|port| port.local_addr().unwrap().port())
}

/// Runs what says `ready` once it answers, and ends when its standard input does; and its ports.
///
/// # Panics
/// When it says something else, each time.
pub(crate) fn started<const COUNT: usize>(
    command: impl Fn([u16; COUNT]) -> Command,
    name: &str,
) -> (Child, [u16; COUNT]) {
    for _ in 0..TRIES {
        let ports = free_ports();
        let mut running = command(ports)
            .current_dir("/tmp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(running.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        if said == "ready\n" {
            return (running, ports);
        }
        drop(running.stdin.take());
        running.wait().unwrap();
    }
    panic!("{name} did not start");
}
