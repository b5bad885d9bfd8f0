//! An index with real files of the public index, and the attestations that came with them there.

use std::path::{Path, PathBuf};

use serde_json::Value;
use touchplate_index::ports::NewProject;
use touchplate_index::projects::Visibility;
use touchplate_packaging::archive::{Limits, inspect};
use touchplate_packaging::{CoreMetadata, Filename, Hasher, Profile};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Part, Request, multipart, multipart_type};

/// In the corpus' `real`: each file, and what was attested about it.
const FILES: [(&str, &str); 5] = [
    (
        "abi3info-2024.10.8-py3-none-any.whl",
        "abi3info-2024.10.8-py3-none-any.whl.provenance",
    ),
    (
        "abi3info-2024.10.8.tar.gz",
        "abi3info-2024.10.8.tar.gz.provenance",
    ),
    (
        "pypi_attestations-0.0.19.tar.gz",
        "pypi_attestations-0.0.19.tar.gz.provenance",
    ),
    (
        "gitlab_oidc_project-0.0.3.tar.gz",
        "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
    ),
    (
        "gcb_attestation_test-0.0.0.tar.gz",
        "gcb_attestation_test-0.0.0.tar.gz.provenance",
    ),
];

/// Expected of the one attestation that comes without its publisher.
const GITLAB: &str = r#"{"kind":"GitLab","repository":"facutuesca/gitlab-oidc-project","workflow_filepath":".gitlab-ci.yml"}"#;

/// The pages of this index, under the names of their screenshots.
pub(crate) const PAGES: &[(&str, &str)] = &[
    ("real-project", "/project/pypi-attestations/"),
    (
        "real-file",
        "/project/pypi-attestations/0.0.19/pypi_attestations-0.0.19.tar.gz",
    ),
    ("real-wheel-project", "/project/abi3info/"),
    (
        "real-wheel",
        "/project/abi3info/2024.10.8/abi3info-2024.10.8-py3-none-any.whl",
    ),
    (
        "real-gitlab",
        "/project/gitlab-oidc-project/0.0.3/gitlab_oidc_project-0.0.3.tar.gz",
    ),
    (
        "real-google",
        "/project/gcb-attestation-test/0.0.0/gcb_attestation_test-0.0.0.tar.gz",
    ),
    ("real-front", "/"),
];

/// The corpus, where it is: real attestations cannot be committed here.
fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("TOUCHPLATE_CORPUS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    named
        .or(Some(beside))
        .filter(|folder| folder.join("MANIFEST.json").is_file())
}

/// The index, under Sigstore's production root, if the corpus is there.
pub(crate) async fn index() -> Option<TestServer> {
    let corpus = corpus()?;
    let root = corpus.join("roots/sigstore-production.json");
    let server = TestServer::start_with(|config| config.trusted_root = Some(root)).await;
    let uploader = server.user("release-bot").await;
    for (file, attested) in FILES {
        let real = corpus.join("real");
        let bytes = std::fs::read(real.join("artifact").join(file)).unwrap();
        let (attestations, publishers) = attestations(&real.join("pep740").join(attested));
        let filename: Filename = file.parse().unwrap();
        let limits = Limits::default();
        let contents = inspect(
            &mut std::io::Cursor::new(&bytes),
            &filename,
            Profile::Pypi,
            &limits,
        );
        let metadata = contents.unwrap().metadata;
        let new = NewProject {
            display: metadata.name.clone(),
            visibility: Visibility::Public,
            owner: Some(uploader.user.clone()),
        };
        // The second file of a project finds it there.
        if server
            .index
            .create_project(&server.operator(), &new)
            .await
            .is_ok()
        {
            for publisher in &publishers {
                server
                    .index
                    .add_publisher(&server.operator(), filename.project(), publisher)
                    .await
                    .unwrap();
            }
        }
        let body = form(&metadata, &filename, &bytes, &attestations);
        let request = Request::new("POST", "/legacy/")
            .token(&uploader.token)
            .header("user-agent", "twine/6.2.0 CPython/3.13.1")
            .body(&multipart_type(), body);
        server.client.send(&request).await.assert_ok();
    }
    Some(server)
}

/// The attestations as the form's field, and whom the public index tied them to.
fn attestations(path: &Path) -> (String, Vec<touchplate_attest::Publisher>) {
    let text = std::fs::read_to_string(path).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    let Some(bundles) = read["attestation_bundles"].as_array() else {
        let publisher = serde_json::from_str(GITLAB).unwrap();
        return (format!("[{text}]"), vec![publisher]);
    };
    let all: Vec<&Value> = bundles
        .iter()
        .flat_map(|bundle| bundle["attestations"].as_array().unwrap())
        .collect();
    let publishers = bundles
        .iter()
        .map(|bundle| serde_json::from_value(bundle["publisher"].clone()).unwrap());
    (serde_json::to_string(&all).unwrap(), publishers.collect())
}

fn form(metadata: &CoreMetadata, filename: &Filename, bytes: &[u8], attestations: &str) -> Vec<u8> {
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    let (digests, _) = hasher.finish();
    let kind = filename.kind().as_str();
    let mut fields = vec![
        (":action", "file_upload".to_owned()),
        ("protocol_version", "1".to_owned()),
        ("metadata_version", "2.1".to_owned()),
        ("name", metadata.name.as_str().to_owned()),
        ("version", metadata.version.to_string()),
        ("filetype", kind.to_owned()),
        (
            "pyversion",
            if kind == "sdist" { "source" } else { "py3" }.to_owned(),
        ),
        ("sha256_digest", digests.sha256.to_string()),
    ];
    let optional = [
        ("summary", &metadata.summary),
        ("description", &metadata.description),
        (
            "description_content_type",
            &metadata.description_content_type,
        ),
        ("requires_python", &metadata.requires_python),
        ("author", &metadata.author),
        ("author_email", &metadata.author_email),
        ("license", &metadata.license),
        ("home_page", &metadata.home_page),
    ];
    fields.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    let several = [
        ("classifiers", &metadata.classifiers),
        ("requires_dist", &metadata.requires_dist),
    ];
    for (name, values) in several {
        fields.extend(values.iter().map(|value| (name, value.clone())));
    }
    let urls = metadata.project_urls.iter();
    fields.extend(urls.map(|(label, url)| ("project_urls", format!("{label}, {url}"))));
    fields.push(("attestations", attestations.to_owned()));
    let mut parts: Vec<Part> = fields
        .into_iter()
        .map(|(name, value)| Part::text(name, value))
        .collect();
    parts.push(Part::file("content", &filename.to_string(), bytes));
    multipart(&parts)
}
