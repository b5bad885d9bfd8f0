use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A machine: a home, a project folder, an environment.
struct Machine {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("work/deep")).unwrap();
        Self {
            folder,
            variables: Vec::new(),
        }
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn find(&self, given: Given<'_>) -> Result<Option<Destination>, CredentialsError> {
        let home = self.path("home").display().to_string();
        let variable = |name: &str| {
            let mut variables = self.variables.iter();
            let given = variables.find(|(known, _)| known == name);
            given.map_or_else(
                || (name == "HOME").then(|| home.clone()),
                |(_, value)| Some(value.clone()),
            )
        };
        Destination::find(
            &given,
            Places {
                variable: &variable,
                folder: &self.path("work/deep"),
                system: self.folder.path(),
            },
        )
    }

    /// The upload URL, and `username:password` with where it is from.
    #[track_caller]
    fn finds(&self, given: Given<'_>) -> (String, String) {
        let found = self.find(given).unwrap().expect("an index is named");
        let credential = found.credential.map(|credential| {
            let Credential {
                username,
                password,
                origin,
            } = credential;
            format!("{username}:{password} from {origin}")
        });
        let who = credential.or(found.username).unwrap_or_default();
        (found.url.to_string(), who)
    }
}

fn to(index: &str) -> Given<'_> {
    Given {
        index: Some(index),
        ..Given::default()
    }
}

const ACME: &str = "https://acme.example/legacy/";

const PYPIRC: &str = "[distutils]\nindex-servers =\n    acme\n    other\n\n[acme]\nrepository: https://acme.example/legacy/\nusername = alice\npassword = of%20alice\n\n# another\n[other]\nrepository = https://other.example/up\npassword = tp-other\n\n[pypi]\nusername = __token__\npassword = tp-nowhere\n";

#[test]
fn nothing_is_built_in() {
    assert!(Machine::new().find(Given::default()).unwrap().is_none());
    let machine = Machine::new().with("home/.pypirc", "[pypi]\nusername = a\npassword = b\n");
    assert!(machine.find(Given::default()).unwrap().is_none());
    let unknown = machine.find(to("pypi")).unwrap_err();
    assert!(
        matches!(unknown, CredentialsError::UnknownName { .. }),
        "{unknown}"
    );
    let twine = machine.set("TWINE_REPOSITORY", "pypi");
    assert!(matches!(
        twine.find(Given::default()),
        Err(CredentialsError::UnknownName { .. })
    ));
}

#[test]
fn what_is_said_later_in_the_order_gives_way() {
    let machine = Machine::new().with("home/.pypirc", PYPIRC);
    let alice = format!(
        "alice:of%20alice from section `[acme]` of `{}`",
        machine.path("home/.pypirc").display()
    );
    assert_eq!(machine.finds(to("acme")), (ACME.into(), alice.clone()));
    let machine = machine.set("TWINE_REPOSITORY", "acme");
    assert_eq!(machine.finds(Given::default()), (ACME.into(), alice));
    let machine = machine.set("TWINE_PASSWORD", "of twine");
    assert_eq!(
        machine.finds(Given::default()).1,
        "__token__:of twine from `TWINE_…` in the environment"
    );
    let machine = machine.set("TWINE_REPOSITORY_URL", "https://twine.example/");
    assert_eq!(machine.finds(Given::default()).0, "https://twine.example/");
    let machine = machine
        .set("UV_PUBLISH_URL", "https://uv.example/")
        .set("UV_PUBLISH_TOKEN", "tp-uv");
    assert_eq!(
        machine.finds(Given::default()),
        (
            "https://uv.example/".into(),
            "__token__:tp-uv from `UV_PUBLISH_…` in the environment".into()
        )
    );
    let machine = machine
        .set(
            "TOUCHPLATE_PUBLISH_URL",
            "https://us%40er:p%3Ass@ours.example/",
        )
        .set("TOUCHPLATE_PUBLISH_TOKEN", "tp-ours");
    // What the URL says is said of this URL alone.
    assert_eq!(
        machine.finds(Given::default()),
        (
            "https://ours.example/".into(),
            "us@er:p:ss from the URL from `TOUCHPLATE_PUBLISH_URL`".into()
        )
    );
    let given = Given {
        token: Some("tp-flag"),
        ..to("https://flag.example/")
    };
    assert_eq!(
        machine.finds(given),
        (
            "https://flag.example/".into(),
            "__token__:tp-flag from the command line".into()
        )
    );
}

