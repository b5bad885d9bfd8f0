//! The command `keyring`, asked as uv and pip ask it: for the upload URL, then for the host.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::{Credential, CredentialsError};

/// For a person to unlock it; in a CI job nobody does.
const SECONDS: u64 = 60;

/// Between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// A username and a password.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// The program.
#[derive(Clone, Debug)]
pub struct Keyring {
    program: PathBuf,
}

impl Default for Keyring {
    /// The one that the path leads to.
    fn default() -> Self {
        Self {
            program: PathBuf::from("keyring"),
        }
    }
}

impl Keyring {
    /// This program in its place.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// What it keeps for an upload URL, or for its host. A machine that has no such program keeps nothing.
    pub(super) fn find(
        &self,
        url: &Url,
        username: Option<&str>,
    ) -> Result<Option<Credential>, CredentialsError> {
        let host = url.host_str().unwrap_or_default();
        let host = url
            .port()
            .map_or(host.to_owned(), |port| format!("{host}:{port}"));
        for service in [url.as_str(), &host] {
            let answer = match username {
                Some(username) => self.ask(&["get", service, username])?,
                None => self.ask(&["--mode", "creds", "get", service])?,
            };
            let Some(answer) = answer else {
                continue;
            };
            let mut lines = answer.lines();
            let name = username.or_else(|| lines.next());
            if let (Some(name), Some(password)) = (name, lines.next())
                && !password.is_empty()
            {
                return Ok(Some(Credential::new(name, password, "`keyring`")));
            }
        }
        Ok(None)
    }

    /// What it prints. Nothing printed with a status of 1 means that it has nothing, and so does an elder that does not know
    /// `--mode`.
    fn ask(&self, arguments: &[&str]) -> Result<Option<String>, CredentialsError> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CredentialsError::Keyring(error)),
        };
        let output = reader(child.stdout.take());
        let said = reader(child.stderr.take());
        let status = wait(&mut child)?;
        let output = output.join().unwrap_or_default();
        let said = said.join().unwrap_or_default();
        match status.code() {
            Some(0) => Ok(Some(output)),
            Some(1) if said.trim().is_empty() => Ok(None),
            Some(2) if said.contains("--mode") => Ok(None),
            _ => Err(CredentialsError::KeyringFailed {
                status,
                said: last_line(&said),
            }),
        }
    }
}

/// Reads to the end on a thread of its own, so that the program never waits for a reader.
fn reader(from: Option<impl io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What could be read counts; a broken pipe shows in the status.
            let _ = from.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> Result<std::process::ExitStatus, CredentialsError> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(CredentialsError::Keyring)? {
            return Ok(status);
        }
        if began.elapsed() > Duration::from_secs(SECONDS) {
            // It may have ended just now; then there is nothing to stop.
            let _ = child.kill();
            let _ = child.wait();
            return Err(CredentialsError::KeyringSilent { seconds: SECONDS });
        }
        thread::sleep(PAUSE);
    }
}

/// A Python program's last line says what happened; those before it say where.
fn last_line(said: &str) -> String {
    /// Enough for a sentence.
    const SHOWN: usize = 300;
    let line = said.lines().rfind(|line| !line.trim().is_empty());
    line.unwrap_or("it said nothing")
        .trim()
        .chars()
        .take(SHOWN)
        .collect()
}
