//! A project that has everything a page for installers can show.

use jiff::Timestamp;
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{Digests, Hasher, Sha256};

use crate::ports::{FileId, Project, ProjectId, Serial, StoredFile};
use crate::projects::Visibility;

const PARSES: &str = "it was written down here as one";

pub(super) fn project() -> Project {
    Project {
        id: ProjectId(1),
        name: "sample-project".parse().expect(PARSES),
        display: "Sample.Project".parse().expect(PARSES),
        visibility: Visibility::Public,
        status: ProjectStatus::Deprecated,
        status_reason: Some("<why> & \"so\" \u{e9}".to_owned()),
        serial: Serial(7),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

pub(super) fn files() -> Vec<StoredFile> {
    let names = [
        "sample_project-1.0-py3-none-any.whl",
        "sample_project-1.0.tar.gz",
        "sample_project-2.0rc1-cp313-cp313-manylinux_2_28_x86_64.whl",
    ];
    let yanked = [
        Yanked::No,
        Yanked::Yes(None),
        Yanked::Yes(Some("<a> & \"b\"".to_owned())),
    ];
    let file = |((number, name), yanked): ((u32, &str), Yanked)| {
        let mut hasher = Hasher::new();
        hasher.update(name.as_bytes());
        let (digests, size): (Digests, u64) = hasher.finish();
        StoredFile {
            id: FileId(i64::from(number)),
            filename: name.parse().expect(PARSES),
            size,
            digests,
            core_metadata: name.ends_with(".whl").then(|| Sha256::of(name.as_bytes())),
            requires_python: (number > 0).then(|| ">=3.8,<4".to_owned()),
            uploaded_at: Timestamp::UNIX_EPOCH,
            uploaded_by: "user:sample".to_owned(),
            user_agent: None,
            yanked,
            attestations: number,
        }
    };
    (0..).zip(names).zip(yanked).map(file).collect()
}
