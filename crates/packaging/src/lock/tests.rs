//! What each tool writes, what stands in no index, and what is refused.

use super::*;
use crate::metadata::RequirementError;

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn parse(filename: &str, text: &str) -> Vec<Entry> {
    Lockfile::parse(filename, text.as_bytes())
        .expect("it is a lockfile")
        .entries
}

fn refused(filename: &str, text: &str) -> LockError {
    Lockfile::parse(filename, text.as_bytes()).expect_err("it is none")
}

/// An entry in one line: where, what, from where, and its files.
fn told(entries: &[Entry]) -> Vec<String> {
    let name = |name: &LockedName| match name {
        LockedName::Of(filename) => filename.as_str().to_owned(),
        LockedName::Absent => "-".to_owned(),
        LockedName::Unreadable(text) => format!("?{text}"),
    };
    let digest = |digest: &Digest| match digest {
        Digest::Sha256(it) => it.to_string()[..2].to_owned(),
        other => format!("{other:?}"),
    };
    let entry = |entry: &Entry| {
        let files: Vec<_> = entry
            .files
            .iter()
            .map(|file| format!("{} {}", name(&file.name), digest(&file.digest)))
            .collect();
        format!(
            "{}: {} {} {:?} [{}]",
            entry.line,
            entry
                .name
                .as_ref()
                .map_or(entry.shown.as_str(), |it| it.as_str()),
            entry
                .version
                .as_ref()
                .map_or("-".to_owned(), ToString::to_string),
            entry.source,
            files.join(", ")
        )
    };
    entries.iter().map(entry).collect()
}

#[test]
fn pylock() {
    let text = format!(
        r#"
lock-version = "1.0"
created-by = "a locker"

[[packages]]
name = "demo-pkg"
version = "1.0"
index = "https://packages.example/simple/"
wheels = [
    {{ name = "demo_pkg-1.0-py3-none-any.whl", url = "https://files.example/demo_pkg-1.0-py3-none-any.whl", hashes = {{ sha256 = "{ONE}" }} }},
]
attestation-identities = [{{ kind = "GitHub", repository = "example/demo", workflow = "release.yml" }}]

[[packages]]
name = "local"
directory = {{ path = ".", editable = true }}

[[packages]]
name = "checkout"
vcs = {{ type = "git", url = "https://git.example/x", commit-id = "abc" }}

[[packages]]
name = "direct"
version = "2"
archive = {{ url = "https://files.example/direct-2.tar.gz#egg", hashes = {{ md5 = "00" }} }}

[[packages]]
name = "old"
version = "1"
[packages.sdist]
url = "https://files.example/old-1%2Bcu1.tar.gz?x=1"
hashes = {{ sha512 = "00", sha256 = "{TWO}" }}
"#
    );
    let entries = parse("pylock.dev.toml", &text);
    assert_eq!(
        told(&entries),
        [
            "6: demo-pkg 1.0 Index(Some(\"https://packages.example/simple/\")) [demo_pkg-1.0-py3-none-any.whl 11]",
            "15: local - Directory(\".\") []",
            "19: checkout - Vcs(\"https://git.example/x\") []",
            "23: direct 2 Url(\"https://files.example/direct-2.tar.gz#egg\") [direct-2.tar.gz Other(\"md5\")]",
            "28: old 1 Index(None) [old-1+cu1.tar.gz 22]",
        ]
    );
    let identities = entries[0].identities.as_ref().expect("it has some");
    assert_eq!(identities[0]["repository"], "example/demo");
    assert_eq!(entries[1].identities, None);
}

#[test]
fn uv() {
    let text = format!(
        r#"version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "demo"
version = "1.0"
source = {{ registry = "https://packages.example/simple/" }}
sdist = {{ url = "https://files.example/demo-1.0.tar.gz", hash = "sha256:{ONE}", size = 3 }}
wheels = [
    {{ filename = "demo-1.0-py3-none-any.whl", url = "https://files.example/x", hash = "sha256:{TWO}" }},
    {{ url = "https://files.example/demo-1.0-py2-none-any.whl" }},
]

[[package]]
name = "mine"
source = {{ virtual = "." }}

[[package]]
name = "checkout"
version = "1"
source = {{ git = "https://git.example/x?rev=main#abc" }}

[[package]]
name = "later"
version = "1"
source = {{ something = "new" }}
"#
    );
    assert_eq!(
        told(&parse("uv.lock", &text)),
        [
            "6: demo 1.0 Index(Some(\"https://packages.example/simple/\")) [demo-1.0.tar.gz 11, demo-1.0-py3-none-any.whl 22, demo-1.0-py2-none-any.whl Absent]",
            "16: mine - Directory(\".\") []",
            "20: checkout 1 Vcs(\"https://git.example/x?rev=main#abc\") []",
            "25: later 1 Unknown(\"a source of no kind that is known\") []",
        ]
    );
    // Under another name it is known by its text.
    assert_eq!(
        LockFormat::of("backend.toml", &text).expect("known"),
        LockFormat::Uv
    );
    assert!(matches!(
        refused("uv.lock", "version = 2\n"),
        LockError::Version { found, .. } if found == "2"
    ));
}

