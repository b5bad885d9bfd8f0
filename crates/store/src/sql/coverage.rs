//! How much of the index has provenance.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use touchplate_index::coverage::{Counted, Grain, LostProvenance, ProjectCoverage, Tally};
use touchplate_index::downloads::Day;
use touchplate_index::ports::{Coverage, LostList, Serial, StoreError};
use touchplate_packaging::ProjectName;

use super::rows::{day, json, parsed, signed, time, to_json, unsigned};
use super::{Connection, INDEX, Row, Store, failed};

const GRAINS: [Grain; 3] = [Grain::Ever, Grain::Month, Grain::Day];

/// What is to be added to the sums, or taken away.
type Changes = BTreeMap<(Grain, Day, String), i64>;

/// As it is stored: day, counted as, count.
type Stored = BTreeSet<(i32, String, i64)>;

fn stored(coverage: Option<&ProjectCoverage>) -> Result<Stored, StoreError> {
    let by_day = coverage.iter().flat_map(|it| &it.by_day);
    by_day
        .map(|((day, counted), count)| Ok((day.0, counted.to_string(), signed(*count)?)))
        .collect()
}

fn change(changes: &mut Changes, (day, counted, count): &(i32, String, i64), sign: i64) {
    for grain in GRAINS {
        let key = (grain, grain.start(Day(*day)), counted.clone());
        let sum = changes.entry(key).or_default();
        *sum = sum.saturating_add(count.saturating_mul(sign));
    }
}

/// Puts what is counted of one project in place of what was.
async fn replace(
    connection: &mut Connection,
    name: &ProjectName,
    coverage: Option<&ProjectCoverage>,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let doing = "count a project";
    let before =
        sqlx::query("SELECT by_day FROM project_coverage WHERE index_id = $1 AND project = $2")
            .bind(INDEX)
            .bind(name.as_str())
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed(doing))?;
    let before: Option<Stored> = before.map(|row| json(&row, "by_day")).transpose()?;
    let after = stored(coverage)?;
    if before.as_ref() != Some(&after) {
        before
            .iter()
            .flatten()
            .for_each(|it| change(changes, it, -1));
        after.iter().for_each(|it| change(changes, it, 1));
        sqlx::query(
            "INSERT INTO project_coverage (index_id, project, by_day) VALUES ($1, $2, $3) \
             ON CONFLICT (index_id, project) DO UPDATE SET by_day = excluded.by_day",
        )
        .bind(INDEX)
        .bind(name.as_str())
        .bind(to_json(&after)?)
        .execute(&mut *connection)
        .await
        .map_err(failed(doing))?;
    }
    if coverage.is_none() {
        sqlx::query("DELETE FROM project_coverage WHERE index_id = $1 AND project = $2")
            .bind(INDEX)
            .bind(name.as_str())
            .execute(&mut *connection)
            .await
            .map_err(failed(doing))?;
    }
    let lost = coverage.and_then(|it| it.lost.as_ref());
    note_lost(connection, name, lost).await
}

async fn note_lost(
    connection: &mut Connection,
    name: &ProjectName,
    lost: Option<&LostProvenance>,
) -> Result<(), StoreError> {
    let query = match lost {
        None => sqlx::query("DELETE FROM lost_provenance WHERE index_id = $1 AND project = $2")
            .bind(INDEX)
            .bind(name.as_str()),
        Some(lost) => sqlx::query(
            "INSERT INTO lost_provenance (index_id, project, version, at, had) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (index_id, project) DO UPDATE SET version = excluded.version, at = excluded.at, had = excluded.had",
        )
        .bind(INDEX)
        .bind(name.as_str())
        .bind(lost.version.to_string())
        .bind(lost.at.as_microsecond())
        .bind(lost.had.to_string()),
    };
    query
        .execute(connection)
        .await
        .map_err(failed("note who lost provenance"))?;
    Ok(())
}

