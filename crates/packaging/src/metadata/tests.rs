use super::*;
use crate::metadata::field::Field;

fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let head = [
        ("metadata_version", "2.5"),
        ("name", "Demo"),
        ("version", "1.0"),
    ];
    let replaced = |name: &str| fields.iter().any(|(given, _)| *given == name);
    let kept = head.iter().filter(|(name, _)| !replaced(name));
    kept.chain(fields)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn read(fields: &[(&str, &str)], profile: Profile) -> Result<CoreMetadata, MetadataError> {
    CoreMetadata::from_form(&form(fields), profile)
}

#[test]
fn a_full_form() {
    let metadata = read(
        &[
            (":action", "file_upload"),
            ("summary", "A sample"),
            ("description", "# Sample\n\nwith text"),
            (
                "description_content_type",
                "text/markdown; charset=UTF-8; variant=GFM",
            ),
            ("keywords", "one, two,three,"),
            ("home_page", "https://example.org/"),
            ("author", "A. Uthor"),
            (
                "author_email",
                "A. Uthor <author@example.org>, B <b@example.org>",
            ),
            ("maintainer_email", "Just A. Name"),
            ("license_expression", "mit OR Apache-2.0"),
            ("license_file", "LICENSE"),
            ("license_file", "licenses/other.txt"),
            ("requires_python", ">=3.9,<4"),
            ("requires_dist", "requests>=2; extra == 'http'"),
            ("requires_dist", "tomli"),
            ("classifiers", "Programming Language :: Python :: 3"),
            ("project_urls", "Source, https://example.org/a,b"),
            ("project_urls", "Issues,https://example.org/issues"),
            ("provides_extra", "Http_Client"),
            ("dynamic", "Requires-Dist"),
            ("platform", "any"),
            ("import_names", "demo"),
            ("import_name", "_demo ; private"),
            ("import_namespaces", "space"),
            ("unheard_of", "x"),
            ("attestations", "[]"),
        ],
        Profile::Pypi,
    )
    .unwrap();
    let expected = CoreMetadata {
        metadata_version: MetadataVersion::V2_5,
        name: "Demo".parse().unwrap(),
        version: "1.0".parse().unwrap(),
        summary: Some("A sample".to_owned()),
        description: Some("# Sample\n\nwith text".to_owned()),
        description_content_type: Some("text/markdown; charset=UTF-8; variant=GFM".to_owned()),
        requires_python: Some(">=3.9,<4".to_owned()),
        requires_dist: vec![
            "requests>=2; extra == 'http'".to_owned(),
            "tomli".to_owned(),
        ],
        classifiers: vec!["Programming Language :: Python :: 3".to_owned()],
        keywords: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
        home_page: Some("https://example.org/".to_owned()),
        download_url: None,
        project_urls: vec![
            ("Source".to_owned(), "https://example.org/a,b".to_owned()),
            ("Issues".to_owned(), "https://example.org/issues".to_owned()),
        ],
        author: Some("A. Uthor".to_owned()),
        author_email: Some("A. Uthor <author@example.org>, B <b@example.org>".to_owned()),
        maintainer: None,
        maintainer_email: Some("Just A. Name".to_owned()),
        license: None,
        license_expression: Some("MIT OR Apache-2.0".to_owned()),
        license_files: vec!["LICENSE".to_owned(), "licenses/other.txt".to_owned()],
        provides_extra: vec!["http-client".to_owned()],
        dynamic: vec!["requires-dist".to_owned()],
        import_names: vec!["demo".to_owned(), "_demo ; private".to_owned()],
        import_namespaces: vec!["space".to_owned()],
        platforms: vec!["any".to_owned()],
        supported_platforms: vec![],
        requires: vec![],
        provides: vec![],
        obsoletes: vec![],
        provides_dist: vec![],
        obsoletes_dist: vec![],
        requires_external: vec![],
    };
    assert_eq!(metadata, expected);
    let json = serde_json::to_string(&metadata).unwrap();
    assert_eq!(
        serde_json::from_str::<CoreMetadata>(&json).unwrap(),
        expected
    );
}