#[test]
fn a_password_goes_with_the_username_that_was_stated() {
    let machine = Machine::new()
        .with("home/.pypirc", PYPIRC)
        .set("UV_PUBLISH_USERNAME", "bob")
        .set("TWINE_USERNAME", "carol")
        .set("TWINE_PASSWORD", "of carol");
    // Neither carol's nor alice's: bob's is still to be found.
    assert_eq!(machine.finds(to("acme")).1, "bob");
    let given = Given {
        username: Some("alice"),
        ..to("acme")
    };
    assert!(
        machine
            .finds(given)
            .1
            .starts_with("alice:of%20alice from section")
    );
    let given = Given {
        username: Some("carol"),
        ..to("acme")
    };
    assert!(
        machine
            .finds(given)
            .1
            .starts_with("carol:of carol from `TWINE_…`")
    );
}

#[test]
fn a_section_speaks_for_its_own_url_alone() {
    let machine = Machine::new().with("home/.pypirc", PYPIRC);
    for (url, who) in [
        ("https://other.example/up/", "__token__:tp-other"),
        ("https://other.example/", ""),
        ("https://other.example/upper", ""),
        ("http://other.example/up", ""),
        ("https://acme.example:8443/legacy/", ""),
    ] {
        let found = machine.finds(to(url)).1;
        let found = found.split(" from ").next().unwrap_or_default();
        assert_eq!(found, who, "{url}");
    }
}

#[test]
fn uv_is_told_of_indexes_by_name() {
    let machine = Machine::new().with(
        "work/pyproject.toml",
        "[[tool.uv.index]]\nname = 'acme'\nurl = 'https://acme.example/simple'\npublish-url = 'https://acme.example/legacy/'\n\
         [[tool.uv.index]]\nurl = 'https://reading.example/simple'\n",
    );
    for given in [to("acme"), Given::default()] {
        let found = machine.find(given).unwrap().unwrap();
        assert_eq!(found.url.as_str(), ACME);
        assert_eq!(
            found.simple.unwrap().as_str(),
            "https://acme.example/simple"
        );
        assert!(
            found.origin.starts_with("index `acme` of `"),
            "{}",
            found.origin
        );
    }
    let machine = machine.set("UV_PUBLISH_CHECK_URL", "https://u:p@check.example/");
    let found = machine.find(to("acme")).unwrap().unwrap();
    assert_eq!(found.simple.unwrap().as_str(), "https://check.example/");
    let machine = machine.set("UV_PUBLISH_INDEX", "acme");
    assert_eq!(machine.finds(Given::default()).0, ACME);
    let machine = Machine::new().with(
        "work/uv.toml",
        "publish-url = 'https://top.example/'\ncheck-url = 'https://top.example/simple/'\n",
    );
    assert_eq!(machine.finds(Given::default()).0, "https://top.example/");
}

#[test]
fn of_several_indexes_none_is_guessed() {
    let machine = Machine::new().with("home/.pypirc", PYPIRC);
    let several = machine.find(Given::default()).unwrap_err().to_string();
    assert!(
        several.contains("`[acme]`") && several.contains("`[other]`"),
        "{several}"
    );
    assert!(several.contains("--index NAME"), "{several}");
}

#[test]
fn what_cannot_be_used_is_refused_and_not_repeated() {
    let machine = Machine::new().set("UV_PUBLISH_URL", "hush://user:hunter2@x.example");
    let refused = machine.find(Given::default()).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    let machine = Machine::new().with("home/.pypirc", "[acme]\nhunter2\n");
    let refused = machine.find(to(ACME)).unwrap_err();
    assert!(matches!(refused, CredentialsError::Pypirc { line: 2, .. }));
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    let both = Given {
        token: Some("tp-1"),
        password: Some("hunter2"),
        ..to(ACME)
    };
    let refused = Machine::new().find(both).unwrap_err();
    assert!(matches!(refused, CredentialsError::TokenAndMore { .. }));
    let broken = Machine::new().with("work/uv.toml", "publish-url = [");
    assert!(matches!(
        broken.find(Given::default()),
        Err(CredentialsError::Configuration(_))
    ));
}

