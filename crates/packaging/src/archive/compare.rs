//! What the upload form says beside what the archive says. The public index never compares them; an installer reads the
//! one on the index's page and the other from the file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::CoreMetadata;
use crate::Version;
use crate::metadata::specifiers;

/// A value in a difference is cut at this many characters: it is stored and shown, and a description may be megabytes.
const SHOWN_CHARS: usize = 200;

/// Form and archive contradict each other in a field that installers decide by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the form says {field} '{form}', but the metadata in the distribution file say '{archive}'"
)]
pub struct Disagreement {
    /// Its name, in lower case as in a file.
    pub field: &'static str,
    /// The form's value; empty if it has none.
    pub form: String,
    /// The archive's value; empty if it has none.
    pub archive: String,
}

/// A field that is not the same in form and archive. Values are shortened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name, in lower case as in a file.
    pub field: String,
    /// The form's values.
    pub form: Vec<String>,
    /// The archive's values.
    pub archive: Vec<String>,
}

/// Name, version and requires-python must agree; every other difference is returned, to be recorded.
///
/// Names agree when they are one project's, versions when PEP 440 says so, requires-python when it is the same set of
/// specifiers. Elsewhere blanks at the ends, the kind of line ends and the order of repeated values do not count.
pub fn compare(
    form: &CoreMetadata,
    archive: &CoreMetadata,
) -> Result<Vec<Difference>, Disagreement> {
    let disagree = |field, form: &str, archive: &str| {
        let (form, archive) = (shortened(form), shortened(archive));
        Err(Disagreement {
            field,
            form,
            archive,
        })
    };
    if form.name.normalised() != archive.name.normalised() {
        return disagree("name", form.name.as_str(), archive.name.as_str());
    }
    if form.version != archive.version {
        return disagree(
            "version",
            &form.version.to_string(),
            &archive.version.to_string(),
        );
    }
    let (of_form, of_archive) = (pythons(form), pythons(archive));
    if of_form != of_archive {
        let text = |metadata: &CoreMetadata| metadata.requires_python.clone().unwrap_or_default();
        return disagree("requires-python", &text(form), &text(archive));
    }
    let pairs = fields(form).into_iter().zip(fields(archive));
    Ok(pairs
        .filter_map(|((field, form), (_, archive))| difference(field, form, archive))
        .collect())
}

fn difference(field: &str, form: Vec<String>, archive: Vec<String>) -> Option<Difference> {
    let sorted = |values: &[String]| {
        let mut values: Vec<String> = values
            .iter()
            .map(|value| value.replace("\r\n", "\n").trim().to_owned())
            .collect();
        values.sort();
        values
    };
    if sorted(&form) == sorted(&archive) {
        return None;
    }
    let shown = |values: Vec<String>| values.iter().map(|value| shortened(value)).collect();
    Some(Difference {
        field: field.to_owned(),
        form: shown(form),
        archive: shown(archive),
    })
}

/// A set of specifiers, each in one spelling; text that is none stands for itself.
fn pythons(metadata: &CoreMetadata) -> BTreeSet<String> {
    let text = metadata.requires_python.as_deref().unwrap_or_default();
    let Ok(set) = specifiers(text) else {
        return BTreeSet::from([text.trim().to_owned()]);
    };
    let spelled = set.iter().map(|specifier| {
        let text = specifier.to_string();
        // Zeros at the end matter in `~=` and `==1.0.*`, which are no plain versions.
        let plain = !text.starts_with("~=") && !text.ends_with(".*");
        let version = specifier.version().to_string().parse::<Version>();
        match version {
            Ok(version) if plain => format!("{}{}", specifier.operator(), version.key()),
            Ok(_) | Err(_) => text,
        }
    });
    spelled.collect()
}

/// Every field that may differ, with its values.
fn fields(metadata: &CoreMetadata) -> Vec<(&'static str, Vec<String>)> {
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let many = <[String]>::to_vec;
    let urls = metadata
        .project_urls
        .iter()
        .map(|(label, url)| format!("{label}, {url}"))
        .collect();
    vec![
        (
            "metadata-version",
            vec![metadata.metadata_version.to_string()],
        ),
        ("name", vec![metadata.name.to_string()]),
        ("version", vec![metadata.version.to_string()]),
        ("summary", one(&metadata.summary)),
        ("description", one(&metadata.description)),
        (
            "description-content-type",
            one(&metadata.description_content_type),
        ),
        ("requires-python", one(&metadata.requires_python)),
        ("requires-dist", many(&metadata.requires_dist)),
        ("classifier", many(&metadata.classifiers)),
        ("keywords", many(&metadata.keywords)),
        ("home-page", one(&metadata.home_page)),
        ("download-url", one(&metadata.download_url)),
        ("project-url", urls),
        ("author", one(&metadata.author)),
        ("author-email", one(&metadata.author_email)),
        ("maintainer", one(&metadata.maintainer)),
        ("maintainer-email", one(&metadata.maintainer_email)),
        ("license", one(&metadata.license)),
        ("license-expression", one(&metadata.license_expression)),
        ("license-file", many(&metadata.license_files)),
        ("provides-extra", many(&metadata.provides_extra)),
        ("dynamic", many(&metadata.dynamic)),
        ("import-name", many(&metadata.import_names)),
        ("import-namespace", many(&metadata.import_namespaces)),
        ("platform", many(&metadata.platforms)),
        ("supported-platform", many(&metadata.supported_platforms)),
        ("requires", many(&metadata.requires)),
        ("provides", many(&metadata.provides)),
        ("obsoletes", many(&metadata.obsoletes)),
        ("provides-dist", many(&metadata.provides_dist)),
        ("obsoletes-dist", many(&metadata.obsoletes_dist)),
        ("requires-external", many(&metadata.requires_external)),
    ]
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
    }
}
