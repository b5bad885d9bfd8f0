//! For `bench/search`: `generate FOLDER PROJECTS` writes a database, `build FOLDER` makes its search index anew, `ask FOLDER COUNT`
//! asks, and says in one line of JSON how long it took. `questions COUNT` prints questions, by kind, for others to ask.

// It measures: what does not work ends it.
#![allow(clippy::print_stdout, clippy::panic, clippy::unwrap_used)]

mod generate;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use generate::{Dice, Vocabulary};
use touchplate_attest::TrustDomains;
use touchplate_index::search::{Progress, Query, Search};
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_store::{Location, SearchFile, open};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["generate", folder, projects] => {
            let database = Path::new(folder).join("touchplate.sqlite");
            generate::generate(&database, projects.parse().unwrap()).await;
        }
        ["build", folder] => build(Path::new(folder)).await,
        ["ask", folder, count] => ask(Path::new(folder), count.parse().unwrap()).await,
        ["questions", count] => {
            println!(
                "{}",
                serde_json::to_string(&questions(count.parse().unwrap())).unwrap()
            );
        }
        _ => panic!(
            "usage: search generate FOLDER PROJECTS | build FOLDER | ask FOLDER COUNT | questions COUNT"
        ),
    }
}

async fn search(folder: &Path) -> Search {
    let location = Location {
        database: format!("sqlite:{}/touchplate.sqlite", folder.display())
            .parse()
            .unwrap(),
        blobs: format!("file:{}/blobs", folder.display()).parse().unwrap(),
    };
    let opened = open(&location).await.unwrap();
    let spool = SpoolRoom::open(&opened.spool_folder.unwrap()).unwrap();
    let trust = Arc::new(TrustDomains::public_good());
    let index = Index::new(opened.ports, Settings::default(), trust, spool);
    let kept = SearchFile::open(&folder.join("search.sqlite"))
        .await
        .unwrap();
    Search::new(&index, Arc::new(kept))
}

async fn build(folder: &Path) {
    let search = search(folder).await;
    search.rebuild().await.unwrap();
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    let mut steps = 0;
    loop {
        let step = Instant::now();
        if search.advance().await.unwrap() == Progress::UpToDate {
            break;
        }
        longest = longest.max(step.elapsed());
        steps += 1;
    }
    println!(
        "{}",
        serde_json::json!({
            "seconds": began.elapsed().as_secs_f64(), "steps": steps, "longest_step_ms": longest.as_secs_f64() * 1000.0,
            "peak_mib": peak_mib(),
        })
    );
}

/// Questions of several kinds.
fn questions(count: usize) -> BTreeMap<&'static str, Vec<String>> {
    let vocabulary = Vocabulary::new();
    let mut dice = Dice(99);
    let mut all: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let words = &vocabulary.words;
    for _ in 0..count {
        let common = |dice: &mut Dice| words[dice.roll(24)].clone();
        let middle = |dice: &mut Dice| words[24 + dice.roll(1000)].clone();
        let rare = |dice: &mut Dice| words[10_000 + dice.roll(50_000)].clone();
        let cut =
            |word: String, dice: &mut Dice| word.chars().take(2 + dice.roll(5)).collect::<String>();
        let mut put = |kind, question| all.entry(kind).or_default().push(question);
        put("common word", common(&mut dice));
        put("rare word", rare(&mut dice));
        put("beginning", cut(middle(&mut dice), &mut dice));
        put(
            "beginning of a common word",
            cut(common(&mut dice), &mut dice),
        );
        put(
            "two common words",
            format!("{} {}", common(&mut dice), common(&mut dice)),
        );
        put(
            "two words",
            format!("{} {}", middle(&mut dice), middle(&mut dice)),
        );
        put(
            "common and rare",
            format!("{} {}", common(&mut dice), rare(&mut dice)),
        );
        put(
            "three words",
            format!(
                "{} {} {}",
                common(&mut dice),
                middle(&mut dice),
                middle(&mut dice)
            ),
        );
        let six: Vec<String> = (0..6).map(|_| common(&mut dice)).collect();
        put("six common words", six.join(" "));
        let mut slip: Vec<char> = format!("{}{}", middle(&mut dice), middle(&mut dice))
            .chars()
            .collect();
        let at = dice.roll(slip.len());
        slip[at] = 'q';
        put("a slip", slip.into_iter().collect());
        put(
            "publisher",
            format!("publisher:github.com/{}", words[dice.roll(20_000)]),
        );
        put(
            "host and word",
            format!("publisher:github.com {}", middle(&mut dice)),
        );
        put("workflow", "workflow:release.yml".to_owned());
    }
    all
}

async fn ask(folder: &Path, count: usize) {
    let search = search(folder).await;
    let mut report = BTreeMap::new();
    let mut every = Vec::new();
    for (kind, questions) in questions(count) {
        let mut took = Vec::new();
        let mut found = 0;
        for question in &questions {
            let began = Instant::now();
            found += search.find(&Query::read(question), 1).await.unwrap().total;
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        every.extend_from_slice(&took);
        let (p50, p99, most) = shares(&mut took);
        let told = serde_json::json!({"p50_ms": p50, "p99_ms": p99, "max_ms": most, "found": found / questions.len()});
        report.insert(kind, told);
    }
    let (p50, p99, most) = shares(&mut every);
    report.insert(
        "all",
        serde_json::json!({"p50_ms": p50, "p99_ms": p99, "max_ms": most, "count": every.len()}),
    );
    report.insert("peak_mib", peak_mib().into());
    println!("{}", serde_json::to_string(&report).unwrap());
}

fn shares(took: &mut [f64]) -> (f64, f64, f64) {
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    (at(50), at(99), took[took.len() - 1])
}

/// The most memory that this process had at once, as the kernel counts it.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