#[test]
fn unknown_empty_and_nul_are_read_as_the_public_index_does() {
    let metadata = read(
        &[
            ("summary", " UNKNOWN "),
            ("license", "UNKNOWN"),
            ("requires_python", ""),
            ("classifiers", ""),
            ("platform", "UNKNOWN"),
            ("author", "a\0b"),
        ],
        Profile::Private,
    )
    .unwrap();
    assert_eq!(
        (metadata.summary, metadata.license, metadata.requires_python),
        (None, None, None)
    );
    assert!(metadata.classifiers.is_empty() && metadata.platforms.is_empty());
    assert_eq!(metadata.author.as_deref(), Some("a\\x00b"));
}

/// Each row breaks one rule under both profiles: the fields, the field that the error names, how the message begins.
#[test]
fn each_rule_of_the_form_has_its_own_refusal() {
    let long = "a".repeat(513);
    let label = format!("{}, https://example.org", "l".repeat(33));
    let huge = "a".repeat(MAX_VALUE_BYTES + 1);
    for (fields, field, message) in [
        (
            &[("metadata_version", "")][..],
            "metadata-version",
            "'metadata-version' is a required field",
        ),
        (
            &[("metadata_version", "2.0")],
            "metadata-version",
            "'2.0' is not a valid metadata version",
        ),
        (
            &[("metadata_version", "2.6")],
            "metadata-version",
            "'2.6' is not a valid metadata version",
        ),
        (
            &[("metadata_version", "1")],
            "metadata-version",
            "'1' is not a valid metadata version",
        ),
        (&[("name", "")], "name", "'name' is a required field"),
        (&[("name", "UNKNOWN")], "name", "'name' is a required field"),
        (
            &[("name", "foo-")],
            "name",
            "'foo-' is an invalid value for Name. Error: Start and end with",
        ),
        (
            &[("version", "")],
            "version",
            "'version' is a required field",
        ),
        (
            &[("version", "dog")],
            "version",
            "'dog' is invalid for 'version'",
        ),
        (
            &[("name", "a"), ("name", "b")],
            "name",
            "'name' has invalid data",
        ),
        (
            &[("author_email", "a@b.c"), ("author_email", "a@b.c")],
            "author_email",
            "'author_email' has invalid data",
        ),
        (
            &[("author", &huge)],
            "author",
            "'author' has invalid data: expected at most 65536 bytes, found 65537",
        ),
        (
            &[("metadata_version", "2.1"), ("license_expression", "MIT")],
            "license-expression",
            "license-expression introduced in metadata version 2.4, not 2.1",
        ),
        (
            &[("metadata_version", "1.0"), ("classifiers", "A :: B")],
            "classifier",
            "classifier introduced in metadata version 1.1, not 1.0",
        ),
        (
            &[("summary", "a\nb")],
            "summary",
            "'summary' must be a single line",
        ),
        (
            &[("summary", &long)],
            "summary",
            "'summary' field must be 512 characters or less.",
        ),
        (
            &[("description_content_type", "text/html")],
            "description-content-type",
            "'description-content-type' must be one of [",
        ),
        (
            &[("description_content_type", "text/plain; charset=latin-1")],
            "description-content-type",
            "'description-content-type' can only specify the UTF-8 charset, not 'latin-1'",
        ),
        (
            &[("description_content_type", "text/markdown;variant=GitHub")],
            "description-content-type",
            "valid Markdown variants for 'description-content-type' are ['GFM', 'CommonMark'], not 'GitHub'",
        ),
        (
            &[("dynamic", "Version")],
            "dynamic",
            "'version' is not allowed as a dynamic field",
        ),
        (
            &[("dynamic", "colour")],
            "dynamic",
            "'colour' is not a valid dynamic field",
        ),
        (
            &[("provides_extra", "a b")],
            "provides-extra",
            "'a b' is invalid for 'provides-extra'",
        ),
        (
            &[("requires_python", "3.9")],
            "requires-python",
            "'3.9' is invalid for 'requires-python'",
        ),
        (
            &[("requires_python", ">=3.*")],
            "requires-python",
            "'>=3.*' is invalid for 'requires-python'",
        ),
        (
            &[("requires_dist", "a b")],
            "requires-dist",
            "'a b' is invalid for 'requires-dist'",
        ),
        (
            &[("provides_dist", "a; x")],
            "provides-dist",
            "'a; x' is invalid for 'provides-dist'",
        ),
        (
            &[("obsoletes_dist", "=")],
            "obsoletes-dist",
            "'=' is invalid for 'obsoletes-dist'",
        ),
        (
            &[("license_expression", "Mine")],
            "license-expression",
            "'Mine' is invalid for 'license-expression'",
        ),
        (
            &[("license_expression", "MIT"), ("license", "MIT")],
            "license",
            "License is deprecated when License-Expression is present.",
        ),
        (
            &[("license_file", "../L")],
            "license-file",
            "'../L' is invalid for 'license-file', parent directory",
        ),
        (
            &[("license_file", "L*")],
            "license-file",
            "'L*' is invalid for 'license-file', paths must be resolved",
        ),
        (
            &[("license_file", "/L")],
            "license-file",
            "'/L' is invalid for 'license-file', paths must be relative",
        ),
        (
            &[("license_file", "C:/L")],
            "license-file",
            "'C:/L' is invalid for 'license-file', paths must be relative",
        ),
        (
            &[("license_file", "a\\L")],
            "license-file",
            "'a\\L' is invalid for 'license-file', paths must use '/'",
        ),
        (
            &[("license_file", "./L")],
            "license-file",
            "'./L' is invalid for 'license-file', paths must use '/'",
        ),
        (
            &[("import_name", "a..b")],
            "import-name",
            "'a..b' is invalid for 'import-name'; '' is not a valid",
        ),
        (
            &[("import_name", "class")],
            "import-name",
            "'class' is invalid for 'import-name'; 'class' is not",
        ),
        (
            &[("import_namespace", "1a")],
            "import-namespace",
            "'1a' is invalid for 'import-namespace'; '1a' is not",
        ),
        (
            &[("import_name", "a; public")],
            "import-name",
            "'a; public' is invalid for 'import-name'; the only valid",
        ),
        (
            &[("classifiers", "Nonsense")],
            "classifier",
            "'Nonsense' is not a valid classifier.",
        ),
        (
            &[("classifiers", "Topic ::  :: X")],
            "classifier",
            "'Topic ::  :: X' is not a valid classifier.",
        ),
        (
            &[("classifiers", "Topic :: X\n")],
            "classifier",
            "'Topic :: X\\n' is not a valid classifier.",
        ),
        (
            &[("home_page", "javascript:alert(1)")],
            "home-page",
            "'javascript:alert(1)' is not a valid url.",
        ),
        (
            &[("home_page", "example.org")],
            "home-page",
            "'example.org' is not a valid url.",
        ),
        (
            &[("home_page", "https://a b/")],
            "home-page",
            "'https://a b/' is not a valid url.",
        ),
        (
            &[("download_url", "ftp://example.org")],
            "download-url",
            "'ftp://example.org' is not a valid url.",
        ),
        (
            &[("project_urls", ",https://example.org")],
            "project-url",
            "Must have a label",
        ),
        (
            &[("project_urls", "Source")],
            "project-url",
            "Must have a URL",
        ),
        (&[("project_urls", &label)], "project-url", "'llll"),
        (
            &[("project_urls", "X, data:text/html,x")],
            "project-url",
            "'data:text/html,x' is not a valid url.",
        ),
        (
            &[
                ("project_urls", "X, https://a.example"),
                ("project_urls", "X, https://b.example"),
            ],
            "project-url",
            "'project_urls' has invalid data: the label 'X' comes twice",
        ),
        (
            &[("author_email", "a@")],
            "author-email",
            "'a@' is not a valid email address",
        ),
        (
            &[("maintainer_email", "A <nobody>")],
            "maintainer-email",
            "'nobody' is not a valid email address",
        ),
        (
            &[("author_email", "a@b@c.org")],
            "author-email",
            "'a@b@c.org' is not a valid email address",
        ),
    ] {
        for profile in [Profile::Private, Profile::Pypi] {
            let error = read(fields, profile).unwrap_err();
            assert!(
                error.to_string().starts_with(message),
                "{error} is not {message}"
            );
            assert_eq!(error.field(), Some(field), "{error}");
        }
    }
}

