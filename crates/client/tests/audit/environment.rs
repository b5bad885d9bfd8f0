//! Environments on disk, as somebody may have left them.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;
use touchplate_attest::{Sha256, TrustDomains};
use touchplate_client::audit::{
    Audited, Auditor, Found, Source, SourceError, WheelContents, WheelMember,
};
use touchplate_client::environment::{Environment, EnvironmentError};
use touchplate_client::fetch::{Announced, FileEntry, Page};
use touchplate_client::pins::Pins;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::Yanked;
use url::Url;

const INFO: &str = "demo-1.0.dist-info";
const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: a test\nTag: py3-none-any\n";
const COMMANDS: &str = "[console_scripts]\ndemo = demo:main\n";

/// An index with one wheel.
struct Shelf {
    members: Vec<(String, Vec<u8>)>,
    /// What the index says that the wheel's digest is.
    sha256: Sha256,
}

impl Source for Shelf {
    fn page(&self, index: &Url, _project: &ProjectName) -> Result<Page, SourceError> {
        let file = FileEntry {
            filename: "demo-1.0-py3-none-any.whl".parse().unwrap(),
            url: index.clone(),
            sha256: Some(self.sha256),
            size: None,
            requires_python: None,
            uploaded_at: None,
            yanked: Yanked::No,
            provenance: Announced::Nowhere,
        };
        let (url, files) = (index.clone(), vec![file]);
        Ok(Page { url, files })
    }

    fn provenance(
        &self,
        _index: &Url,
        _file: &FileEntry,
        _sha256: &Sha256,
        _anew: bool,
    ) -> Result<Option<Found>, SourceError> {
        Ok(None)
    }

    fn contents(&self, _index: &Url, _file: &FileEntry) -> Result<WheelContents, SourceError> {
        let files = self.members.iter().map(|(path, bytes)| WheelMember {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: Sha256::of(bytes),
            body: bytes.strip_prefix(b"#!python\n").map(Sha256::of),
        });
        let (sha256, files) = (self.sha256, files.collect());
        Ok(WheelContents { sha256, files })
    }
}

/// An environment with `demo` 1.0, as an installer leaves it.
struct Case {
    folder: TempDir,
    shelf: Shelf,
}

impl Case {
    fn new() -> Self {
        let files = [
            ("demo/__init__.py".to_owned(), "def main(): pass\n"),
            ("demo/data.txt".to_owned(), "data"),
            (format!("{INFO}/WHEEL"), WHEEL),
            (format!("{INFO}/METADATA"), "Name: demo\n"),
            (format!("{INFO}/RECORD"), "of the wheel"),
            (format!("{INFO}/entry_points.txt"), COMMANDS),
            ("demo-1.0.data/scripts/run".to_owned(), "#!python\nrun()\n"),
            ("demo-1.0.data/data/share/demo.txt".to_owned(), "shared"),
        ];
        let members = files
            .into_iter()
            .map(|(path, text)| (path, text.as_bytes().to_vec()));
        let sha256 = Sha256::of(b"the wheel");
        let shelf = Shelf {
            members: members.collect(),
            sha256,
        };
        let case = Self {
            folder: TempDir::new().unwrap(),
            shelf,
        };
        case.write("pyvenv.cfg", "include-system-site-packages = false\n");
        let members = case.shelf.members.clone();
        for (path, bytes) in &members {
            if !path.contains(".data/") {
                case.write(&site(path), bytes);
            }
        }
        let python = case.path("bin/python");
        case.write("bin/run", format!("#!{}\nrun()\n", python.display()));
        case.write(
            "bin/demo",
            format!(
                "#!{}\nimport sys\nfrom demo import main\nif __name__ == '__main__':\n    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(main())\n",
                python.display()
            ),
        );
        case.write("share/demo.txt", "shared");
        case.write(&site(&format!("{INFO}/INSTALLER")), "a test\n");
        case.record("../../../bin/demo,,\n../../../bin/run,,\n");
        case
    }

