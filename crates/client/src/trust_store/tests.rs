//! What is stored comes back, what is not as it was written is refused, and no reader sees half of a change.

use std::error::Error;

use tempfile::TempDir;

use super::*;

fn domain(name: &str, projects: &[&str]) -> StoredDomain {
    let config = TrustConfig::staging().with_signing_config(Some("{\"caUrls\": []}".to_owned()));
    let projects = projects.iter().map(|text| text.parse().unwrap()).collect();
    StoredDomain {
        name: name.parse().unwrap(),
        config,
        scope: Scope::new(
            projects,
            vec!["https://gitlab.acme.example".parse().unwrap()],
        ),
        origin: Origin::File,
        as_of: "2026-11-25T00:00:00Z".parse().unwrap(),
    }
}

/// A store with `acme`.
fn stored() -> (TempDir, TrustStore) {
    let folder = TempDir::new().unwrap();
    let store = TrustStore::at(folder.path().join("deep/trust"));
    put(&store, domain("acme", &["acme-*", "tools"])).unwrap();
    (folder, store)
}

fn put(store: &TrustStore, domain: StoredDomain) -> Result<(), TrustStoreError> {
    store.edit(|domains| {
        domains.put(domain);
        Ok(())
    })
}

fn names(store: &TrustStore) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(store.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn without_a_store_the_public_good_domain_is_there_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let store = TrustStore::at(folder.path().join("trust"));
    let domains = store.load().unwrap();
    let only: Vec<_> = domains.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(only, ["public-good"]);
    let domains = domains.trust_domains().unwrap();
    assert_eq!(domains.domains().len(), 1);
    assert!(!store.exists() && !store.folder().exists());
}

#[test]
fn what_is_stored_comes_back() {
    let (_folder, store) = stored();
    let domains = store.load().unwrap();
    let acme = domains.named(&"acme".parse().unwrap()).unwrap();
    let expected = domain("acme", &["acme-*", "tools"]);
    assert_eq!(acme.scope, expected.scope);
    assert_eq!(acme.config.root_json(), expected.config.root_json());
    assert_eq!(
        acme.config.signing_config(),
        expected.config.signing_config()
    );
    assert_eq!(
        (&acme.origin, acme.as_of),
        (&expected.origin, expected.as_of)
    );
    // The public-good one stays the embedded one, so that a newer program brings a newer root.
    let public_good = domains.named(&DomainName::public_good()).unwrap();
    assert_eq!(public_good.origin, Origin::Embedded);
    let text = fs::read_to_string(store.folder().join("domains.toml")).unwrap();
    let digest = acme.config.root().digest().to_string();
    let body = format!(
        "version = 1\n\n[domain.acme]\nroot-sha256 = \"{digest}\"\nsigning-config-sha256 = \"{}\"\n\
         as-of = \"2026-11-25T00:00:00Z\"\norigin = \"file\"\nprojects = [\n    \"acme-*\",\n    \"tools\",\n]\n\
         issuers = [\"https://gitlab.acme.example\"]\n\n[domain.public-good]\nprojects = []\n",
        Sha256::of(b"{\"caUrls\": []}")
    );
    let body = body.replace("projects = []\n", "");
    assert_eq!(text, format!("{}{body}", document::HEADER));
}

#[test]
fn a_change_leaves_no_file_behind_and_an_operators_own_alone() {
    let (_folder, store) = stored();
    fs::write(store.folder().join("acme.notes.root.json"), "mine").unwrap();
    assert_eq!(names(&store).len(), 5);
    let mut other = domain("acme", &["acme-*"]);
    other.config = TrustConfig::public_good();
    put(&store, other).unwrap();
    let digest = TrustConfig::public_good().root().digest().to_string();
    assert_eq!(
        names(&store),
        [
            ".lock",
            &format!("acme.{}.root.json", &digest[..16]),
            "acme.notes.root.json",
            "domains.toml"
        ]
    );
    assert!(store.load().is_ok());
}

#[test]
fn what_does_not_fit_together_is_not_stored() {
    let (_folder, store) = stored();
    let before = fs::read(store.folder().join("domains.toml")).unwrap();
    let refused = put(&store, domain("other", &["*"])).unwrap_err();
    assert!(matches!(
        refused,
        TrustStoreError::Domains {
            source: DomainsError::AllNames { .. },
            ..
        }
    ));
    assert_eq!(
        fs::read(store.folder().join("domains.toml")).unwrap(),
        before
    );
    assert_eq!(names(&store).len(), 4);
}

