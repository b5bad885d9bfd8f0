//! A database of so many projects as a public index has them: words by Zipf's law, one to three in a name, four to fourteen in
//! a summary; a sixth with provenance. Written as rows, for uploads of so many would take hours.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use touchplate_index::accounts::UserName;
use touchplate_packaging::{ProjectName, Sha256};
use touchplate_store::Sqlite;

/// Rows in one transaction.
const BATCH: usize = 10_000;

/// Of the vocabulary. PyPI's summaries have some hundred thousand different words, most of them once.
const WORDS: usize = 60_000;

/// Words that every index is full of come first.
const COMMON: [&str; 24] = [
    "python",
    "library",
    "for",
    "api",
    "client",
    "a",
    "simple",
    "data",
    "django",
    "tool",
    "package",
    "http",
    "test",
    "and",
    "framework",
    "wrapper",
    "utilities",
    "web",
    "plugin",
    "json",
    "async",
    "learning",
    "model",
    "command",
];

/// The same dice in each run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

/// Words and how often each is said.
pub(super) struct Vocabulary {
    pub(super) words: Vec<String>,
    until: Vec<f64>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let mut dice = Dice(11);
        let mut words: Vec<String> = COMMON.iter().map(|word| (*word).to_owned()).collect();
        while words.len() < WORDS {
            let mut word = String::new();
            for _ in 0..2 + dice.roll(3) {
                word.push(char::from(b"bcdfghjklmnprstvwz"[dice.roll(18)]));
                word.push(char::from(b"aeiou"[dice.roll(5)]));
            }
            // A number at the end of those that would be said twice.
            word.push_str(["", "n", "r", "x"][dice.roll(4)]);
            words.push(word);
        }
        let mut sum = 0.0;
        let said = |at: usize| 1.0 / (at as f64 + 1.5).powf(0.95);
        let until = (0..words.len()).map(|at| {
            sum += said(at);
            sum
        });
        Self {
            until: until.collect(),
            words,
        }
    }

    pub(super) fn word(&self, dice: &mut Dice) -> &str {
        let all = self.until.last().copied().unwrap_or(1.0);
        let at = all * (dice.roll(1 << 30) as f64) / f64::from(1 << 30);
        let found = self.until.partition_point(|until| *until < at);
        self.words.get(found).map_or("python", String::as_str)
    }

    fn said(&self, dice: &mut Dice, count: usize, between: &str) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word(dice)).collect();
        words.join(between)
    }
}

/// Writes the database, unless it is there.
pub(super) async fn generate(database: &Path, projects: usize) {
    drop(Sqlite::open(database).await.expect("the database opens"));
    let options = SqliteConnectOptions::new().filename(database);
    let pool = SqlitePool::connect_with(options)
        .await
        .expect("the database opens");
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM projects")
        .fetch_one(&pool)
        .await
        .expect("it reads");
    if there > 0 {
        return;
    }
    let vocabulary = Vocabulary::new();
    let mut dice = Dice(5);
    let mut written = 0;
    while written < projects {
        let mut transaction = pool.begin().await.expect("it begins");
        for _ in 0..BATCH.min(projects - written) {
            write(&mut transaction, &vocabulary, &mut dice, written).await;
            written += 1;
        }
        transaction.commit().await.expect("it is written");
    }
    pool.close().await;
}

async fn write(
    connection: &mut sqlx::SqliteConnection,
    vocabulary: &Vocabulary,
    dice: &mut Dice,
    number: usize,
) {
    let id = i64::try_from(number).expect("a small number") + 1;
    let words = 1 + dice.roll(3);
    let given = vocabulary.said(dice, words, "-");
    // Every name once; a third of them have no number, as the first of its kind would have none.
    let name: ProjectName = format!("{given}-{number:x}")
        .parse()
        .expect("words and a number");
    let owner: UserName = "generator".parse().expect("a user name");
    let sql = "INSERT INTO journal (serial, index_id, at, actor, request, action, project, details) VALUES (?, 1, 0, ?, 'generated', 'upload file', ?, '{}')";
    run(
        sqlx::query(sql)
            .bind(id)
            .bind(format!("user:{owner}"))
            .bind(name.as_str()),
        connection,
    )
    .await;
    let sql = "INSERT INTO projects (id, index_id, name, display, confusable, visibility, status, serial, created_at) VALUES (?, 1, ?, ?, ?, 'public', 'active', ?, 0)";
    let project = sqlx::query(sql)
        .bind(id)
        .bind(name.as_str())
        .bind(name.as_str())
        .bind(name.confusable())
        .bind(id);
    run(project, connection).await;
    let (attested, releases) = (dice.roll(6) == 0, 1 + dice.roll(2) + dice.roll(3) / 2);
    let owner = vocabulary
        .words
        .get(dice.roll(20_000))
        .cloned()
        .unwrap_or_default();
    for release in 0..releases {
        let (words, keywords) = (4 + dice.roll(11), dice.roll(5));
        let metadata = serde_json::json!({
            "metadata_version": "2.1", "name": name, "version": format!("{release}.0"),
            "summary": vocabulary.said(dice, words, " "),
            "keywords": vocabulary.said(dice, keywords, " ").split(' ').collect::<Vec<_>>(),
        });
        let at = id * 10 + i64::try_from(release).expect("a small number");
        let sql = "INSERT INTO releases (id, project_id, version_key, version, metadata, created_at) VALUES (?, ?, ?, ?, ?, 0)";
        let version: touchplate_packaging::Version =
            format!("{release}.0").parse().expect("a version");
        let row = sqlx::query(sql)
            .bind(at)
            .bind(id)
            .bind(version.key())
            .bind(version.to_string())
            .bind(metadata.to_string());
        run(row, connection).await;
        file(
            connection,
            &name,
            (id, at, release),
            attested.then_some(owner.as_str()),
        )
        .await;
    }
}

async fn file(
    connection: &mut sqlx::SqliteConnection,
    name: &ProjectName,
    (project, release, number): (i64, i64, usize),
    owner: Option<&str>,
) {
    let filename = format!("{}-{number}.0.tar.gz", name.escaped());
    let digest = Sha256::of(filename.as_bytes());
    let sql = "INSERT INTO files (id, index_id, project_id, release_id, filename, kind, size, sha256, blake2b_256, md5, pyversion, \
               differences, notes, uploaded_at, uploaded_by, attestations) \
               VALUES (?, 1, ?, ?, ?, 'sdist', 1, ?, ?, ?, 'source', '[]', '[]', 0, 'user:generator', ?)";
    let row = sqlx::query(sql)
        .bind(release)
        .bind(project)
        .bind(release)
        .bind(&filename)
        .bind(&digest.as_bytes()[..])
        .bind(&digest.as_bytes()[..])
        .bind(&digest.as_bytes()[..16])
        .bind(i64::from(owner.is_some()));
    run(row, connection).await;
    if let Some(owner) = owner {
        let publisher = serde_json::json!({"kind": "GitHub", "repository": format!("{owner}/{name}"), "workflow": "release.yml"});
        let sql = "INSERT INTO attestations (file_id, predicate_type, san, issuer, json, publisher, record) VALUES (?, '', '', '', '', ?, '')";
        run(
            sqlx::query(sql).bind(release).bind(publisher.to_string()),
            connection,
        )
        .await;
    }
}

type Prepared<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

async fn run(query: Prepared<'_>, connection: &mut sqlx::SqliteConnection) {
    query.execute(connection).await.expect("it is written");
}
