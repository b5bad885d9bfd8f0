//! The same random changes, one after another, come out the same in memory, on SQLite and on PostgreSQL: what each answers,
//! and what is there in the end. Numbers of rows are left out, which no contract is about.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

mod support;

use touchplate_attest::Publisher;
use touchplate_index::Ports;
use touchplate_index::accounts::{Role, UserName};
use touchplate_index::downloads::Day;
use touchplate_index::ports::{Downloaded, NewProject, ProjectTarget, Serial, Viewer};
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::{Ratchet, RatchetKind, Terms};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{Hasher, ProjectName};
use touchplate_testkit::contract::{origin, upload};

/// Few of each, so that they meet often. Sorted otherwise by byte than by letter; two are confusable.
const PROJECTS: [&str; 5] = ["demo", "Demo.Two", "dem0", "zebra", "a-b"];
const USERS: [&str; 3] = ["alice", "bob", "carol"];
const VERSIONS: [&str; 3] = ["1.0", "1.0.post1", "2.0rc1"];
const BYTES: [&[u8]; 3] = [b"one", b"two", b"three"];

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

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    fn step(&mut self) -> Step {
        Step {
            what: self.roll(20),
            project: self.one_of(&PROJECTS),
            user: self.one_of(&USERS),
            version: self.one_of(&VERSIONS),
            bytes: self.one_of(&BYTES),
            one_in_four: self.roll(4),
            half: self.roll(2) == 0,
        }
    }
}

#[derive(Debug)]
struct Step {
    what: usize,
    project: &'static str,
    user: &'static str,
    version: &'static str,
    bytes: &'static [u8],
    one_in_four: usize,
    half: bool,
}

/// An outcome without the numbers of rows.
fn told<T, E: std::error::Error>(outcome: Result<T, E>, done: impl FnOnce(T) -> String) -> String {
    match outcome {
        Ok(value) => done(value),
        Err(error) => format!("refused: {error}"),
    }
}

fn unit(done: ()) -> String {
    format!("{done:?}")
}

impl Step {
    fn name(&self) -> ProjectName {
        self.project.parse().unwrap()
    }

    fn owner(&self) -> UserName {
        self.user.parse().unwrap()
    }

    fn filename(&self) -> String {
        let name = self.name().to_string().replace('-', "_");
        match self.one_in_four {
            0 => format!("{name}-{}.tar.gz", self.version),
            // Two sdists of a release: the second is refused.
            1 => format!("{name}-{}.zip", self.version),
            2 => format!("{name}-{}-py3-none-any.whl", self.version),
            _ => format!("{name}-{}-cp312-cp312-win32.whl", self.version),
        }
    }

    fn new_project(&self) -> NewProject {
        NewProject {
            display: self.project.parse().unwrap(),
            visibility: match self.one_in_four {
                0 => Visibility::Private,
                1 => Visibility::Internal,
                _ => Visibility::Public,
            },
            owner: self.half.then(|| self.owner()),
        }
    }

    async fn run(&self, ports: &Ports) -> String {
        match self.what {
            0..5 => self.upload(ports).await,
            5..10 => self.change_project(ports).await,
            10..14 => self.change_people(ports).await,
            _ => self.change_rest(ports).await,
        }
    }

    async fn upload(&self, ports: &Ports) -> String {
        let there = ports.projects.by_name(&self.name()).await.unwrap();
        let target = match there {
            None => ProjectTarget::New(NewProject {
                owner: Some(self.owner()),
                ..self.new_project()
            }),
            Some(project) => match ports.accounts.is_claimed(project.id).await.unwrap() {
                true => ProjectTarget::Existing(project.id),
                false => ProjectTarget::Unclaimed(project.id, self.owner()),
            },
        };
        let mut hasher = Hasher::new();
        hasher.update(self.bytes);
        let sha256 = hasher.finish().0.sha256;
        let mut file = upload(target, &self.filename(), self.bytes);
        file.equal_bytes_allowed = self.half;
        // Of a sweep that has ended it knows; one under way refuses it.
        file.sweeps = ports.releases.sweeps(&sha256).await.unwrap();
        told(ports.releases.record(&origin(), &file).await, |_| {
            "recorded".to_owned()
        })
    }

