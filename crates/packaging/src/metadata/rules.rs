//! The rules for values: those of the Core Metadata specification as `packaging.metadata` applies them, then those that
//! an index adds. The first in alphabetical order of fields is reported.

use std::collections::HashSet;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use url::Url;

use crate::excerpt::excerpt;
use crate::metadata::field::{Field, MetadataVersion};
use crate::metadata::requirement::{self, Reference};
use crate::metadata::{MetadataError, Raw, license};
use crate::{Profile, ProjectName, Version};

/// What the public index allows: it is shown in lists.
const MAX_SUMMARY_CHARS: usize = 512;

/// Core Metadata: "limited to 32 characters".
const MAX_LABEL_CHARS: usize = 32;

/// For years setuptools wrote `License-File` under versions that do not have it. twine leaves it out of the form then, uv
/// sends it on: without this the same file could be uploaded with the one and not with the other.
pub(super) fn forget_early_license_files(raw: &mut Raw, declared: MetadataVersion) {
    if declared < Field::LicenseFile.since() {
        raw.0.remove(&Field::LicenseFile);
    }
}

/// A field must exist in the declared version of the format.
pub(super) fn check_versions(raw: &Raw, declared: MetadataVersion) -> Result<(), MetadataError> {
    let newer = raw.0.keys().find(|field| field.since() > declared);
    newer.map_or(Ok(()), |field| {
        Err(MetadataError::TooNew {
            field: field.core_name(),
            since: field.since(),
            declared,
        })
    })
}

