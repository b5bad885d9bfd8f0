//! `.pypirc`: indexes by name, as twine and its elders read it.
//!
//! Source: packaging.python.org, "The .pypirc file", and Python's `configparser` without interpolation.

use std::path::PathBuf;

use url::Url;

use crate::fetch::{Places, parse_url, read_configuration};

use super::{Address, CredentialsError, Stated, variables};

/// The section that names the others; it is no index itself.
const LIST: &str = "distutils";

/// The indexes of a `.pypirc`; none where there is no file.
#[derive(Default)]
pub(super) struct Pypirc {
    path: PathBuf,
    sections: Vec<Section>,
}

#[derive(Default)]
struct Section {
    name: String,
    repository: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Pypirc {
    /// The one in the home directory.
    pub(super) fn find(places: Places<'_>) -> Result<Self, CredentialsError> {
        let Some(home) = variables::set(places.variable, "HOME") else {
            return Ok(Self::default());
        };
        let path = PathBuf::from(home).join(".pypirc");
        match read_configuration(&path)? {
            Some(text) => Self::parse(path, &text),
            None => Ok(Self::default()),
        }
    }

    pub(super) fn parse(path: PathBuf, text: &str) -> Result<Self, CredentialsError> {
        let mut sections: Vec<Section> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let trimmed = text.trim();
            // What is indented goes on with the value before it: a list of names, which is not needed.
            if trimmed.is_empty()
                || trimmed.starts_with(['#', ';'])
                || text.starts_with([' ', '\t'])
            {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[') {
                let name = name.trim_end_matches(']').trim().to_owned();
                sections.push(Section {
                    name,
                    ..Section::default()
                });
                continue;
            }
            let pair = trimmed.split_once(['=', ':']);
            let (Some((key, value)), Some(section)) = (pair, sections.last_mut()) else {
                return Err(CredentialsError::Pypirc { path, line });
            };
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match key.trim().to_ascii_lowercase().as_str() {
                "repository" => section.repository = value,
                "username" => section.username = value,
                "password" => section.password = value,
                _ => {}
            }
        }
        sections.retain(|section| section.name != LIST);
        Ok(Self { path, sections })
    }

    /// The index of that name.
    pub(super) fn named(&self, name: &str) -> Option<Address> {
        let mut sections = self.sections.iter();
        let section = sections.find(|section| section.name == name)?;
        self.address(section)
    }

    /// All that have an address of their own.
    pub(super) fn all(&self) -> Vec<Address> {
        let sections = self.sections.iter();
        sections
            .filter_map(|section| self.address(section))
            .collect()
    }

    fn address(&self, section: &Section) -> Option<Address> {
        Some(Address::new(
            section.repository.as_deref()?,
            &self.origin(section),
        ))
    }

    /// What the sections for exactly this upload URL say of who uploads. A slash at its end makes no other index.
    pub(super) fn stated(&self, url: &Url) -> Vec<Stated> {
        let same = |section: &&Section| {
            let repository = section.repository.as_deref();
            let parsed = repository.and_then(|text| parse_url(text).ok());
            parsed.is_some_and(|(theirs, _)| plain(&theirs) == plain(url))
        };
        let sections = self.sections.iter().filter(same);
        let stated = sections.map(|section| Stated {
            username: section.username.clone(),
            password: section.password.clone(),
            token: None,
            origin: self.origin(section),
        });
        stated.collect()
    }

    fn origin(&self, section: &Section) -> String {
        format!("section `[{}]` of `{}`", section.name, self.path.display())
    }
}

fn plain(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}