async fn apply(connection: &mut Connection, changes: &Changes) -> Result<(), StoreError> {
    for ((grain, start, counted), by) in changes.iter().filter(|(_, by)| **by != 0) {
        sqlx::query(
            "INSERT INTO coverage (index_id, grain, start, counted, count) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (index_id, grain, start, counted) DO UPDATE SET count = coverage.count + excluded.count",
        )
        .bind(INDEX)
        .bind(grain.as_str())
        .bind(i64::from(start.0))
        .bind(counted)
        .bind(by)
        .execute(&mut *connection)
        .await
        .map_err(failed("count projects"))?;
    }
    Ok(())
}

/// Moves the position on, if it is at `from`.
async fn advance(
    connection: &mut Connection,
    from: Serial,
    to: Serial,
) -> Result<bool, StoreError> {
    let doing = "note how far was counted";
    sqlx::query(
        "INSERT INTO coverage_position (index_id, serial) VALUES ($1, 0) ON CONFLICT DO NOTHING",
    )
    .bind(INDEX)
    .execute(&mut *connection)
    .await
    .map_err(failed(doing))?;
    let done =
        sqlx::query("UPDATE coverage_position SET serial = $1 WHERE index_id = $2 AND serial = $3")
            .bind(signed(to.0)?)
            .bind(INDEX)
            .bind(signed(from.0)?)
            .execute(connection)
            .await
            .map_err(failed(doing))?;
    Ok(done.rows_affected() == 1)
}

#[async_trait]
impl Coverage for Store {
    async fn counted_to(&self) -> Result<Serial, StoreError> {
        let row = sqlx::query(
            "SELECT coalesce((SELECT serial FROM coverage_position WHERE index_id = $1), 0) AS serial",
        )
        .bind(INDEX)
        .fetch_one(&self.readers)
        .await
        .map_err(failed("read how far was counted"))?;
        Ok(Serial(unsigned(&row, "serial")?))
    }

    async fn count(
        &self,
        from: Serial,
        to: Serial,
        projects: &[(ProjectName, Option<ProjectCoverage>)],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write_apart().await?;
        if !advance(&mut transaction, from, to).await? {
            return Ok(false);
        }
        let mut changes = Changes::new();
        for (name, coverage) in projects {
            replace(&mut transaction, name, coverage.as_ref(), &mut changes).await?;
        }
        apply(&mut transaction, &changes).await?;
        transaction
            .commit()
            .await
            .map_err(failed("count projects"))?;
        Ok(true)
    }

    async fn tallies(&self, grain: Grain, since: Day) -> Result<Vec<Tally>, StoreError> {
        let rows = sqlx::query(
            "SELECT start, counted, count FROM coverage \
             WHERE index_id = $1 AND grain = $2 AND start >= $3 AND count > 0 ORDER BY start",
        )
        .bind(INDEX)
        .bind(grain.as_str())
        .bind(i64::from(since.0))
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read what was counted"))?;
        let read = |row: &Row| {
            Ok(Tally {
                start: day(row, "start")?,
                counted: parsed::<Counted>(row, "counted")?,
                count: unsigned(row, "count")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn lost(&self, limit: u32) -> Result<LostList, StoreError> {
        let doing = "list who lost provenance";
        let rows = sqlx::query(
            "SELECT l.project, l.version, l.at, l.had, count(*) OVER () AS all_of_them FROM lost_provenance l \
             JOIN projects p ON p.index_id = l.index_id AND p.name = l.project \
             WHERE l.index_id = $1 AND p.visibility = 'public' AND p.status <> 'quarantined' \
             ORDER BY l.at DESC, l.project LIMIT $2",
        )
        .bind(INDEX)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(failed(doing))?;
        let read = |row: &Row| {
            Ok(LostProvenance {
                project: parsed(row, "project")?,
                version: parsed(row, "version")?,
                at: time(row, "at")?,
                had: parsed(row, "had")?,
            })
        };
        let count = rows.first().map(|row| unsigned(row, "all_of_them"));
        Ok(LostList {
            count: count.transpose()?.unwrap_or_default(),
            latest: rows.iter().map(read).collect::<Result<_, StoreError>>()?,
        })
    }
}
