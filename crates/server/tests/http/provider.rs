//! An identity provider on the loopback, which answers what a test says.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// Where it describes itself.
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where its keys are.
pub(crate) const KEYS: &str = "/keys";

/// Answers each path with what the test says at that time, and counts.
pub(crate) struct Provider {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) discovery: Vec<u8>,
    pub(crate) keys: Vec<u8>,
    asked: Vec<String>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let mut state = shared.lock().unwrap();
                let answer = match path.as_str() {
                    DISCOVERY => state.discovery.clone(),
                    KEYS => state.keys.clone(),
                    _ => answer("404 Not Found", "", b""),
                };
                state.asked.push(path);
                drop(state);
                let _ = stream.write_all(&answer);
            }
        });
        let provider = Self { url, state };
        let own = provider.url.clone();
        provider.describes(&json!({"issuer": own, "jwks_uri": format!("{own}{KEYS}")}));
        provider
    }

    pub(crate) fn describes(&self, document: &Value) {
        self.set(|state| state.discovery = answer("200 OK", "", document.to_string().as_bytes()));
    }

    pub(crate) fn publishes(&self, keys: &[u8]) {
        self.set(|state| state.keys = answer("200 OK", "", keys));
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked.len()
    }
}

/// A whole answer that ends the connection.
pub(crate) fn answer(status: &str, header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{header}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Makes a provider answer what it may not.
pub(crate) type Change = Box<dyn Fn(&Provider)>;

/// What a provider may not answer, and why there are no keys then. Some of it leads to `elsewhere`.
pub(crate) fn bad_answers(elsewhere: &Provider) -> Vec<(Change, &'static str)> {
    let away = format!("location: {}{KEYS}\r\n", elsewhere.url);
    let other_away = away.clone();
    let large = || vec![b' '; 300_000];
    let own = |provider: &Provider, jwks: &str| json!({"issuer": provider.url, "jwks_uri": jwks});
    vec![
        (
            Box::new(|it| it.set(|state| state.discovery = answer("404 No", "", b""))),
            "the discovery document could not be fetched",
        ),
        (
            Box::new(move |it| it.set(|state| state.discovery = answer("302 Found", &away, b""))),
            "the discovery document could not be fetched",
        ),
        (
            Box::new(move |it| it.set(|state| state.discovery = answer("200 OK", "", &large()))),
            "the discovery document could not be fetched",
        ),
        (
            Box::new(|it| it.set(|state| state.discovery = answer("200 OK", "", b"<html>"))),
            "the discovery document is not readable",
        ),
        (
            Box::new(|it| it.describes(&json!({"issuer": "https://accounts.google.com"}))),
            "the discovery document names another issuer: \"https://accounts.google.com\"",
        ),
        (
            Box::new(|it| it.describes(&json!({"jwks_uri": "https://x.example/"}))),
            "the discovery document names another issuer: \"\"",
        ),
        (
            Box::new(|it| it.describes(&json!({"issuer": it.url}))),
            "the discovery document does not say where the key set is (jwks_uri)",
        ),
        (
            Box::new(move |it| it.describes(&own(it, "http://issuer.example/keys"))),
            "the key set could not be fetched",
        ),
        (
            Box::new(move |it| it.describes(&own(it, "file:///etc/passwd"))),
            "the key set could not be fetched",
        ),
        (
            Box::new(move |it| it.describes(&own(it, "http://127.0.0.1:1/keys"))),
            "the key set could not be fetched",
        ),
        (
            Box::new(move |it| it.set(|state| state.keys = answer("302 Found", &other_away, b""))),
            "the key set could not be fetched",
        ),
        (
            Box::new(move |it| it.publishes(&large())),
            "the key set could not be fetched",
        ),
        (
            Box::new(|it| it.publishes(b"{\"keys\": []}")),
            "the key set is not usable",
        ),
        (
            Box::new(|it| {
                it.publishes(
                    b"{\"keys\": [{\"kty\": \"oct\", \"kid\": \"key-1\", \"k\": \"eA\"}]}",
                );
            }),
            "the key set is not usable",
        ),
        (
            Box::new(|it| {
                // Announced, and never sent in full.
                it.set(|state| {
                    state.keys = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{".to_vec();
                });
            }),
            "the key set could not be fetched",
        ),
    ]
}
