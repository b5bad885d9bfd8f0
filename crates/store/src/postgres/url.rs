//! `postgres://USER@HOST/DATABASE?…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// Connections of each of the two pools of a process, where the URL does not say.
const CONNECTIONS: u32 = 8;

/// More than a server has by default.
const MOST_CONNECTIONS: u32 = 1000;

/// How long a statement may take, where the URL does not say.
const STATEMENT_SECONDS: u32 = 30;

/// Whoever waits longer is gone.
const MOST_STATEMENT_SECONDS: u32 = 600;

/// What the driver knows, and is handed on.
const HANDED_ON: [&str; 6] = [
    "host",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "options",
];

/// A PostgreSQL database. Its text has no password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    given: String,
    for_driver: String,
    password_file: Option<PathBuf>,
    connections: u32,
    statement_seconds: u32,
}

/// A text that is no such URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` cannot be used: {why}")]
pub struct InvalidPostgresUrl {
    given: String,
    why: String,
}

impl FromStr for PostgresUrl {
    type Err = InvalidPostgresUrl;

    fn from_str(given: &str) -> Result<Self, InvalidPostgresUrl> {
        let invalid = |why: String| InvalidPostgresUrl {
            given: without_password(given),
            why,
        };
        let (place, parameters) = given.split_once('?').unwrap_or((given, ""));
        let (mut password_file, mut connections) = (None, CONNECTIONS);
        let mut statement_seconds = STATEMENT_SECONDS;
        let number = |key: &str, value: &str, most: u32| {
            let count = value.parse().ok();
            let count = count.filter(|it| (1..=most).contains(it));
            count.ok_or_else(|| {
                invalid(format!(
                    "`{key}` is `{value}`: expected a number from 1 to {most}"
                ))
            })
        };
        let mut handed_on = Vec::new();
        for parameter in parameters.split('&').filter(|it| !it.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match key {
                "password_file" => password_file = Some(PathBuf::from(value)),
                "connections" => connections = number(key, value, MOST_CONNECTIONS)?,
                "statement_seconds" => {
                    statement_seconds = number(key, value, MOST_STATEMENT_SECONDS)?;
                }
                _ if HANDED_ON.contains(&key) => handed_on.push(parameter),
                _ => {
                    return Err(invalid(format!(
                        "there is no parameter `{key}`; there are `password_file`, `connections`, `statement_seconds`, `{}`",
                        HANDED_ON.join("`, `")
                    )));
                }
            }
        }
        let url = Self {
            given: without_password(given),
            for_driver: match handed_on.is_empty() {
                true => place.to_owned(),
                false => format!("{place}?{}", handed_on.join("&")),
            },
            password_file,
            connections,
            statement_seconds,
        };
        let parsed = url.for_driver.parse::<PgConnectOptions>();
        let parsed = parsed.map_err(|cause| invalid(cause.to_string()))?;
        match parsed.get_database() {
            Some(_) => Ok(url),
            None => Err(invalid(
                "it names no database: expected `postgres://USER@HOST/DATABASE`".to_owned(),
            )),
        }
    }
}

impl PostgresUrl {
    /// Connections of each of a process's two pools.
    pub(super) fn connections(&self) -> u32 {
        self.connections
    }

    /// How long a statement may take.
    pub(super) fn statement_time(&self) -> Duration {
        Duration::from_secs(self.statement_seconds.into())
    }

    /// For the driver, with the password that its file has now.
    pub(super) fn options(&self) -> Result<PgConnectOptions, InvalidPostgresUrl> {
        let invalid = |why| InvalidPostgresUrl {
            given: self.given.clone(),
            why,
        };
        let options = self.for_driver.parse::<PgConnectOptions>();
        let options = options.map_err(|cause| invalid(cause.to_string()))?;
        let Some(path) = &self.password_file else {
            return Ok(options);
        };
        let password = std::fs::read_to_string(path).map_err(|cause| {
            let path = path.display();
            invalid(format!(
                "the file of `password_file`, `{path}`, cannot be read: {cause}"
            ))
        })?;
        Ok(options.password(password.trim_end_matches(['\r', '\n'])))
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

/// A URL without what stands between the user's name and the host. (What hides passwords elsewhere is the client's, which the
/// store does not know.)
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    // The last one: a password that was not encoded may have others.
    match rest.rsplit_once('@') {
        Some((user, place)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:***@{place}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_their_password() {
        let url = "postgres://tp:s3cr3t@db.example:5433/index?sslmode=require&connections=20";
        let parsed: PostgresUrl = url.parse().unwrap();
        let shown = "postgres://tp:***@db.example:5433/index?sslmode=require&connections=20";
        assert_eq!(parsed.to_string(), shown);
        assert_eq!(format!("{parsed:?}"), shown);
        assert_eq!(parsed.connections(), 20);
        let file = "postgres://tp@db.example/index?password_file=/run/secrets/pg";
        let parsed: PostgresUrl = file.parse().unwrap();
        assert_eq!(parsed.to_string(), file);
        let error = parsed.options().unwrap_err().to_string();
        assert!(
            error.contains("`/run/secrets/pg`, cannot be read"),
            "{error}"
        );
    }

    #[test]
    fn urls_that_say_something_unknown_are_refused_without_their_password() {
        for (url, why) in [
            (
                "postgres://tp:s3@cr3t@db/index?password=x",
                "there is no parameter `password`",
            ),
            (
                "postgres://tp:s3cr3t@db/index?connections=0",
                "`connections` is `0`",
            ),
            (
                "postgres://tp:s3cr3t@db/index?statement_seconds=601",
                "`statement_seconds` is `601`: expected a number from 1 to 600",
            ),
            ("postgres://tp:s3cr3t@db", "it names no database"),
            ("postgres://tp:s3cr3t@db/index?sslmode=perhaps", "perhaps"),
        ] {
            let error = url.parse::<PostgresUrl>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("cr3t"), "{error}");
        }
    }
}
