//! A private project's name cannot be told from an unknown one by how long the answer takes: the same statements are sent to
//! the database for both, in the same order, and each brings as many rows. No time is measured here.
// What the tests' own functions unwrap is what a test expects.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The statements that were sent since they were taken last, each with the rows that it brought. Those of chores, which
    /// run meanwhile, read the journal, or many projects at once.
    fn taken(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(text).unwrap();
        let lines = text.lines().filter(|line| line.contains("sqlx::query"));
        let said = lines.filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let fields = &line["fields"];
            let statement = fields["db.statement"].as_str().unwrap_or_default();
            let summary = fields["summary"].as_str().unwrap_or_default();
            let statement = if statement.trim().is_empty() {
                summary
            } else {
                statement
            };
            let asked = ["projects p", "tokens t", "roles", "users", "files f"];
            let is_asked = asked.iter().any(|table| statement.contains(table))
                && !statement.contains("json_each");
            let words: Vec<&str> = statement.split_whitespace().collect();
            is_asked.then(|| format!("{} rows: {}", fields["rows_returned"], words.join(" ")))
        });
        said.collect()
    }
}

#[tokio::test]
async fn a_hidden_name_costs_what_an_unknown_one_does() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .init();
    let server = TestServer::start().await;
    let owner = server.user("olga").await;
    let owner = owner.owning("secret", Visibility::Private).await;
    // More than a name: what would take longer the more there is.
    for version in 1..=20 {
        let wheel = sample::wheel("secret", &format!("{version}.0"));
        owner.upload(wheel).await.assert_ok();
    }
    let sam = server.user("sam").await;
    let elsewhere = owner.token_for("secret").await;
    let wheel = sample::wheel("secret", "1.0");
    let (digest, filename) = (wheel.sha256().to_string(), wheel.filename());
    let file = format!(
        "/files/{}/{}/{}/{filename}",
        &digest[..2],
        &digest[2..4],
        &digest[4..]
    );
    let paths = [
        "/simple/secret/".to_owned(),
        "/project/secret/".to_owned(),
        "/project/secret/history/".to_owned(),
        "/project/secret/1.0/".to_owned(),
        format!("/project/secret/1.0/{filename}"),
        format!("/project/secret/1.0/{filename}/contents"),
        "/project/secret/releases.atom".to_owned(),
        "/pypi/secret/json".to_owned(),
        "/pypi/secret/1.0/json".to_owned(),
        format!("/integrity/secret/1.0/{filename}/provenance"),
        format!("{file}.metadata"),
        file,
        "/api/v1/projects/secret/attesters".to_owned(),
        "/api/v1/projects/secret/publishers".to_owned(),
        "/api/v1/projects/secret/members".to_owned(),
        "/api/v1/projects/secret/ratchets".to_owned(),
        "/api/v1/projects/secret/tokens".to_owned(),
        format!("/api/v1/projects/secret/1.0/{filename}/attestations"),
        format!("/api/v1/projects/secret/1.0/{filename}/provenance"),
    ];
    // Search and the coverage page follow the uploads beside this, and read the project by the same statement.
    let mut quiet_seconds = 0;
    while quiet_seconds < 3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        quiet_seconds = match lines.taken().as_slice() {
            [] => quiet_seconds + 1,
            _ => 0,
        };
    }
    let mut counted = 0;
    for path in &paths {
        for token in [None, Some(&sam.token)] {
            let mut costs = Vec::new();
            for name in ["secret", "absent"] {
                lines.taken();
                let mut request = Request::get(&path.replace("secret", name));
                if let Some(token) = token {
                    request = request.token(token);
                }
                let status = server.client.send(&request).await.status;
                assert!(matches!(status, 404 | 401), "{path}: {status}");
                costs.push(lines.taken());
            }
            assert_eq!(
                costs[0],
                costs[1],
                "{path} with a token: {}",
                token.is_some()
            );
            counted += costs[0].len();
        }
    }
    assert!(
        counted > paths.len(),
        "the statements were not seen: {counted}"
    );
    // And who may see it, sees it.
    lines.taken();
    elsewhere.get("/simple/secret/").await.assert_ok();
    let seen = lines.taken();
    assert!(seen.iter().any(|it| it.starts_with("20 rows")), "{seen:#?}");
}
