//! Migrations: forward only, numbered, a pair for the two databases. Never edit one that was released: add the next.

use std::error::Error;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{self, MigrateError, MigrationType, Migrator};

/// Number, name and statements.
pub(crate) type Migration = (i64, &'static str, &'static str);

/// In the order of their numbers.
pub(crate) type Migrations = &'static [Migration];

/// The index's, of one of the two databases.
macro_rules! migrations {
    ($of:literal) => {
        $crate::migrating::migrations!($of:
            (1, "first", "0001_first"),
            (10, "pinned ids", "0010_pinned_ids"),
            (20, "attesters", "0020_attesters"),
            (30, "trusted publishing", "0030_trusted_publishing"),
            (40, "narrowed tokens", "0040_narrowed_tokens"),
            (50, "known numbers", "0050_known_numbers"),
            (65, "history", "0065_history"),
            (75, "downloads", "0075_downloads"),
            (76, "coverage", "0076_coverage"),
            (90, "read tokens", "0090_read_tokens"),
            (91, "administrators", "0091_administrators"),
            (92, "kept pages", "0092_kept_pages"),
            (100, "reviews", "0100_reviews"),
            (110, "jobs", "0110_jobs"),
            (120, "quotas", "0120_quotas"),
        )
    };
    ($of:literal: $(($number:literal, $name:literal, $file:literal)),* $(,)?) => {
        &[$((
            $number,
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $of, "/", $file, ".sql")),
        )),*]
    };
}
pub(crate) use migrations;

/// What runs them.
pub(crate) fn migrator(migrations: &[Migration]) -> Migrator {
    let migrations = migrations.iter().map(|(number, name, sql)| {
        let name = (*name).into();
        migrate::Migration::new(
            *number,
            name,
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

/// Why they did not run, so that an operator knows what to do.
pub(crate) fn refused(error: MigrateError) -> Box<dyn Error + Send + Sync> {
    match error {
        MigrateError::VersionMissing(number) => format!(
            "it has migration {number}, which this version of touchplate does not know: a newer version has been here. \
             Start that version or a newer one; nothing was changed"
        )
        .into(),
        MigrateError::VersionMismatch(number) => format!(
            "its migration {number} is not the one that this version of touchplate knows: it was not made by a released version"
        )
        .into(),
        other => other.into(),
    }
}
