//! A stack's folder: made, opened, rotated, and what clients are told of it.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use touchplate_attest::TrustRoot;
use touchplate_trust::layout::{
    Founding, Layout, LayoutError, Operator, Role, Rotated, Rotation, SecretFile, StackUrl,
};
use touchplate_trust::{Secret, roots};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    "2026-11-29T12:00:00.5Z".parse().unwrap()
}

fn founding(folder: &Path) -> Founding {
    let url: StackUrl = "http://127.0.0.1:8740".parse().unwrap();
    Founding {
        folder: folder.to_owned(),
        operator: Operator::of_host(&url),
        url,
        domain: "private".parse().unwrap(),
        projects: vec!["*".parse().unwrap()],
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    }
}

fn rotate(folder: &Path, what: Rotation, at: Timestamp) -> Result<Layout, LayoutError> {
    let layout = Layout::open(folder)?.unwrap();
    let secret = layout.secret(None)?;
    let how = Rotated {
        what,
        secret: &secret,
        root_key: None,
        overlap: DAY,
    };
    Layout::rotate(folder, &how, at)
}

fn document(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn a_stack_is_the_same_when_it_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("data/trust");
    let made = founding(&folder).found(now()).unwrap();
    let opened = Layout::open(&folder).unwrap().unwrap();
    assert_eq!(opened.description(), made.description());
    let keys = opened.unlock(&opened.secret(None).unwrap(), now()).unwrap();
    let tsa = keys.tsa.current(now()).unwrap();
    assert_eq!(tsa.chain.len(), 2);
    assert_eq!(keys.authority.current(now()).unwrap().chain.len(), 2);
    assert!(keys.rekor1.current(now()).unwrap().chain.is_empty());
    // What is believed is believed from the whole second on.
    assert_eq!(tsa.window.start, "2026-11-29T12:00:00Z".parse().unwrap());
    // The root stays locked: serving does not need it.
    let root = opened
        .description()
        .keys
        .iter()
        .find(|it| it.role == Role::Root);
    fs::remove_file(opened.path(&root.unwrap().file)).unwrap();
    assert!(opened.unlock(&opened.secret(None).unwrap(), now()).is_ok());
}