/// The specification's rules; brings what has a normal form into it.
pub(super) fn check_standard(raw: &mut Raw) -> Result<(), MetadataError> {
    for (&field, values) in &mut raw.0 {
        for value in values {
            match field {
                Field::DescriptionContentType => check_content_type(value)?,
                Field::Dynamic => *value = dynamic(value)?,
                Field::ImportName | Field::ImportNamespace => check_import(field, value)?,
                Field::LicenseExpression => *value = license::normalise(value)?,
                Field::LicenseFile => check_license_file(value)?,
                Field::ProvidesExtra => *value = extra(value)?,
                Field::RequiresDist | Field::ProvidesDist | Field::ObsoletesDist => {
                    check_requirement(field, value)?;
                }
                Field::RequiresPython => {
                    specifiers(value)?;
                }
                Field::Summary if value.contains('\n') => return Err(MetadataError::SummaryLines),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Brings values from a file into normal form where they have one, and leaves the others.
pub(super) fn normalise(raw: &mut Raw) {
    for (&field, values) in &mut raw.0 {
        for value in values {
            let normal = match field {
                Field::Dynamic => dynamic(value),
                Field::LicenseExpression => license::normalise(value),
                Field::ProvidesExtra => extra(value),
                _ => continue,
            };
            if let Ok(normal) = normal {
                *value = normal;
            }
        }
    }
}

/// What an index adds.
pub(super) fn check_index(
    raw: &Raw,
    version: &Version,
    profile: Profile,
) -> Result<(), MetadataError> {
    if profile == Profile::Pypi && version.is_local() {
        return Err(MetadataError::LocalVersion {
            given: version.to_string(),
        });
    }
    for (&field, values) in &raw.0 {
        for value in values {
            match field {
                Field::AuthorEmail | Field::MaintainerEmail => check_email(field, value, profile)?,
                Field::Classifier => check_classifier(value, profile)?,
                Field::DownloadUrl | Field::HomePage => check_url(field, value)?,
                Field::License if raw.one(Field::LicenseExpression).is_some() => {
                    return Err(MetadataError::TwoLicenses);
                }
                Field::RequiresDist | Field::ProvidesDist | Field::ObsoletesDist
                    if profile == Profile::Pypi =>
                {
                    check_reference(field, value)?;
                }
                Field::Summary if value.chars().count() > MAX_SUMMARY_CHARS => {
                    return Err(MetadataError::SummaryLength {
                        limit: MAX_SUMMARY_CHARS,
                    });
                }
                _ => {}
            }
        }
    }
    check_project_urls(raw.all(Field::ProjectUrl))
}

/// `text/markdown; charset=UTF-8; variant=GFM`.
fn check_content_type(value: &str) -> Result<(), MetadataError> {
    let mut parts = value.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(&*media, "text/plain" | "text/x-rst" | "text/markdown") {
        return Err(MetadataError::ContentType {
            given: excerpt(value),
        });
    }
    for (name, setting) in parts.filter_map(|part| part.split_once('=')) {
        let setting = setting.trim().trim_matches('"');
        match &*name.trim().to_ascii_lowercase() {
            "charset" if setting != "UTF-8" => {
                return Err(MetadataError::Charset {
                    given: excerpt(setting),
                });
            }
            "variant" if media == "text/markdown" && !matches!(setting, "GFM" | "CommonMark") => {
                return Err(MetadataError::MarkdownVariant {
                    given: excerpt(setting),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name of a field that building may change, in lower case.
fn dynamic(value: &str) -> Result<String, MetadataError> {
    match Field::from_core_name(value) {
        Some(Field::MetadataVersion | Field::Name | Field::Version) => {
            Err(MetadataError::DynamicForbidden {
                given: value.to_ascii_lowercase(),
            })
        }
        Some(field) => Ok(field.core_name().to_owned()),
        None => Err(MetadataError::DynamicUnknown {
            given: excerpt(value),
        }),
    }
}

fn extra(value: &str) -> Result<String, MetadataError> {
    let name = ProjectName::from_str(value);
    name.map(String::from)
        .map_err(|source| MetadataError::Extra {
            given: excerpt(value),
            source,
        })
}

/// PEP 794: a dotted name, then perhaps `; private`.
fn check_import(field: Field, value: &str) -> Result<(), MetadataError> {
    let (name, option) = value
        .split_once(';')
        .map_or((value, None), |(name, option)| (name, Some(option)));
    let field = field.core_name();
    if let Some(part) = name.trim_end().split('.').find(|part| !is_identifier(part)) {
        return Err(MetadataError::ImportName {
            field,
            given: excerpt(name.trim_end()),
            part: excerpt(part),
        });
    }
    if option.is_some_and(|option| option.trim_start() != "private") {
        return Err(MetadataError::ImportOption {
            field,
            given: excerpt(value),
        });
    }
    Ok(())
}

/// A Python identifier that is no keyword. Letters are those of Unicode's `Alphabetic`, a little wider than Python's.
fn is_identifier(part: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield",
    ];
    let start = |c: char| c.is_alphabetic() || c == '_';
    part.starts_with(start)
        && part.chars().all(|c| start(c) || c.is_numeric())
        && !KEYWORDS.contains(&part)
}

/// A path below the directory of licences, in its one spelling.
fn check_license_file(value: &str) -> Result<(), MetadataError> {
    let given = || excerpt(value);
    if value.contains("..") {
        return Err(MetadataError::LicenseFileParent { given: given() });
    }
    if value.contains('*') {
        return Err(MetadataError::LicenseFilePattern { given: given() });
    }
    let drive = value.chars().nth(1) == Some(':');
    if value.is_empty() || value.starts_with(['/', '\\']) || drive {
        return Err(MetadataError::LicenseFileAbsolute { given: given() });
    }
    if value.contains('\\') || value.split('/').any(|part| part.is_empty() || part == ".") {
        return Err(MetadataError::LicenseFileDelimiter { given: given() });
    }
    Ok(())
}

fn check_requirement(field: Field, value: &str) -> Result<(), MetadataError> {
    requirement::check(value)
        .map(|_| ())
        .map_err(|source| MetadataError::Requirement {
            field: field.core_name(),
            given: excerpt(value),
            source,
        })
}

fn check_reference(field: Field, value: &str) -> Result<(), MetadataError> {
    match requirement::check(value) {
        Ok(Reference::Direct) => Err(MetadataError::DirectReference {
            field: field.core_name(),
            given: excerpt(value),
        }),
        Ok(Reference::Named) | Err(_) => Ok(()),
    }
}

/// A set of specifiers; empty ones are left out, as by `packaging`.
pub(crate) fn specifiers(value: &str) -> Result<VersionSpecifiers, MetadataError> {
    let filled: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let set = filled.join(",").parse();
    set.map_err(|source| MetadataError::RequiresPython {
        given: excerpt(value),
        source,
    })
}

/// Checks the first address; a name without one passes.
fn check_email(field: Field, value: &str, profile: Profile) -> Result<(), MetadataError> {
    let address = match value.split_once('<') {
        Some((_, after)) => after.split('>').next().unwrap_or_default(),
        None => value.split(',').next().unwrap_or_default(),
    };
    let address = address.trim();
    if address.is_empty() || !(address.contains('@') || value.contains('<')) {
        return Ok(());
    }
    let well_formed = address.split_once('@').is_some_and(|(local, domain)| {
        let odd = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | ',' | ';')
        };
        let dotted = profile == Profile::Private || domain.contains('.');
        let labels = domain.split('.').all(|label| !label.is_empty());
        !local.is_empty() && labels && dotted && !local.contains(odd) && !domain.contains(odd)
    });
    if !well_formed {
        return Err(MetadataError::Email {
            field: field.core_name(),
            given: excerpt(address),
        });
    }
    Ok(())
}

/// `Topic :: Software Development`: parts between ` :: `, none empty or with blanks around it.
fn check_classifier(value: &str, profile: Profile) -> Result<(), MetadataError> {
    let part_is_fine =
        |part: &str| !part.is_empty() && part.trim() == part && !part.contains(char::is_control);
    let well_formed = value.contains(" :: ") && value.split(" :: ").all(part_is_fine);
    let private = value.starts_with("Private ::");
    if !well_formed || (private && profile == Profile::Pypi) {
        return Err(MetadataError::Classifier {
            given: excerpt(value),
        });
    }
    Ok(())
}

fn check_url(field: Field, value: &str) -> Result<(), MetadataError> {
    // `Url::parse` mends blanks and control characters silently; a browser must not have to.
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
    let is_http = |url: Url| matches!(url.scheme(), "http" | "https");
    if value.contains(odd) || !Url::parse(value).is_ok_and(is_http) {
        return Err(MetadataError::Url {
            field: field.core_name(),
            given: excerpt(value),
        });
    }
    Ok(())
}

/// Label and URL of one Project-URL; without a comma, all of it is the label.
pub(super) fn split_label(pair: &str) -> (String, String) {
    let (label, url) = pair.split_once(',').unwrap_or((pair, ""));
    (label.trim().to_owned(), url.trim().to_owned())
}

fn check_project_urls(pairs: &[String]) -> Result<(), MetadataError> {
    let mut labels = HashSet::new();
    for (label, url) in pairs.iter().map(|pair| split_label(pair)) {
        if label.is_empty() {
            return Err(MetadataError::NoLabel);
        }
        if label.chars().count() > MAX_LABEL_CHARS {
            return Err(MetadataError::LabelLength {
                given: excerpt(&label),
                limit: MAX_LABEL_CHARS,
            });
        }
        if url.is_empty() {
            return Err(MetadataError::NoUrl);
        }
        check_url(Field::ProjectUrl, &url)?;
        if let Some(given) = labels.replace(label) {
            return Err(MetadataError::LabelRepeated { given });
        }
    }
    Ok(())
}
