//! The search file finds what looking at every document finds, in the same order, whatever happened on the way.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use touchplate_attest::TrustDomains;
use touchplate_index::ports::{Filled, NewProject, SearchIndex, Serial};
use touchplate_index::projects::Visibility;
use touchplate_index::search::{Progress, Query, Search};
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Ports, Settings};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_store::SearchFile;
use touchplate_testkit::contract::{origin, upload};
use touchplate_testkit::memory::{Memory, SearchMemory};

/// Words that meet often.
const WORDS: [&str; 10] = [
    "http",
    "client",
    "clients",
    "library",
    "libraries",
    "test",
    "tests",
    "data",
    "tool",
    "größe",
];

const QUERIES: [&str; 22] = [
    "http",
    "client",
    "clients http",
    "librar",
    "libraries",
    "test",
    "tset",
    "httpclient",
    "http-clint",
    "data tool",
    "größe",
    "größ",
    "x",
    "h",
    "http client library test data",
    "nothing at all",
    "zzz http",
    "\"",
    "publisher:a.example/b",
    "workflow:x.yml http",
    "c",
    "tools",
];

/// The same dice in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.roll(WORDS.len())]
    }

    fn name(&mut self) -> String {
        let words: Vec<_> = (0..=self.roll(3))
            .map(|_| self.word())
            .filter(|word| word.is_ascii())
            .collect();
        format!("{}{}", words.join("-"), ["", "x", "-2"][self.roll(3)])
            .trim_matches('-')
            .to_owned()
    }
}

fn index(ports: &Ports, folder: &Path) -> Index {
    let room = SpoolRoom::open(folder).unwrap();
    Index::new(
        ports.clone(),
        Settings::default(),
        Arc::new(TrustDomains::public_good()),
        room,
    )
}

async fn opened(folder: &Path) -> Arc<dyn SearchIndex> {
    Arc::new(
        SearchFile::open(&folder.join("search.sqlite"))
            .await
            .unwrap(),
    )
}

async fn change(ports: &Ports, dice: &mut Dice, serial: usize) {
    let name = dice.name();
    let Ok(display) = name.parse() else {
        return;
    };
    let project = NewProject {
        display,
        visibility: Visibility::Public,
        owner: None,
    };
    let normal = project.display.normalised();
    match dice.roll(8) {
        0 => drop(ports.projects.delete(&origin(), &normal).await.unwrap()),
        1 => {
            let to = [Visibility::Private, Visibility::Public][dice.roll(2)];
            // It may be of a project that is not there.
            drop(
                ports
                    .projects
                    .set_visibility(&origin(), &normal, to, None)
                    .await,
            );
        }
        2 => {
            let to = [
                ProjectStatus::Quarantined,
                ProjectStatus::Archived,
                ProjectStatus::Active,
            ][dice.roll(3)];
            // It may be of a project that is not there.
            drop(
                ports
                    .projects
                    .set_status(&origin(), &normal, to, None, None)
                    .await,
            );
        }
        3 => {
            let yanked = [Yanked::No, Yanked::Yes(None)][dice.roll(2)].clone();
            drop(
                ports
                    .releases
                    .set_yanked(&origin(), &normal, &"1.0".parse().unwrap(), &yanked, None)
                    .await,
            );
        }
        _ => {
            // Whatever is refused changes nothing.
            drop(ports.projects.create(&origin(), &project).await);
            if let Some(project) = ports.projects.by_name(&normal).await.unwrap() {
                let target = touchplate_index::ports::ProjectTarget::Existing(project.id);
                let filename = format!(
                    "{}-{}.0-{serial}-py3-none-any.whl",
                    normal.escaped(),
                    dice.roll(3)
                );
                let mut file = upload(target, &filename, filename.as_bytes());
                let summary = [dice.word(), dice.word(), dice.word()].join(" ");
                file.metadata.summary = Some(summary);
                file.metadata.keywords = vec![dice.word().to_owned()];
                drop(ports.releases.record(&origin(), &file).await);
            }
        }
    }
}

