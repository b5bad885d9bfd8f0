//! The port of this machine that a provider sends the browser back to (RFC 8252 §7.3).

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::error::LoginError;

/// What Sigstore's clients have, and so what providers have registered for them.
const PATH: &str = "/auth/callback";

/// Request line and headers of a browser, with all the cookies of `localhost`.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// For one request, which is on its way already.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two looks at the port.
const PAUSE: Duration = Duration::from_millis(50);

/// Of what a provider says.
const SHOWN: usize = 300;

/// An open port.
#[derive(Debug)]
pub(super) struct Callback {
    listener: TcpListener,
    port: u16,
}

/// What the browser brought.
pub(super) struct Answer {
    pub(super) code: String,
    pub(super) state: String,
}

impl Callback {
    pub(super) fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// By name, since Sigstore's providers have that registered.
    pub(super) fn url(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Waits for the browser. Other requests, such as for an icon, are answered and forgotten.
    pub(super) fn wait(&self, patience: Duration) -> Result<Answer, LoginError> {
        let began = Instant::now();
        while began.elapsed() < patience {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // A browser that opens a connection in advance and says nothing is no answer.
                    if let Ok(Some(answer)) = serve(stream) {
                        return answer;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LoginError::Port(error)),
            }
        }
        Err(LoginError::TooSlow {
            minutes: patience.as_secs() / 60,
        })
    }
}

/// Answers one request, and says what it brought if it is the one.
fn serve(mut stream: TcpStream) -> io::Result<Option<Result<Answer, LoginError>>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(REQUEST_TIMEOUT))?;
    stream.set_write_timeout(Some(REQUEST_TIMEOUT))?;
    let target = request_target(&mut stream)?;
    let answer = target.and_then(|target| answer(&target));
    let (status, text) = match &answer {
        Some(Ok(_)) => (
            "200 OK",
            "You are logged in. Close this page and go back to the terminal.",
        ),
        Some(Err(_)) => (
            "400 Bad Request",
            "The login was refused. The terminal says why.",
        ),
        None => ("404 Not Found", "There is nothing here."),
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // A browser that is gone has brought what it had to bring.
    let _ = stream.write_all(page.as_bytes());
    Ok(answer)
}

/// The target of a `GET`; none of anything else.
fn request_target(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        let count = stream.read(&mut part)?;
        if count == 0 || head.len() + count > MAX_HEAD_BYTES {
            return Ok(None);
        }
        head.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let target = words.next().filter(|method| *method == "GET");
    Ok(target.and_then(|_| words.next()).map(str::to_owned))
}

fn answer(target: &str) -> Option<Result<Answer, LoginError>> {
    let base: Url = "http://localhost/".parse().ok()?;
    let url = base.join(target).ok().filter(|url| url.path() == PATH)?;
    let value = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    if let Some(error) = value("error") {
        let said = value("error_description").unwrap_or(error);
        let said = said.chars().take(SHOWN).collect();
        return Some(Err(LoginError::Denied { said }));
    }
    let code = value("code").filter(|code| !code.is_empty())?;
    let state = value("state").unwrap_or_default();
    Some(Ok(Answer { code, state }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_brings_a_code_or_a_refusal_to_one_path() {
        let brought = |target: &str| answer(target).map(|it| it.map(|it| (it.code, it.state)));
        assert!(matches!(
            brought("/auth/callback?code=a%2Fb&state=s"),
            Some(Ok((code, state))) if code == "a/b" && state == "s"
        ));
        assert!(matches!(
            brought("/auth/callback?error=access_denied&error_description=no"),
            Some(Err(LoginError::Denied { said })) if said == "no"
        ));
        for other in [
            "/favicon.ico",
            "/auth/callback",
            "/auth/callback?code=",
            "//x/auth/callback2",
        ] {
            assert!(brought(other).is_none(), "{other}");
        }
    }
}