    fn path(&self, below: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(below)
    }

    fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// RECORD as an installer writes it, and more rows.
    fn record(&self, more: &str) {
        let mut text = String::new();
        for (path, _) in &self.shelf.members {
            if !path.contains(".data/") {
                text.push_str(&format!("{path},,\n"));
            }
        }
        self.write(&site(&format!("{INFO}/RECORD")), text + more);
    }

    fn audit_at(&self, path: &Path) -> Vec<Audited> {
        let index: Url = "https://index.example/simple/".parse().unwrap();
        let environment = Environment::find(path).unwrap();
        let auditor = Auditor {
            source: &self.shelf,
            domains: &TrustDomains::public_good(),
            pins: &Pins::default(),
            index: None,
            default_index: Some(&index),
            now: Timestamp::UNIX_EPOCH,
            progress: &|_, _| {},
        };
        auditor.environment(&environment)
    }

    /// What is found: of each entry its name, and each finding with its files.
    fn audit(&self) -> Vec<String> {
        told(&self.audit_at(self.folder.path()))
    }
}

fn site(path: &str) -> String {
    format!("lib/python3.13/site-packages/{path}")
}

fn told(audited: &[Audited]) -> Vec<String> {
    let lines = audited.iter().flat_map(|audited| {
        let reasons = audited.verdict.reasons.iter();
        reasons.map(|reason| {
            let files: Vec<_> = reason
                .files
                .iter()
                .map(|path| path.replace("lib/python3.13/site-packages/", ""))
                .collect();
            let (shown, word) = (&audited.entry.shown, reason.finding.word());
            format!("{shown} {word} {}", files.join(" "))
                .trim_end()
                .to_owned()
        })
    });
    lines.collect()
}

const CLEAN: &str = "demo unattested demo-1.0-py3-none-any.whl";

#[test]
fn an_installation_is_held_against_its_wheel_from_wherever_it_is_named() {
    let case = Case::new();
    assert_eq!(case.audit(), [CLEAN]);
    case.write("bin/python", "");
    for named in ["lib/python3.13/site-packages", "bin/python"] {
        assert_eq!(told(&case.audit_at(&case.path(named))), [CLEAN], "{named}");
    }
    for none in ["share", "share/demo.txt"] {
        let found = Environment::find(&case.path(none));
        assert!(matches!(found, Err(EnvironmentError::NotOne(_))), "{none}");
    }
    let absent = Environment::find(&case.path("absent"));
    assert!(matches!(absent, Err(EnvironmentError::Unreadable(..))));
}

#[test]
fn whatever_was_changed_or_added_or_taken_away_is_told_by_its_path() {
    let changes: [(&str, &str, &str); 9] = [
        ("demo/__init__.py", "def main(): evil()\n", "changed-file"),
        ("demo/data.txt", "dat!", "changed-file"),
        ("demo/evil.py", "", "extra-file"),
        ("demo/sub/evil.so", "", "extra-file"),
        ("demo/evil.pyc", "", "extra-file"),
        ("demo-1.0.dist-info/evil.py", "", "extra-file"),
        (
            "demo-1.0.dist-info/METADATA",
            "Name: other\n",
            "changed-file",
        ),
        ("../../../share/demo.txt", "other", "changed-file"),
        ("../../../bin/run", "#!/bin/sh\nevil\n", "changed-file"),
    ];
    for (path, text, word) in changes {
        let case = Case::new();
        case.write(&site(path), text);
        let shown = path.trim_start_matches("../");
        let expected = format!("demo {word} {shown}");
        assert_eq!(case.audit(), [expected, CLEAN.to_owned()], "{path}");
        // A row in RECORD is no excuse.
        if word == "extra-file" {
            case.record(&format!("{path},,\n"));
            assert!(case.audit()[0].contains(word), "{path}");
        }
    }
    let case = Case::new();
    fs::remove_file(case.path(&site("demo/data.txt"))).unwrap();
    assert_eq!(case.audit(), ["demo missing-file demo/data.txt", CLEAN]);
}