async fn agree(one: &Search, other: &Search) {
    for typed in QUERIES {
        let query = Query::read(typed);
        for page in [1, 2] {
            let (one, other) = (
                one.find(&query, page).await.unwrap(),
                other.find(&query, page).await.unwrap(),
            );
            assert_eq!(one.total, other.total, "{typed}");
            assert_eq!(one.hits, other.hits, "{typed}, page {page}");
        }
        assert_eq!(
            one.suggest(&query).await.unwrap(),
            other.suggest(&query).await.unwrap(),
            "{typed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_finds_what_looking_at_everything_finds_after_any_changes() {
    for seed in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let ports = Memory::ports();
        let index = index(&ports, folder.path());
        let plain = Search::new(&index, Arc::new(SearchMemory::default()));
        let file = Search::new(&index, opened(folder.path()).await);
        // Another process on the same file.
        let beside = Search::new(&index, opened(folder.path()).await);
        let mut dice = Dice(seed);
        for round in 0..6 {
            for step in 0..40 {
                change(&ports, &mut dice, round * 100 + step).await;
                if dice.roll(6) == 0 {
                    let (one, other) = tokio::join!(file.advance(), beside.advance());
                    one.and(other).unwrap();
                }
            }
            plain.catch_up().await.unwrap();
            if round == 3 {
                file.rebuild().await.unwrap();
            }
            let (one, other) = tokio::join!(file.catch_up(), beside.catch_up());
            one.and(other).unwrap();
            agree(&plain, &file).await;
        }
        // Made anew from what is there now, it is the same again.
        let anew = Search::new(&index, Arc::new(SearchMemory::default()));
        anew.catch_up().await.unwrap();
        agree(&anew, &file).await;
    }
}

/// Some projects more than are added in one step.
async fn filled(ports: &Ports) {
    for number in 0..1200 {
        let project = NewProject {
            display: format!("project-{number}").parse().unwrap(),
            visibility: Visibility::Public,
            owner: None,
        };
        ports.projects.create(&origin(), &project).await.unwrap();
    }
}

async fn total(search: &Search, typed: &str) -> (usize, bool) {
    let results = search.find(&Query::read(typed), 1).await.unwrap();
    (results.total, results.whole)
}

async fn is_found(search: &Search, name: &str) -> bool {
    let results = search.find(&Query::read(name), 1).await.unwrap();
    results.hits.iter().any(|hit| hit.name.as_str() == name)
}

#[tokio::test]
async fn the_first_making_is_searched_as_far_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let ports = Memory::ports();
    filled(&ports).await;
    let search = Search::new(&index(&ports, folder.path()), opened(folder.path()).await);
    assert_eq!(total(&search, "project-1").await, (0, false));
    assert_eq!(search.advance().await.unwrap(), Progress::Building);
    assert_eq!(search.advance().await.unwrap(), Progress::Building);
    let (some, whole) = total(&search, "project").await;
    assert!(some > 0 && some < 1000 && !whole, "{some}");
    search.catch_up().await.unwrap();
    assert_eq!(total(&search, "project-1199").await, (1, true));
}

/// Where changes follow each other, to wait for the end of them would be to wait for ever.
#[tokio::test]
async fn a_step_that_comes_to_the_end_of_the_journal_is_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let ports = Memory::ports();
    filled(&ports).await;
    let search = Search::new(&index(&ports, folder.path()), opened(folder.path()).await);
    search.catch_up().await.unwrap();
    ports
        .projects
        .delete(&origin(), &"project-7".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(search.advance().await.unwrap(), Progress::UpToDate);
    assert!(!is_found(&search, "project-7").await);
}

#[tokio::test]
async fn making_it_anew_is_not_seen_by_who_searches_and_may_end_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let ports = Memory::ports();
    filled(&ports).await;
    let index = index(&ports, folder.path());
    let search = Search::new(&index, opened(folder.path()).await);
    search.catch_up().await.unwrap();
    let before = search.sets().await.unwrap().live.unwrap();
    assert!(search.rebuild().await.unwrap());
    // Begun once.
    assert!(!search.rebuild().await.unwrap());
    let mut steps = 0;
    loop {
        // Each step by another process, which ends behind it.
        let next = Search::new(&index, opened(folder.path()).await);
        let progress = next.advance().await.unwrap();
        assert_eq!(total(&search, "project-1199").await, (1, true));
        if progress == Progress::UpToDate {
            break;
        }
        // What changes meanwhile is there at once, and stays.
        if steps == 1 {
            ports
                .projects
                .delete(&origin(), &"project-7".parse().unwrap())
                .await
                .unwrap();
        }
        if steps >= 2 {
            assert!(!is_found(&search, "project-7").await);
        }
        steps += 1;
        assert!(steps < 20);
    }
    let sets = search.sets().await.unwrap();
    assert!(sets.building.is_none());
    let live = sets.live.unwrap();
    assert_ne!(live.id, before.id);
    assert_eq!(live.filled, Filled::Whole);
    assert!(!is_found(&search, "project-7").await);
    assert!(is_found(&search, "project-77").await);
    assert_eq!(
        ports.catalogue.behind(None, 2000).await.unwrap().len(),
        1199
    );
}