    async fn change_project(&self, ports: &Ports) -> String {
        let (origin, name) = (origin(), self.name());
        let version = self.version.parse().unwrap();
        match self.what {
            5 => {
                let made = ports.projects.create(&origin, &self.new_project()).await;
                told(made, |project| project.serial.0.to_string())
            }
            6 => {
                let yanked = match self.half {
                    true => Yanked::Yes(Some("broken \u{201c}ä\u{201d}".to_owned())),
                    false => Yanked::No,
                };
                let since = (self.one_in_four == 0).then_some(Serial(3));
                let done = ports
                    .releases
                    .set_yanked(&origin, &name, &version, &yanked, since);
                told(done.await, unit)
            }
            7 => {
                let filename = self.filename().parse().unwrap();
                told(ports.releases.delete_file(&origin, &filename).await, unit)
            }
            8 => {
                let done = ports.releases.delete_release(&origin, &name, &version);
                told(done.await, unit)
            }
            _ => match self.one_in_four {
                0 => told(ports.projects.delete(&origin, &name).await, |it| {
                    it.to_string()
                }),
                1 => {
                    let seen = Visibility::Internal;
                    let done = ports
                        .projects
                        .set_visibility(&origin, &name, seen, None)
                        .await;
                    told(done, unit)
                }
                _ => {
                    let status = match self.half {
                        true => ProjectStatus::Archived,
                        false => ProjectStatus::Active,
                    };
                    let done = ports
                        .projects
                        .set_status(&origin, &name, status, Some("so"), None);
                    told(done.await, unit)
                }
            },
        }
    }

    async fn change_people(&self, ports: &Ports) -> String {
        let (origin, name, user) = (origin(), self.name(), self.owner());
        let role = match self.half {
            true => Role::Owner,
            false => Role::Maintainer,
        };
        match self.what {
            10 => told(ports.accounts.add_user(&origin, &user).await, unit),
            11 => {
                let role = (self.one_in_four > 0).then_some(role);
                let done = ports.accounts.change_member(&origin, &name, &user, role);
                told(done.await, |before| format!("{before:?}"))
            }
            12 => told(
                ports.accounts.set_role(&origin, &name, &user, role).await,
                unit,
            ),
            _ => {
                let done = ports.accounts.set_administrator(&origin, &user, self.half);
                told(done.await, |it| it.to_string())
            }
        }
    }

    async fn change_rest(&self, ports: &Ports) -> String {
        let (origin, name) = (origin(), self.name());
        match self.what {
            14 | 15 => {
                let mut publisher = Publisher::github(format!("Example/{}", self.user), "a.yml");
                if self.half {
                    publisher = Publisher::github(format!("example/{}", self.user), "a.yml");
                }
                let limit = Some(2);
                let terms = Terms::default();
                let done = ports
                    .publishers
                    .add(&origin, &name, &publisher, &terms, limit);
                told(done.await, |it| format!("{:?}", it.publisher))
            }
            16 => {
                let ratchet = Ratchet::NoLeftoverTokens;
                let kind = RatchetKind::NoLeftoverTokens;
                match self.half {
                    true => told(ports.trusted.turn(&origin, &name, ratchet).await, |it| {
                        it.to_string()
                    }),
                    false => {
                        let back = ports.trusted.release_ratchet(&origin, &name, kind, "asked");
                        told(back.await, |it| it.to_string())
                    }
                }
            }
            17 => {
                let mut hasher = Hasher::new();
                hasher.update(self.bytes);
                let sha256 = hasher.finish().0.sha256;
                match self.half {
                    true => told(ports.releases.begin_sweep(&sha256).await, |it| {
                        it.to_string()
                    }),
                    false => told(ports.releases.swept(&sha256).await, unit),
                }
            }
            _ => {
                let files = ports
                    .releases
                    .project_files(&name, Viewer::Index)
                    .await
                    .unwrap();
                let batch: Vec<Downloaded> = files.map_or_else(Vec::new, |it| {
                    let count = |file: &touchplate_index::ports::StoredFile| Downloaded {
                        file: file.id,
                        day: Day(20_000 + i32::try_from(self.one_in_four).unwrap()),
                        count: 3,
                    };
                    it.files.iter().map(count).collect()
                });
                told(ports.downloads.add(&batch).await, unit)
            }
        }
    }
}

