//! Runs the binary, or leaves it serving.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn new(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Ended with this status.
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// Standard output has all of these texts.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        texts
            .iter()
            .for_each(|text| assert!(self.stdout.contains(text), "{text} is not in {self:#?}"));
        self
    }

    /// Standard error has all of these texts.
    #[track_caller]
    pub(crate) fn complains(self, texts: &[&str]) -> Self {
        texts
            .iter()
            .for_each(|text| assert!(self.stderr.contains(text), "{text} is not in {self:#?}"));
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The binary in an environment that says nothing.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchplate"));
    for (name, _) in std::env::vars() {
        if name.starts_with("TOUCHPLATE_") || name.ends_with("_proxy") || name.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    // Whoever runs the tests may have trust domains of their own.
    command.env("XDG_DATA_HOME", "/nonexistent");
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs it in `folder`.
pub(crate) fn touchplate_in(folder: &Path, arguments: &[&str]) -> Run {
    Run::new(
        command()
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap(),
    )
}

/// Runs it with `input` on standard input.
pub(crate) fn touchplate_given(input: &str, arguments: &[&str]) -> Run {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end without reading it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    Run::new(child.wait_with_output().unwrap())
}

/// Runs it in `folder`, with more in its environment.
pub(crate) fn touchplate_with(
    folder: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Run {
    Run::new(
        command()
            .current_dir(folder)
            .envs(variables.iter().copied())
            .args(arguments)
            .output()
            .unwrap(),
    )
}

/// Runs it.
pub(crate) fn touchplate(arguments: &[&str]) -> Run {
    Run::new(command().args(arguments).output().unwrap())
}

/// JSON with each value replaced by what kind it is: what a program that reads a report may rely on.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => items.first().map(shape).into_iter().collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect(),
    }
}

/// A server that goes with the test.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Serves `data` on a free port.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_at("127.0.0.1:0", data)
    }

    /// Serves `data` at this address.
    pub(crate) fn start_at(address: &str, data: &Path) -> Self {
        Self::start_with(address, data, &[])
    }

    /// Serves `data` at this address, with more in its environment.
    pub(crate) fn start_with(address: &str, data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = command()
            .envs(variables.iter().copied())
            .args(["serve", "--listen", address, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line:?}"))
            .trim()
            .to_owned();
        Self { child, url }
    }

    /// Asks it to stop, as a service manager does; returns its status and what it said on standard error.
    pub(crate) fn stop(mut self, signal: &str) -> (i32, String) {
        let told = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(told.success());
        let mut stderr = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (self.child.wait().unwrap().code().unwrap(), stderr)
    }

    /// Fetches a path.
    pub(crate) fn fetch(&self, path: &str, accept: &str) -> (u16, String) {
        self.fetch_with(path, &[("Accept", accept)])
    }

    /// Fetches a path with these headers.
    pub(crate) fn fetch_with(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let agent = ureq::Agent::from(config);
        let mut request = agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.call().unwrap();
        (
            response.status().as_u16(),
            response.body_mut().read_to_string().unwrap(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already where the test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