#[test]
fn a_pypirc_that_is_cut_short_or_changed_is_answered() {
    let read = |text: String| {
        if let Ok(pypirc) = Pypirc::parse(PathBuf::new(), &text) {
            pypirc.all();
            pypirc.stated(&ACME.parse().unwrap());
        }
    };
    for (at, _) in PYPIRC.char_indices() {
        read(PYPIRC[..at].to_owned());
        read(PYPIRC[at..].to_owned());
        for with in ['[', ']', '=', ':', '\n', '%', '\u{0}'] {
            read(format!("{}{with}{}", &PYPIRC[..at], &PYPIRC[at + 1..]));
        }
    }
}

#[test]
fn a_credential_is_a_header_and_is_never_shown() {
    let credential = Credential::token("tp-hunter2", "somewhere");
    let expected = STANDARD.encode("__token__:tp-hunter2");
    assert_eq!(credential.authorization(), format!("Basic {expected}"));
    assert_eq!(credential.secret(), "tp-hunter2");
    let machine = Machine::new().set("TWINE_PASSWORD", "tp-hunter2");
    let found = machine.find(to(ACME)).unwrap();
    assert!(!format!("{credential:?} {found:?}").contains("hunter2"));
}

#[test]
fn the_netrc_is_by_host_and_by_the_stated_username() {
    let netrc = Netrc::parse("machine acme.example login alice password x");
    let url: Url = ACME.parse().unwrap();
    let kept = |url: &Url, username| Credential::kept(url, username, &netrc, None).unwrap();
    assert_eq!(
        kept(&url, None).unwrap().authorization(),
        format!("Basic {}", STANDARD.encode("alice:x"))
    );
    assert_eq!(kept(&url, Some("alice")).unwrap().origin(), "`.netrc`");
    assert_eq!(kept(&url, Some("bob")), None);
    let other: Url = "https://b.acme.example/legacy/".parse().unwrap();
    assert_eq!(kept(&other, None), None);
}

/// A `keyring` that answers by a shell script; `"$*"` is what it is asked.
fn keyring(machine: &Machine, script: &str) -> Keyring {
    use std::os::unix::fs::PermissionsExt as _;
    let path = machine.path("keyring");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Keyring::at(path)
}

#[test]
fn the_keyring_is_asked_for_the_url_and_then_for_the_host() {
    let machine = Machine::new();
    let url: Url = "https://acme.example:8443/legacy/".parse().unwrap();
    let netrc = Netrc::default();
    let kept = |username, script: &str| {
        let found = Credential::kept(&url, username, &netrc, Some(&keyring(&machine, script)));
        found.map(|found| found.map(|it| format!("{}:{}", it.username(), it.secret())))
    };
    let by_url = r#"[ "$*" = "get https://acme.example:8443/legacy/ alice" ] && echo "pass word""#;
    assert_eq!(
        kept(Some("alice"), by_url).unwrap().unwrap(),
        "alice:pass word"
    );
    let by_host = r#"[ "$*" = "--mode creds get acme.example:8443" ] && printf 'bob\nsecret\n'"#;
    assert_eq!(kept(None, by_host).unwrap().unwrap(), "bob:secret");
    assert_eq!(kept(None, "exit 1").unwrap(), None);
    let elder = "echo 'keyring: error: unrecognized arguments: --mode' >&2; exit 2";
    assert_eq!(kept(None, elder).unwrap(), None);
    let broken = "echo Traceback >&2; echo 'KeyringLocked: no' >&2; exit 1";
    let refused = kept(Some("alice"), broken).unwrap_err().to_string();
    assert!(refused.contains("KeyringLocked: no"), "{refused}");
    let nowhere = Keyring::at(machine.path("not-there"));
    let kept = Credential::kept(&url, None, &netrc, Some(&nowhere)).unwrap();
    assert_eq!(kept, None);
}