#[test]
fn poetry_of_now_and_of_old() {
    let now = format!(
        r#"[[package]]
name = "Demo"
version = "1.0"
files = [{{file = "demo-1.0.tar.gz", hash = "sha256:{ONE}"}}]

[package.source]
type = "legacy"
url = "https://packages.example/simple"
reference = "ours"

[[package]]
name = "checkout"
version = "1"
files = []
[package.source]
type = "git"
url = "https://git.example/x"

[metadata]
lock-version = "2.1"
content-hash = "x"
"#
    );
    assert_eq!(
        told(&parse("poetry.lock", &now)),
        [
            "2: demo 1.0 Index(Some(\"https://packages.example/simple\")) [demo-1.0.tar.gz 11]",
            "12: checkout 1 Vcs(\"https://git.example/x\") []",
        ]
    );
    let old = format!(
        "[[package]]\nname = \"demo\"\nversion = \"1.0\"\n[metadata]\nlock-version = \"1.1\"\n[metadata.files]\n\
         demo = [{{file = \"demo-1.0.tar.gz\", hash = \"sha256:{ONE}\"}}]\n"
    );
    assert_eq!(
        told(&parse("poetry.lock", &old)),
        ["2: demo 1.0 Index(None) [demo-1.0.tar.gz 11]"]
    );
    assert!(matches!(
        refused("poetry.lock", "[metadata]\nlock-version = \"3.0\"\n"),
        LockError::Version { found, .. } if found == "3.0"
    ));
}

#[test]
fn pdm() {
    let text = format!(
        r#"[metadata]
groups = ["default"]
lock_version = "4.5.0"

[[package]]
name = "demo"
version = "1.0"
files = [{{url = "https://files.example/demo-1.0.tar.gz", hash = "sha256:{ONE}"}}]

[[package]]
name = "demo"
version = "1.0"
extras = ["more"]
files = [{{file = "demo-1.0.tar.gz", hash = "sha256:{ONE}"}}]

[[package]]
name = "beside"
version = "1"
path = "./beside"
"#
    );
    assert_eq!(
        told(&parse("pdm.lock", &text)),
        [
            "6: demo 1.0 Index(None) [demo-1.0.tar.gz 11]",
            "11: demo 1.0 Index(None) [demo-1.0.tar.gz 11]",
            "17: beside 1 Directory(\"./beside\") []",
        ]
    );
}

#[test]
fn requirements_with_digests() {
    let text = format!(
        "# by a locker\n--index-url https://packages.example/simple/\n\
         demo[more]==1.0 ; python_version > '3' \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}  # via -r x.in\n\
         other>=1,<2\n\
         unhashed === 2.0\n\
         named @ https://files.example/named-1-py3-none-any.whl#sha256=00\n\
         git+https://git.example/x@abc#egg=x\n\
         ./beside\n-e .\n-r more.txt\n-c limits.txt\n\
         weak==1 --hash md5:00\n"
    );
    assert_eq!(
        told(&parse("requirements.txt", &text)),
        [
            "3: demo 1.0 Index(Some(\"https://packages.example/simple/\")) [- 11, - 22]",
            "6: other - Index(Some(\"https://packages.example/simple/\")) []",
            "7: unhashed 2.0 Index(Some(\"https://packages.example/simple/\")) []",
            "8: named - Url(\"https://files.example/named-1-py3-none-any.whl#sha256=00\") []",
            "9: git+https://git.example/x@abc#egg=x - Vcs(\"git+https://git.example/x@abc#egg=x\") []",
            "10: ./beside - Directory(\"./beside\") []",
            "11: -e . - Directory(\".\") []",
            "12: -r more.txt - Included(\"more.txt\") []",
            "14: weak 1 Index(Some(\"https://packages.example/simple/\")) [- Other(\"md5\")]",
        ]
    );
}

#[test]
fn a_line_that_pip_would_not_read_is_refused_with_its_number() {
    assert!(matches!(
        refused("requirements.txt", "\n\ndemo==1.0 oops\n"),
        LockError::Requirement {
            line: 3,
            source: RequirementError::Versions(_)
        }
    ));
    for (text, option) in [("--new x\n", "--new"), ("demo==1 --new=x\n", "--new")] {
        assert!(matches!(
            refused("requirements.txt", text),
            LockError::Option { line: 1, option: found } if found == option
        ));
    }
}