#[tokio::test]
async fn a_database_that_is_older_than_the_search_index_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let new = Memory::ports();
    filled(&new).await;
    let search = Search::new(&index(&new, folder.path()), opened(folder.path()).await);
    search.catch_up().await.unwrap();
    let old = Memory::ports();
    let project = NewProject {
        display: "restored".parse().unwrap(),
        visibility: Visibility::Public,
        owner: None,
    };
    old.projects.create(&origin(), &project).await.unwrap();
    let search = Search::new(
        &index(&old, &folder.path().join("spool")),
        opened(folder.path()).await,
    );
    search.catch_up().await.unwrap();
    assert_eq!(total(&search, "project").await, (0, true));
    assert_eq!(total(&search, "restored").await, (1, true));
}

#[tokio::test]
async fn an_index_by_older_rules_is_searched_until_it_is_made_anew_and_one_by_newer_rules_is_left_alone()
 {
    for (format, made_anew) in [(0, true), (u32::MAX, false)] {
        let folder = tempfile::tempdir().unwrap();
        let ports = Memory::ports();
        filled(&ports).await;
        let kept = opened(folder.path()).await;
        let search = Search::new(&index(&ports, folder.path()), kept.clone());
        search.catch_up().await.unwrap();
        assert!(kept.begin(format, Serial(1)).await.unwrap());
        let begun = kept.sets().await.unwrap().building.unwrap();
        assert!(kept.fill(&begun, &[], &Filled::Whole).await.unwrap());
        // Whoever comes too late changes nothing.
        assert!(!kept.fill(&begun, &[], &Filled::To(None)).await.unwrap());
        assert!(!kept.switch(&begun).await.unwrap());
        let whole = kept.sets().await.unwrap().building.unwrap();
        assert!(kept.switch(&whole).await.unwrap());
        assert!(!kept.follow(&begun, &[], Serial(9)).await.unwrap());
        assert_eq!(total(&search, "project-11").await.0, 0);
        search.catch_up().await.unwrap();
        let sets = kept.sets().await.unwrap();
        assert_eq!(sets.live.as_ref() != Some(&whole), made_anew);
        assert_eq!(total(&search, "project-11").await.0 > 0, made_anew);
    }
}

#[tokio::test]
async fn any_text_is_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let ports = Memory::ports();
    filled(&ports).await;
    let search = Search::new(&index(&ports, folder.path()), opened(folder.path()).await);
    search.catch_up().await.unwrap();
    let pieces = [
        "project",
        "\"",
        "*",
        "AND",
        "OR",
        "NOT",
        "NEAR(",
        ")",
        "^",
        ":",
        "{terms}",
        "-",
        "+",
        "\0",
        " ",
        "'",
        ";",
        "%",
        "_",
        "\\",
        "/",
        ".yml",
        "publisher:",
        "workflow:",
        "@",
        "~",
        "=",
        "é",
        "\u{202e}",
        "\u{1f4a9}",
        "ß",
        "İ",
        "ǅ",
        "\u{301}",
        "١٢",
        "1",
    ];
    let mut dice = Dice(3);
    for _ in 0..500 {
        let text: String = (0..dice.roll(12))
            .map(|_| pieces[dice.roll(pieces.len())])
            .collect();
        let query = Query::read(&text);
        let found = search.find(&query, 1 + dice.roll(60)).await;
        assert!(found.is_ok(), "{text:?}: {found:?}");
        assert!(search.suggest(&query).await.is_ok(), "{text:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    std::fs::write(&path, vec![7; 10_000]).unwrap();
    let kept = SearchFile::open(&path).await.unwrap();
    assert_eq!(kept.sets().await.unwrap(), Default::default());
    assert_eq!(
        std::fs::read(folder.path().join("search.sqlite.unreadable")).unwrap(),
        vec![7; 10_000]
    );
}
