//! Debian's Chromium, driven by chromedriver over the WebDriver protocol: JSON over HTTP, of which a test needs six commands
//! (`docs/decisions/browser.md` says why no crate speaks it for us).

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One command: axe on a page with some hundred files, in a debug build's company, takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a browser may not do here: look after itself over the network, or draw each run another way.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    // Chromium's sandbox refuses to run as root, and containers' tests do; all that it visits is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--window-size=1280,900",
];

/// A browser with one tab; `quit` ends it.
pub(crate) struct Chromium {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Chromium {
    /// Starts a driver and, through it, a browser.
    pub(crate) async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium-driver)");
        let port = announced_port(&mut driver);
        let mut browser = Self {
            driver,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            session: String::new(),
        };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": ARGUMENTS },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": PATIENCE.as_millis() },
        } } });
        let session = browser.send("POST", "/session", &wanted).await;
        session["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.session);
        browser
    }

    /// Ends browser and driver.
    pub(crate) async fn quit(mut self) {
        let session = format!("/session/{}", self.session);
        self.send("DELETE", &session, &json!({})).await;
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }

    /// Goes to an address, and waits until all of it is there.
    pub(crate) async fn visit(&self, url: &str) {
        self.command("url", &json!({ "url": url })).await;
    }

    /// Runs a function's body in the page, from outside its content policy.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
            .await
    }

    /// The same for one that calls its last argument with what came of it.
    pub(crate) async fn run_until_called(&self, script: &str) -> Value {
        self.command("execute/async", &json!({ "script": script, "args": [] }))
            .await
    }

    /// What was logged since this was last asked: `browser` (console and violations) or `performance` (the network).
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let told = self.command("se/log", &json!({ "type": kind })).await;
        told.as_array().unwrap().clone()
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let asked = json!({ "cmd": command, "params": parameters });
        self.command("goog/cdp/execute", &asked).await
    }

    /// Presses one key so many times.
    pub(crate) async fn press(&self, key: char, times: usize) {
        let once = [
            json!({ "type": "keyDown", "value": key }),
            json!({ "type": "keyUp", "value": key }),
        ];
        let keys: Vec<&Value> = (0..times).flat_map(|_| &once).collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] });
        self.command("actions", &actions).await;
    }

    async fn command(&self, name: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{name}", self.session);
        self.send("POST", &path, body).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let (address, body) = (self.address, body.to_string());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            answer(&mut stream).await
        };
        let (status, mut told) = tokio::time::timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| panic!("chromedriver does not answer {method} {path}"));
        assert_eq!(status, "200", "{method} {path}: {}", told["value"]);
        told["value"].take()
    }
}

impl Drop for Chromium {
    /// A test that failed before `quit`: the driver ends its browser when it is asked to, not when it is killed.
    fn drop(&mut self) {
        if let Ok(None) = self.driver.try_wait() {
            let pid = self.driver.id().to_string();
            drop(Command::new("kill").arg(pid).status());
        }
    }
}

/// Status and JSON. The driver does not hang up, whatever it was asked: the length says where the answer ends.
async fn answer(stream: &mut TcpStream) -> (String, Value) {
    let mut read = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "hung up");
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let (head, body) = (String::from_utf8_lossy(&read[..end]), &read[end + 4..]);
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.unwrap().1.trim().parse().unwrap();
        if body.len() == length {
            let status = head.split(' ').nth(1).unwrap().to_owned();
            return (status, serde_json::from_slice(body).unwrap());
        }
    }
}

fn announced_port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let announced = "ChromeDriver was started successfully on port ";
    let port = lines.by_ref().find_map(|line| {
        let line = line.unwrap();
        let port = line.strip_prefix(announced)?;
        port.trim_end_matches('.').parse().ok()
    });
    // Whatever else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    port.expect("chromedriver says on which port it listens")
}