#[test]
fn reports_of_pip() {
    let text = format!(
        r#"{{"version": "1", "pip_version": "26", "install": [
            {{"metadata": {{"name": "Demo", "version": "1.0"}}, "is_direct": false, "download_info":
              {{"url": "https://files.example/demo-1.0.tar.gz", "archive_info": {{"hash": "sha256={TWO}", "hashes": {{"sha256": "{ONE}"}}}}}}}},
            {{"metadata": {{"name": "mine", "version": "1"}}, "is_direct": true, "download_info":
              {{"url": "file:///srv/mine", "dir_info": {{}}}}}},
            {{"metadata": {{"name": "checkout", "version": "1"}}, "is_direct": true, "download_info":
              {{"url": "https://git.example/x", "vcs_info": {{"vcs": "git", "commit_id": "abc"}}}}}}
        ]}}"#
    );
    assert_eq!(
        told(&parse("report.json", &text)),
        [
            "1: demo 1.0 Index(None) [demo-1.0.tar.gz 11]",
            "1: mine 1 Directory(\"file:///srv/mine\") []",
            "1: checkout 1 Vcs(\"https://git.example/x\") []",
        ]
    );
    assert!(matches!(
        refused("report.json", r#"{"version": "2", "install": []}"#),
        LockError::Version { found, .. } if found == "2"
    ));
}

#[test]
fn what_is_no_lockfile_is_refused() {
    assert!(matches!(
        Lockfile::parse("uv.lock", b"\xff"),
        Err(LockError::Text)
    ));
    assert!(matches!(
        refused("Pipfile.lock", "[x]\n"),
        LockError::Unknown
    ));
    assert!(matches!(refused("notes", "hello"), LockError::Unknown));
    assert!(matches!(
        refused("pylock.toml", "lock-version = \"2.0\"\n"),
        LockError::Version { found, .. } if found == "2.0"
    ));
    assert!(matches!(
        refused("pylock.toml", "packages = 3\n"),
        LockError::Toml { .. }
    ));
    assert!(matches!(refused("report.json", "{"), LockError::Json(_)));
    assert!(matches!(
        Lockfile::parse("uv.lock", &vec![b' '; MAX_LOCK_BYTES + 1]),
        Err(LockError::TooLong)
    ));
}

#[test]
fn names_and_digests_that_are_none_are_told() {
    let text = "lock-version = \"1.0\"\n[[packages]]\nname = \"demo\"\nversion = \"not one\"\nwheels = [{ name = \"demo.whl\", hashes = { sha256 = \"12\" } }]\n";
    assert_eq!(
        told(&parse("pylock.toml", text)),
        ["3: demo - Index(None) [?demo.whl Unreadable(\"12\")]"]
    );
}

#[test]
fn identities_are_written_in_place() {
    let text = "# by hand\nlock-version = '1.0'   # one\n\n[[packages]]\nname = 'demo' # this\nversion = \"1.0\"\n[[packages.wheels]]\nname = 'demo-1.0-py3-none-any.whl'\n\n[[packages]]\nname = \"other\"\n";
    let mut lock = Pylock::parse(text).expect("it is TOML");
    let github = serde_json::json!({"kind": "GitHub", "repository": "example/demo", "workflow": "release.yml", "environment": null});
    lock.set_identities(0, std::slice::from_ref(&github))
        .expect("there are two");
    let written = lock.text();
    assert_eq!(
        written,
        "# by hand\nlock-version = '1.0'   # one\n\n[[packages]]\nname = 'demo' # this\nversion = \"1.0\"\n\
         attestation-identities = [{ kind = \"GitHub\", repository = \"example/demo\", workflow = \"release.yml\" }]\n\
         [[packages.wheels]]\nname = 'demo-1.0-py3-none-any.whl'\n\n[[packages]]\nname = \"other\"\n"
    );
    let entries = parse("pylock.toml", &written);
    assert_eq!(entries[0].identities.as_ref().map(Vec::len), Some(1));
    // Taken out again, it is what it was.
    lock.set_identities(0, &[]).expect("there are two");
    assert_eq!(lock.text(), text);
    assert!(matches!(
        lock.set_identities(2, std::slice::from_ref(&github)),
        Err(IdentitiesError::Package { number: 2 })
    ));
    let mut inline =
        Pylock::parse("lock-version = '1.0'\npackages = [{ name = 'demo' }]\n").expect("TOML");
    inline.set_identities(0, &[github]).expect("there is one");
    assert!(
        inline
            .text()
            .contains("name = 'demo' , attestation-identities")
            || inline
                .text()
                .contains("name = 'demo', attestation-identities")
    );
}