/// Everything that is there, without the numbers of rows.
async fn everything(ports: &Ports) -> Vec<String> {
    let mut all = Vec::new();
    let rows = ports.journal.after(Serial(0), 10_000).await.unwrap();
    let told = rows.iter().map(|row| {
        format!(
            "{:?} {} {} {:?}",
            row.serial, row.actor, row.action, row.project
        )
    });
    all.extend(told);
    all.push(format!("{:?}", ports.projects.list_public().await.unwrap()));
    for user in [None, Some("alice"), Some("carol")] {
        let user = user.map(|name| name.parse::<UserName>().unwrap());
        let seen = ports
            .projects
            .seen_by(user.as_ref(), None, 3)
            .await
            .unwrap();
        let seen = seen.iter().map(|(project, member)| (&project.name, member));
        all.push(format!("{user:?} sees {:?}", seen.collect::<Vec<_>>()));
    }
    for news in ports.news.latest(None, 10).await.unwrap() {
        all.push(format!("{news:?}"));
    }
    let days = Day(20_000)..=Day(20_010);
    all.push(format!(
        "{:?}",
        ports.downloads.by_day(days.clone()).await.unwrap()
    ));
    for name in PROJECTS {
        let name = name.parse().unwrap();
        let Some(facts) = ports
            .releases
            .project_facts(&name, Viewer::Index)
            .await
            .unwrap()
        else {
            continue;
        };
        let project = &facts.project;
        all.push(format!(
            "{} {:?} {:?} {:?} {:?}",
            project.display,
            project.visibility,
            project.status,
            project.status_reason,
            project.serial
        ));
        let mut files: Vec<String> = facts
            .files
            .iter()
            .map(|it| {
                format!(
                    "{} {} {:?} {}",
                    it.filename, it.digests.sha256, it.yanked, it.size
                )
            })
            .collect();
        files.sort();
        all.extend(files);
        let mut releases: Vec<String> = facts.releases.iter().map(|it| format!("{it:?}")).collect();
        releases.sort();
        all.extend(releases);
        let members = ports.accounts.members(project.id).await.unwrap();
        all.push(format!("{members:?}"));
        let publishers = ports.publishers.list(project.id).await.unwrap();
        all.extend(publishers.iter().map(|it| format!("{:?}", it.publisher)));
        let ratchets = ports.trusted.ratchets(project.id).await.unwrap();
        all.push(format!("{ratchets:?}"));
        let counts = ports
            .downloads
            .of_project(project.id, days.clone())
            .await
            .unwrap();
        all.push(format!("{counts:?}"));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn random_changes_come_out_the_same_everywhere() {
    for seed in 1..=2_u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut made = Vec::new();
        for (implementation, make) in support::IMPLEMENTATIONS {
            let below = folder.path().join(implementation.replace(' ', "-"));
            if let Some(one) = make(&below).await {
                made.push((*implementation, one));
            }
        }
        for (_, one) in &made {
            // Who uploads has an account: that is asked before the store is.
            for name in USERS {
                let name = name.parse().unwrap();
                one.ports.accounts.add_user(&origin(), &name).await.unwrap();
            }
        }
        let mut dice = Dice(seed);
        for at in 0..200 {
            let step = dice.step();
            let mut answers: Vec<(&str, String)> = Vec::new();
            for (implementation, one) in &made {
                answers.push((implementation, step.run(&one.ports).await));
            }
            // Of several reasons for a refusal the databases name the same, the model perhaps another.
            let outlined = |answer: &str| match answer.starts_with("refused") {
                true => "refused".to_owned(),
                false => answer.to_owned(),
            };
            let in_memory = outlined(&answers[0].1);
            for (implementation, answer) in &answers[1..] {
                let here =
                    format!("{implementation}: seed {seed}, step {at}: {step:?}: {answers:?}");
                assert_eq!(outlined(answer), in_memory, "{here}");
                assert_eq!(answer, &answers[1].1, "{here}");
            }
        }
        let mut first: Option<Vec<String>> = None;
        for (implementation, one) in &made {
            let there = everything(&one.ports).await;
            assert!(there.len() > 60, "{implementation}: {there:#?}");
            let expected = first.get_or_insert_with(|| there.clone());
            assert_eq!(&there, expected, "{implementation}: seed {seed}");
        }
    }
}