#[test]
fn a_field_comes_only_so_often() {
    let many = vec![("classifiers", "A :: B"); MAX_VALUES + 1];
    assert!(matches!(
        read(&many, Profile::Private),
        Err(MetadataError::TooMany { found: 4097, .. })
    ));
    assert!(read(&many[1..], Profile::Private).is_ok());
}

#[test]
fn the_private_profile_allows_what_the_public_index_refuses() {
    for (fields, message) in [
        (
            &[("version", "1.0+cu121")][..],
            "The use of local versions in '1.0+cu121' is not allowed.",
        ),
        (
            &[("classifiers", "Private :: Do Not Upload")],
            "'Private :: Do Not Upload' is not a valid classifier.",
        ),
        (
            &[("requires_dist", "a @ https://a.example/a.whl")],
            "Can't have direct dependency: 'a @ https://",
        ),
        (
            &[("provides_dist", "a@https://a.example/a.whl")],
            "Can't have direct dependency: 'a@https://",
        ),
        (
            &[("author_email", "root@localhost")],
            "'root@localhost' is not a valid email address",
        ),
    ] {
        read(fields, Profile::Private).unwrap();
        let error = read(fields, Profile::Pypi).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn errors_are_reported_in_the_order_of_the_public_index() {
    let fields = [
        ("name", "-"),
        ("version", "dog"),
        ("author_email", "@"),
        ("summary", "a\nb"),
        ("dynamic", "x"),
    ];
    let first = |from: usize| {
        read(&fields[from..], Profile::Pypi)
            .unwrap_err()
            .field()
            .unwrap()
    };
    assert_eq!(
        ["name", "version", "dynamic", "dynamic", "dynamic"],
        [first(0), first(1), first(2), first(3), first(4)]
    );
}

#[test]
fn every_version_but_2_0_is_read() {
    for version in ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"] {
        let file = format!("Metadata-Version: {version}\nName: demo\nVersion: 1.0\n");
        assert_eq!(
            CoreMetadata::parse(file.as_bytes())
                .unwrap()
                .metadata_version
                .as_str(),
            version
        );
        assert_eq!(
            read(&[("metadata_version", version)], Profile::Pypi)
                .unwrap()
                .metadata_version
                .as_str(),
            version
        );
    }
    for version in ["2.0", "0.9", "3.0", "2.10", " 2.1"] {
        assert!(read(&[("metadata_version", version)], Profile::Private).is_err());
    }
}

#[test]
fn a_file_is_read_with_its_description_in_the_body() {
    let metadata = CoreMetadata::parse(
        "Metadata-Version: 2.1\nNAME: Demo\nVersion: 1.0.0\nSummary: Größe\nLicense: MIT\n        and more\n\
         Keywords: a,b\nClassifier: A :: B\nClassifier: C\nRequires-Dist: not a requirement\nLicense-File: LICENSE\n\
         Provides-Extra: A_B\nProvides-Extra: a b\nX-Unheard: of\nHome-page: UNKNOWN\nProject-URL: Home, https://h.example\n\
         Description-Content-Type: text/markdown\n\n# Größe\n\nText: x\n"
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(metadata.name.as_str(), "Demo");
    assert_eq!(metadata.version.to_string(), "1.0.0");
    assert_eq!(metadata.summary.as_deref(), Some("Größe"));
    assert_eq!(
        metadata.description.as_deref(),
        Some("# Größe\n\nText: x\n")
    );
    assert_eq!(metadata.license.as_deref(), Some("MIT\nand more"));
    assert_eq!(metadata.keywords, ["a", "b"]);
    assert_eq!(metadata.classifiers, ["A :: B", "C"]);
    assert_eq!(metadata.requires_dist, ["not a requirement"]);
    assert_eq!(metadata.license_files, ["LICENSE"]);
    assert_eq!(metadata.provides_extra, ["a-b", "a b"]);
    assert_eq!(metadata.home_page, None);
    assert_eq!(
        metadata.project_urls,
        [("Home".to_owned(), "https://h.example".to_owned())]
    );
}

#[test]
fn a_file_may_hold_its_description_in_a_header() {
    let file = "Metadata-Version: 1.1\nName: demo\nVersion: 1.0\nDescription: first\n        second\n        \n          third\nAuthor: a\n";
    let metadata = CoreMetadata::parse(file.as_bytes()).unwrap();
    assert_eq!(
        metadata.description.as_deref(),
        Some("first\nsecond\n\n  third")
    );
    assert_eq!(metadata.author.as_deref(), Some("a"));
}

#[test]
fn a_file_that_says_two_things_is_refused() {
    let head = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";
    for (file, message) in [
        (format!("{head}Name: other\n"), "'name' has invalid data"),
        (
            format!("{head}version: 2.0\n"),
            "'version' has invalid data",
        ),
        (
            format!("{head}Description: a\n\nb\n"),
            "'description' has invalid data",
        ),
        (
            "Name: demo\nVersion: 1.0\n".to_owned(),
            "'metadata-version' is a required field",
        ),
        (
            "Metadata-Version: 2.1\nVersion: 1.0\n".to_owned(),
            "'name' is a required field",
        ),
        (
            "Metadata-Version: 2.1\nName: demo\n".to_owned(),
            "'version' is a required field",
        ),
        (
            "Metadata-Version: 2.1\nName: de mo\nVersion: 1.0\n".to_owned(),
            "'de mo' is an invalid value for Name.",
        ),
        (
            "Metadata-Version: 2.1\nName: demo\n\nVersion: 1.0\n".to_owned(),
            "'version' is a required field",
        ),
        (
            format!("{head}\rName: x\n"),
            "expected only line feeds to end lines, found a carriage return in line 4",
        ),
        (String::new(), "'metadata-version' is a required field"),
    ] {
        let error = CoreMetadata::parse(file.as_bytes()).unwrap_err();
        assert!(
            error.to_string().starts_with(message),
            "{error} is not {message}"
        );
    }
}

#[test]
fn the_table_of_fields_is_in_order_and_has_no_name_twice() {
    assert!(
        Field::ALL
            .windows(2)
            .all(|pair| pair[0] < pair[1] && pair[0].core_name() < pair[1].core_name())
    );
    for field in Field::ALL {
        assert_eq!(
            Field::from_core_name(&field.core_name().to_uppercase()),
            Some(field)
        );
        assert_eq!(Field::from_form(field.form_name()), Some(field));
    }
}

/// Hostile bytes may be refused or read, and nothing else: every prefix, and every byte replaced by each of a few.
#[test]
fn no_bytes_make_it_panic() {
    let file = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0+é\nSummary: ß\n  folded\nRequires-Dist: a>=1; extra=='x'\n\
                License-Expression: MIT AND (ISC)\nProvides-Extra: x\nDescription:\n       |y\n       |\n\nbody\n"
        .replace("+é", "");
    let file = file.as_bytes();
    for end in 0..file.len() {
        let _ = CoreMetadata::parse(&file[..end]);
    }
    for at in 0..file.len() {
        for byte in [
            0, b'\n', b'\r', b' ', b':', b';', b'(', b'|', 0x80, 0xc3, 0xff,
        ] {
            let mut changed = file.to_vec();
            changed[at] = byte;
            let _ = CoreMetadata::parse(&changed);
            let text = String::from_utf8_lossy(&changed);
            let fields: Vec<(String, String)> = text
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase().replace('-', "_"), value.to_owned()))
                .collect();
            let _ = CoreMetadata::from_form(&fields, Profile::Pypi);
        }
    }
}

#[test]
fn a_license_file_under_a_version_that_does_not_have_it_is_left_out_as_twine_does() {
    let form = |version: &str| {
        let fields = [
            ("metadata_version", version),
            ("name", "demo"),
            ("version", "1.0"),
            ("license_file", "LICENSE"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        CoreMetadata::from_form(&fields, Profile::Pypi)
            .unwrap()
            .license_files
    };
    assert!(form("2.1").is_empty());
    assert_eq!(form("2.4"), ["LICENSE"]);
}