#[test]
fn an_edited_list_is_read_and_each_fault_has_its_own_refusal() {
    use TrustStoreError as E;
    let (_folder, store) = stored();
    let list = store.folder().join("domains.toml");
    let text = fs::read_to_string(&list).unwrap();
    let refuses = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        fs::write(&list, changed).unwrap();
        store.load().map(|_| ()).unwrap_err()
    };
    assert!(
        matches!(refuses("version = 1", "version = 2"), E::Version { found, .. } if found == "2")
    );
    assert!(matches!(refuses("version = 1", ""), E::Version { found, .. } if found == "none"));
    assert!(matches!(
        refuses("version = 1", "version ="),
        E::Syntax { .. }
    ));
    let unknown = refuses("issuers =", "isuers =");
    assert!(matches!(unknown, E::Shape { .. }));
    assert!(unknown.source().unwrap().to_string().contains("isuers"));
    assert!(matches!(
        refuses("\"acme-*\"", "\"*-acme\""),
        E::Shape { .. }
    ));
    assert!(matches!(
        refuses("[domain.acme]", "[domain.\"../acme\"]"),
        E::Shape { .. }
    ));
    assert!(matches!(refuses("root-sha256", "# "), E::NoRoot { .. }));
    assert!(matches!(refuses("as-of", "# "), E::NoDate { .. }));
    assert!(matches!(
        refuses("\"acme-*\"", "\"*\""),
        E::Domains {
            source: DomainsError::AllNames { .. },
            ..
        }
    ));
    assert!(matches!(
        refuses("[domain.acme]", "all = 1\n[domain.acme]"),
        E::Shape { .. }
    ));
    // Stated, it is so.
    let stated = text
        .replace("\"acme-*\"", "\"*\"")
        .replace("[domain.acme]", "[domain.acme]\nall-names = true");
    fs::write(&list, stated).unwrap();
    assert!(store.load().is_ok());
    fs::write(&list, [0xff]).unwrap();
    assert!(matches!(store.load().unwrap_err(), E::NotText { .. }));
    fs::write(&list, " ".repeat(MAX_LIST_BYTES + 1)).unwrap();
    assert!(matches!(store.load().unwrap_err(), E::TooLarge { .. }));
}

#[cfg(unix)]
#[test]
fn a_list_that_cannot_be_looked_at_is_no_absent_one() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("trust"),
        "a file in the place of the folder",
    )
    .unwrap();
    let store = TrustStore::at(folder.path().join("trust"));
    assert!(store.exists());
    assert!(store.load().unwrap_err().is_outside());
}

#[test]
fn another_root_in_the_place_of_the_stored_one_is_refused() {
    let (_folder, store) = stored();
    let root = names(&store)
        .into_iter()
        .find(|name| name.ends_with(".root.json"))
        .unwrap();
    let path = store.folder().join(root);
    fs::write(&path, TrustConfig::public_good().root_json()).unwrap();
    let refused = store.load().unwrap_err();
    assert!(matches!(refused, TrustStoreError::Digest { .. }) && !refused.is_outside());
    fs::remove_file(path).unwrap();
    let refused = store.load().unwrap_err();
    assert!(matches!(refused, TrustStoreError::Unreadable { .. }) && refused.is_outside());
}

#[test]
fn a_reader_beside_writers_sees_one_set_or_the_other() {
    let (_folder, store) = stored();
    std::thread::scope(|scope| {
        let writer = |config: TrustConfig| {
            let store = store.clone();
            move || {
                for _ in 0..15 {
                    let mut acme = domain("acme", &["acme-*"]);
                    acme.config = config.clone();
                    put(&store, acme).unwrap();
                }
            }
        };
        let writers = [
            scope.spawn(writer(TrustConfig::public_good())),
            scope.spawn(writer(TrustConfig::staging())),
        ];
        while !writers
            .iter()
            .all(std::thread::ScopedJoinHandle::is_finished)
        {
            store.load().unwrap();
        }
    });
}

#[test]
fn the_environment_says_where_it_is() {
    let folder = |set: &[(&str, &str)]| {
        let value = |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let store = TrustStore::of_environment(value)?;
        Some(store.folder().to_str().unwrap().to_owned())
    };
    let home = ("HOME", "/home/a");
    let data = ("XDG_DATA_HOME", "/data");
    assert_eq!(
        folder(&[home, data, (FOLDER_VARIABLE, "here")]).unwrap(),
        "here"
    );
    assert_eq!(folder(&[home, data]).unwrap(), "/data/touchplate/trust");
    let default = "/home/a/.local/share/touchplate/trust";
    assert_eq!(folder(&[home]).unwrap(), default);
    assert_eq!(
        folder(&[home, ("XDG_DATA_HOME", "data"), (FOLDER_VARIABLE, "")]).unwrap(),
        default
    );
    assert_eq!(folder(&[]), None);
}
