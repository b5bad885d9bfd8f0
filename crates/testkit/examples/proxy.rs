//! A proxy that holds each byte back: what an engine in another data centre costs.
//!
//! `cargo run -p touchplate-testkit --example proxy -- 127.0.0.1:15432 127.0.0.1:5432 5`: what is sent to 15432 reaches 5432 five
//! milliseconds later; answers come back at once, or with one more number so many milliseconds later. It says `ready`, and ends
//! with its standard input.
// A tool for benches: it speaks to whoever started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use touchplate_testkit::Proxy;

struct Wanted {
    listen: SocketAddr,
    engine: SocketAddr,
    delay: Duration,
    back: Duration,
}

fn wanted() -> Option<Wanted> {
    let mut given = std::env::args().skip(1);
    let (listen, engine) = (given.next()?, given.next()?);
    let (delay, back) = (given.next()?, given.next());
    let millis = |text: &str| text.parse().ok().map(Duration::from_millis);
    let wanted = Wanted {
        listen: listen.parse().ok()?,
        engine: engine.parse().ok()?,
        delay: millis(&delay)?,
        back: millis(back.as_deref().unwrap_or("0"))?,
    };
    given.next().is_none().then_some(wanted)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(wanted) = wanted() else {
        eprintln!(
            "usage: proxy LISTEN ENGINE DELAY_MS [DELAY_MS of answers]; both addresses as 127.0.0.1:5432"
        );
        return ExitCode::from(2);
    };
    let proxy = match Proxy::listening(wanted.listen, wanted.engine).await {
        Ok(proxy) => proxy,
        Err(error) => {
            eprintln!("cannot listen on {}: {error}", wanted.listen);
            return ExitCode::FAILURE;
        }
    };
    proxy.delay(wanted.delay, wanted.back);
    println!("ready");
    let ended =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    drop(ended.await);
    ExitCode::SUCCESS
}