#[test]
fn what_installers_write_is_known_and_what_they_do_not_write_is_not() {
    let case = Case::new();
    let cached = |name: &str| site(&format!("demo/__pycache__/{name}"));
    case.write(&cached("__init__.cpython-313.pyc"), "code");
    case.write(&cached("__init__.cpython-313.opt-1.pyc"), "code");
    assert_eq!(case.audit(), [CLEAN, "demo bytecode"]);
    case.write(&cached("evil.py"), "");
    assert_eq!(
        case.audit(),
        [
            "demo extra-file demo/__pycache__/evil.py",
            CLEAN,
            "demo bytecode"
        ]
    );
    let launcher = fs::read_to_string(Case::new().path("bin/demo")).unwrap();
    let (_, body) = launcher.split_once('\n').unwrap();
    for odd in [
        format!("#!/elsewhere/python\n{body}"),
        format!("#!PYTHON\nimport evil\n{body}"),
        "\u{0}\u{1}".to_owned(),
    ] {
        let case = Case::new();
        let python = case.path("bin/python").display().to_string();
        case.write("bin/demo", odd.replace("PYTHON", &python));
        assert_eq!(case.audit(), ["demo rewritten bin/demo", CLEAN], "{odd}");
        // Nor where no RECORD names it.
        case.record("");
        assert_eq!(case.audit(), ["demo rewritten bin/demo", CLEAN], "{odd}");
    }
}

#[test]
fn what_belongs_to_nobody_is_counted() {
    let case = Case::new();
    case.write(&site("evil.pth"), "import evil");
    case.write(&site("other/module.py"), "");
    case.write("pyvenv.cfg", "include-system-site-packages = TRUE\n");
    assert_eq!(
        case.audit(),
        [
            CLEAN,
            "(files of no distribution) unowned evil.pth other/module.py",
            "(files of no distribution) system-packages",
        ]
    );
    // What a distribution claims that its wheel has not is no file of nobody.
    case.write("pyvenv.cfg", "");
    case.record("evil.pth,,\nother/module.py,,\n");
    assert_eq!(
        case.audit(),
        ["demo extra-file evil.pth other/module.py", CLEAN]
    );
}