#[test]
fn there_is_no_stack_without_a_description() {
    let folder = TempDir::new().unwrap();
    assert!(Layout::open(folder.path()).unwrap().is_none());
    founding(folder.path()).found(now()).unwrap();
    let again = founding(folder.path()).found(now());
    assert!(matches!(again, Err(LayoutError::Exists { .. })));
    // One that was interrupted before the end is made anew.
    fs::remove_file(folder.path().join("stack.toml")).unwrap();
    assert!(Layout::open(folder.path()).unwrap().is_none());
    founding(folder.path()).found(now()).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let layout = founding(&folder.path().join("trust")).found(now()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for entry in &layout.description().keys {
        assert_eq!(mode(&layout.path(&entry.file)), 0o600);
    }
    assert_eq!(mode(&layout.path(&layout.description().secret)), 0o600);
    assert_eq!(mode(layout.folder()), 0o700);
    assert_eq!(mode(&layout.folder().join("keys")), 0o700);
}

#[test]
fn a_damaged_stack_is_not_opened() {
    let folder = TempDir::new().unwrap();
    let layout = founding(folder.path()).found(now()).unwrap();
    let secret = layout.secret(None).unwrap();
    let other = layout.unlock(&Secret::random().unwrap(), now());
    assert!(matches!(other, Err(LayoutError::Key { .. })));
    // One key in the place of another.
    let file = |role| {
        let mut keys = layout.description().keys.iter();
        layout.path(&keys.find(|it| it.role == role).unwrap().file)
    };
    let kept = fs::read(file(Role::Ct)).unwrap();
    fs::copy(file(Role::Rekor1), file(Role::Ct)).unwrap();
    assert!(matches!(
        layout.unlock(&secret, now()),
        Err(LayoutError::OtherKey { .. })
    ));
    fs::write(file(Role::Ct), kept).unwrap();
    // One chain in the place of another.
    let chain = |role| {
        let mut keys = layout.description().keys.iter();
        layout.path(
            keys.find(|it| it.role == role)
                .unwrap()
                .certificates
                .as_deref()
                .unwrap(),
        )
    };
    let kept = fs::read(chain(Role::Authority)).unwrap();
    fs::copy(chain(Role::Tsa), chain(Role::Authority)).unwrap();
    assert!(matches!(
        layout.unlock(&secret, now()),
        Err(LayoutError::Chain { .. })
    ));
    fs::write(chain(Role::Authority), b"").unwrap();
    assert!(matches!(
        layout.unlock(&secret, now()),
        Err(LayoutError::Chain { .. })
    ));
    fs::write(chain(Role::Authority), kept).unwrap();
    // A description that says more than is known, or less than is needed.
    let description = folder.path().join("stack.toml");
    let text = fs::read_to_string(&description).unwrap();
    for bad in [
        format!("other = 1\n{text}"),
        text.replace("version = 1", "version = 2"),
        text.replace("role = \"ct\"", "role = \"other\""),
        text.replace("http://127", "ftp://127"),
        "=".to_owned(),
        " ".repeat((1 << 20) + 1),
    ] {
        fs::write(&description, bad).unwrap();
        assert!(Layout::open(folder.path()).is_err());
    }
    let without = text.replace("role = \"ct\"", "role = \"rekor1\"");
    fs::write(&description, without).unwrap();
    let layout = Layout::open(folder.path()).unwrap().unwrap();
    assert!(matches!(
        layout.unlock(&secret, now()),
        Err(LayoutError::NoKey { role: Role::Ct })
    ));
}

#[test]
fn keys_can_be_kept_elsewhere() {
    let folder = TempDir::new().unwrap();
    let (secret, root) = (folder.path().join("secret"), folder.path().join("root.pem"));
    fs::write(&secret, "correct horse battery staple\n").unwrap();
    let mut founding = founding(&folder.path().join("trust"));
    founding.secret = SecretFile::At(secret.clone());
    founding.root_key = Some(root.clone());
    let layout = founding.found(now()).unwrap();
    assert!(root.exists());
    let pem = fs::read_to_string(&root).unwrap();
    assert!(pem.contains("ENCRYPTED"));
    // Moved away, it is needed only where it certifies something.
    let away = folder.path().join("away.pem");
    fs::rename(&root, &away).unwrap();
    assert!(layout.unlock(&layout.secret(None).unwrap(), now()).is_ok());
    let refused = rotate(layout.folder(), Rotation::Authority, now());
    assert!(matches!(refused, Err(LayoutError::Read { path, .. }) if path == root));
    let secret = layout.secret(Some(&secret)).unwrap();
    let how = Rotated {
        what: Rotation::Authority,
        secret: &secret,
        root_key: Some(&away),
        overlap: DAY,
    };
    let rotated = Layout::rotate(layout.folder(), &how, now()).unwrap();
    assert_eq!(
        rotated.description().keys.len(),
        layout.description().keys.len() + 1
    );
}

#[test]
fn a_rotation_opens_a_new_window_and_ends_the_old_one_later() {
    let folder = TempDir::new().unwrap();
    founding(folder.path()).found(now()).unwrap();
    let later = now() + DAY * 30;
    for (what, role) in [
        (Rotation::Authority, Role::Authority),
        (Rotation::Log, Role::Rekor1),
        (Rotation::Ct, Role::Ct),
        (Rotation::Tsa, Role::Tsa),
    ] {
        let layout = rotate(folder.path(), what, later).unwrap();
        let secret = layout.secret(None).unwrap();
        let windows: Vec<_> = layout
            .description()
            .keys
            .iter()
            .filter(|it| it.role == role)
            .collect();
        let [old, new] = windows.as_slice() else {
            panic!("{windows:?}")
        };
        let start: Timestamp = "2026-12-29T12:00:00Z".parse().unwrap();
        assert_eq!(
            (old.end, new.start, new.end),
            (Some(start + DAY), start, None)
        );
        assert_ne!(old.public, new.public);
        // A server that began before goes on with the old key; one that begins now takes the new one.
        let keys = layout.unlock(&secret, later).unwrap();
        let ring = match role {
            Role::Rekor1 => &keys.rekor1,
            Role::Ct => &keys.ct,
            Role::Tsa => &keys.tsa,
            Role::Authority | Role::Root | Role::Rekor2 => &keys.authority,
        };
        let id = |entry: &touchplate_trust::layout::KeyEntry| entry.spki().unwrap();
        assert_eq!(ring.current(later).unwrap().key.public(), id(new));
        assert_eq!(ring.at(now()).unwrap().key.public(), id(old));
        assert!(ring.at(now() - DAY).is_none());
    }
    // Clients are told of all of them.
    let json = fs::read(folder.path().join("root.json")).unwrap();
    let root = TrustRoot::from_json(&json).unwrap();
    let told = document(folder.path(), "root.json");
    for (part, count) in [
        ("tlogs", 4),
        ("certificateAuthorities", 2),
        ("ctlogs", 2),
        ("timestampAuthorities", 2),
    ] {
        assert_eq!(told[part].as_array().unwrap().len(), count, "{part}");
    }
    drop(root);
    // The old authority's key may go once its time is over.
    let layout = Layout::open(folder.path()).unwrap().unwrap();
    let old = layout
        .description()
        .keys
        .iter()
        .find(|it| it.role == Role::Authority);
    fs::remove_file(layout.path(&old.unwrap().file)).unwrap();
    let secret = layout.secret(None).unwrap();
    assert!(layout.unlock(&secret, later).is_err());
    assert!(layout.unlock(&secret, later + DAY * 2).is_ok());
}

#[test]
fn a_new_root_certifies_a_new_authority() {
    let folder = TempDir::new().unwrap();
    founding(folder.path()).found(now()).unwrap();
    let layout = rotate(folder.path(), Rotation::Root, now() + DAY).unwrap();
    let keys = layout
        .unlock(&layout.secret(None).unwrap(), now() + DAY)
        .unwrap();
    let [new, old] = keys.authority.all() else {
        panic!("{:?}", keys.authority)
    };
    assert_ne!(new.chain.last(), old.chain.last());
    // The next rotation is certified by the new root.
    let layout = rotate(folder.path(), Rotation::Authority, now() + DAY * 2).unwrap();
    let keys = layout
        .unlock(&layout.secret(None).unwrap(), now() + DAY * 2)
        .unwrap();
    assert_eq!(keys.authority.all()[0].chain.last(), new.chain.last());
}

#[test]
fn clients_are_told_where_to_sign() {
    let folder = TempDir::new().unwrap();
    let layout = founding(folder.path()).found(now()).unwrap();
    let documents = roots::documents(&layout, now()).unwrap();
    for document in &documents {
        assert_eq!(
            fs::read_to_string(folder.path().join(document.name)).unwrap(),
            document.json
        );
    }
    let both = document(folder.path(), "signing_config.json");
    assert_eq!(both["caUrls"][0]["url"], "http://127.0.0.1:8740");
    let urls = |config: &Value| {
        let services = config["rekorTlogUrls"].as_array().unwrap().clone();
        let services = services.into_iter();
        services
            .map(|it| it["url"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        urls(&both),
        [
            "http://127.0.0.1:8740/trust/rekor2",
            "http://127.0.0.1:8740/trust/rekor1"
        ]
    );
    let first = document(folder.path(), "trust_config.rekor1.json");
    assert_eq!(
        urls(&first["signingConfig"]),
        ["http://127.0.0.1:8740/trust/rekor1"]
    );
    assert_eq!(first["trustedRoot"], document(folder.path(), "root.json"));
    assert_eq!(
        both["tsaUrls"][0]["url"],
        "http://127.0.0.1:8740/trust/tsa/api/v1/timestamp"
    );
}
