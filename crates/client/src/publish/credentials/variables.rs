//! Environment variables: ours, uv's and twine's.

use crate::fetch::Environment;

use super::Stated;

/// What the value of a variable is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Url,
    TwineName,
    UvName,
}

/// A variable that says where to upload.
#[derive(Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// Those that name an index, in the order in which they count. uv refuses its two together; here the URL counts.
pub(super) const ADDRESSES: [Variable; 5] = [
    Variable {
        name: "TOUCHPLATE_PUBLISH_URL",
        kind: Kind::Url,
    },
    Variable {
        name: "UV_PUBLISH_URL",
        kind: Kind::Url,
    },
    Variable {
        name: "UV_PUBLISH_INDEX",
        kind: Kind::UvName,
    },
    Variable {
        name: "TWINE_REPOSITORY_URL",
        kind: Kind::Url,
    },
    Variable {
        name: "TWINE_REPOSITORY",
        kind: Kind::TwineName,
    },
];

/// Families that say who uploads, in the order in which they count. twine has no variable for a token.
const FAMILIES: [&str; 3] = ["TOUCHPLATE_PUBLISH", "UV_PUBLISH", "TWINE"];

/// Those that name the Simple API of the index, to see which files are there.
const CHECK_URLS: [&str; 2] = ["TOUCHPLATE_PUBLISH_CHECK_URL", "UV_PUBLISH_CHECK_URL"];

/// A variable that is set to something.
pub(super) fn set(variable: Environment<'_>, name: &str) -> Option<String> {
    variable(name).filter(|value| !value.trim().is_empty())
}

/// What each family says.
pub(super) fn stated(variable: Environment<'_>) -> impl Iterator<Item = Stated> {
    FAMILIES
        .map(|family| of_family(variable, family))
        .into_iter()
}

fn of_family(variable: Environment<'_>, family: &str) -> Stated {
    let part = |part: &str| set(variable, &format!("{family}_{part}"));
    Stated {
        username: part("USERNAME"),
        password: part("PASSWORD"),
        token: (family != "TWINE").then(|| part("TOKEN")).flatten(),
        origin: format!("`{family}_…` in the environment"),
    }
}

/// The Simple API that a variable names, and which one does.
pub(super) fn check_url(variable: Environment<'_>) -> Option<(String, String)> {
    let mut names = CHECK_URLS.into_iter();
    names.find_map(|name| Some((set(variable, name)?, format!("`{name}`"))))
}