#[test]
fn what_cannot_be_told_is_said() {
    let write = |case: &Case, name: &str, text: &str| {
        case.write(&site(&format!("{INFO}/{name}")), text);
    };
    for (name, text, expected) in [
        (
            "WHEEL",
            "Generator: other\nTag: py3-none-any\n",
            "other-build",
        ),
        ("WHEEL", "Tag: cp313-cp313-linux_x86_64\n", "no-wheel"),
        ("WHEEL", "nonsense", "no-record"),
        ("RECORD", "\"", "no-record"),
        ("RECORD", ",,\n", "no-record"),
        ("direct_url.json", "{}", "no-record"),
        (
            "direct_url.json",
            r#"{"url":"file:///x","dir_info":{"editable":true}}"#,
            "editable",
        ),
        (
            "direct_url.json",
            r#"{"url":"file:///x","dir_info":{}}"#,
            "directory",
        ),
        (
            "direct_url.json",
            r#"{"url":"https://u:secret@h.example/x","vcs_info":{"vcs":"git","commit_id":"0"}}"#,
            "vcs",
        ),
        (
            "direct_url.json",
            r#"{"url":"https://h.example/x.whl","archive_info":{}}"#,
            "url",
        ),
        (
            "direct_url.json",
            r#"{"url":"file:///x.whl","archive_info":{}}"#,
            "path",
        ),
    ] {
        let case = Case::new();
        write(&case, name, text);
        let found = case.audit_at(case.folder.path());
        assert_eq!(told(&found)[0], format!("demo {expected}"), "{text}");
        assert_eq!(found[0].verdict.standing.as_str(), "unknown", "{text}");
        assert!(!format!("{found:?}").contains("secret"));
    }
    let case = Case::new();
    fs::remove_file(case.path(&site(&format!("{INFO}/RECORD")))).unwrap();
    case.write(&site("old-1.0-py3.13.egg-info"), "Name: old\n");
    assert_eq!(
        case.audit(),
        [
            "demo no-record",
            "old no-record",
            "(files of no distribution) unowned demo/__init__.py demo/data.txt",
        ]
    );
    // What changed since RECORD was written is told even where nothing else can be.
    let case = Case::new();
    write(
        &case,
        "direct_url.json",
        r#"{"url":"file:///x","dir_info":{}}"#,
    );
    let stated = Sha256::of(b"something else").as_bytes().to_vec();
    let stated = base64_url(&stated);
    case.record(&format!("demo/more.py,sha256={stated},\n"));
    case.write(&site("demo/more.py"), "changed");
    assert_eq!(
        case.audit(),
        ["demo changed-file demo/more.py", "demo directory"]
    );
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
#[cfg(unix)]
fn nothing_out_of_the_environment_is_read() {
    use std::os::unix::fs::symlink;
    let elsewhere = TempDir::new().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "data").unwrap();
    // The same bytes, by a link out of it.
    let case = Case::new();
    fs::remove_file(case.path(&site("demo/data.txt"))).unwrap();
    symlink(&secret, case.path(&site("demo/data.txt"))).unwrap();
    assert_eq!(case.audit(), ["demo unread-file demo/data.txt", CLEAN]);
    // A link inside is followed.
    let case = Case::new();
    fs::rename(
        case.path(&site("demo/data.txt")),
        case.path("data-of-demo.txt"),
    )
    .unwrap();
    symlink(
        case.path("data-of-demo.txt"),
        case.path(&site("demo/data.txt")),
    )
    .unwrap();
    assert_eq!(case.audit(), [CLEAN]);
    // A whole package elsewhere.
    let case = Case::new();
    fs::rename(case.path(&site("demo")), elsewhere.path().join("demo")).unwrap();
    symlink(elsewhere.path().join("demo"), case.path(&site("demo"))).unwrap();
    let found = case.audit();
    assert!(
        found[0].starts_with("demo unread-file demo/__init__.py demo/data.txt"),
        "{found:?}"
    );
    // Rows of RECORD that lead out of it.
    let case = Case::new();
    let rows = format!("{},,\n../../../../../../etc/passwd,,\n", secret.display());
    case.record(&rows);
    assert_eq!(
        case.audit(),
        [
            format!(
                "demo unread-file ../../../../../../etc/passwd {}",
                secret.display()
            ),
            CLEAN.to_owned()
        ]
    );
    // `..` of commands in a wheel's own list of them.
    let mut case = Case::new();
    let hostile = "[console_scripts]\n../../evil = demo:main\n";
    let path = format!("{INFO}/entry_points.txt");
    for (member, bytes) in &mut case.shelf.members {
        if *member == path {
            *bytes = hostile.as_bytes().to_vec();
        }
    }
    case.write(&site(&path), hostile);
    assert_eq!(case.audit(), [CLEAN]);
}

#[test]
fn two_distributions_may_install_the_same_file_and_share_a_folder() {
    let case = Case::new();
    let info = "other-2.0.dist-info";
    case.write(&site(&format!("{info}/WHEEL")), WHEEL);
    case.write(&site("demo/of_other.py"), "");
    case.write(
        &site(&format!("{info}/RECORD")),
        "demo/of_other.py,,\nother-2.0.dist-info/WHEEL,,\n",
    );
    // The index has no such release: its files are known by its own RECORD alone.
    assert_eq!(case.audit(), [CLEAN, "other not-at-index"]);
}
