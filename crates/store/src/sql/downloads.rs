//! How often files were downloaded.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use touchplate_index::downloads::{Day, DownloadCount};
use touchplate_index::ports::{Downloaded, Downloads, FileId, ProjectId, StoreError};

use super::dialect::in_this_order;
use super::rows::{column, day, signed, unsigned};
use super::{Connection, INDEX, Store, failed};

/// Where a file belongs.
struct Place {
    project: i64,
    public: bool,
}

async fn place(connection: &mut Connection, file: FileId) -> Result<Option<Place>, StoreError> {
    let row = sqlx::query(
        "SELECT p.id, p.visibility = 'public' AS public FROM files f JOIN projects p ON p.id = f.project_id WHERE f.id = $1",
    )
    .bind(file.0)
    .fetch_optional(connection)
    .await
    .map_err(failed("look up whose download it was"))?;
    row.map(|row| {
        Ok(Place {
            project: column(&row, "id")?,
            public: column(&row, "public")?,
        })
    })
    .transpose()
}

/// Adds to one count; `sql` takes two numbers of a key and the count.
async fn add_to(
    connection: &mut Connection,
    sql: &'static str,
    key: (i64, i64),
    count: u64,
) -> Result<(), StoreError> {
    sqlx::query(sql)
        .bind(key.0)
        .bind(key.1)
        .bind(signed(count)?)
        .execute(connection)
        .await
        .map_err(failed("count downloads"))?;
    Ok(())
}

const ADD_TO_FILE: &str = "INSERT INTO downloads (day, file_id, count) VALUES ($1, $2, $3) \
     ON CONFLICT (day, file_id) DO UPDATE SET count = downloads.count + excluded.count";
const ADD_TO_PROJECT: &str = "INSERT INTO project_downloads (day, project_id, count) VALUES ($1, $2, $3) \
     ON CONFLICT (day, project_id) DO UPDATE SET count = project_downloads.count + excluded.count";
const ADD_TO_PUBLIC: &str = "INSERT INTO public_downloads (index_id, day, count) VALUES ($1, $2, $3) \
     ON CONFLICT (index_id, day) DO UPDATE SET count = public_downloads.count + excluded.count";

/// The days from `$1` to `$2`, one after the other: each is looked up by its whole key.
macro_rules! each_day {
    () => {
        "WITH RECURSIVE days (day) AS (VALUES ($1) UNION ALL SELECT day + 1 FROM days WHERE day < $2) "
    };
}

impl Store {
    async fn download_count(
        &self,
        sql: &'static str,
        days: &RangeInclusive<Day>,
        id: i64,
    ) -> Result<DownloadCount, StoreError> {
        let row = sqlx::query(sql)
            .bind(i64::from(days.start().0))
            .bind(i64::from(days.end().0))
            .bind(id)
            .fetch_one(&self.readers)
            .await
            .map_err(failed("read how often it was downloaded"))?;
        Ok(DownloadCount {
            ever: unsigned(&row, "ever")?,
            lately: unsigned(&row, "lately")?,
        })
    }
}

#[async_trait]
impl Downloads for Store {
    async fn add(&self, batch: &[Downloaded]) -> Result<(), StoreError> {
        let doing = "count downloads";
        let mut transaction = self.write_with(&[]).await?;
        let mut projects: BTreeMap<(i64, i64), u64> = BTreeMap::new();
        let mut public: BTreeMap<i64, u64> = BTreeMap::new();
        for it in batch {
            let Some(place) = place(&mut transaction, it.file).await? else {
                continue;
            };
            let day = i64::from(it.day.0);
            add_to(&mut transaction, ADD_TO_FILE, (day, it.file.0), it.count).await?;
            sqlx::query(
                "INSERT INTO download_totals (file_id, count) VALUES ($1, $2) \
                 ON CONFLICT (file_id) DO UPDATE SET count = download_totals.count + excluded.count",
            )
            .bind(it.file.0)
            .bind(signed(it.count)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
            let of_project = projects.entry((day, place.project)).or_default();
            *of_project = of_project.saturating_add(it.count);
            if place.public {
                let of_day = public.entry(day).or_default();
                *of_day = of_day.saturating_add(it.count);
            }
        }
        for (key, count) in projects {
            add_to(&mut transaction, ADD_TO_PROJECT, key, count).await?;
        }
        for (day, count) in public {
            add_to(&mut transaction, ADD_TO_PUBLIC, (INDEX, day), count).await?;
        }
        transaction.commit().await.map_err(failed(doing))
    }

    async fn of_file(
        &self,
        file: FileId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError> {
        let sql = concat!(
            each_day!(),
            "SELECT coalesce((SELECT count FROM download_totals WHERE file_id = $3), 0) AS ever, \
             coalesce((SELECT CAST(sum(d.count) AS BIGINT) FROM days ",
            in_this_order!(),
            " downloads d ON d.day = days.day AND d.file_id = $3), 0) \
             AS lately"
        );
        self.download_count(sql, &days, file.0).await
    }

    async fn of_project(
        &self,
        project: ProjectId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError> {
        let sql = concat!(
            each_day!(),
            "SELECT coalesce((SELECT CAST(sum(t.count) AS BIGINT) FROM files f JOIN download_totals t ON t.file_id = f.id \
             WHERE f.project_id = $3), 0) AS ever, \
             coalesce((SELECT CAST(sum(d.count) AS BIGINT) FROM days ",
            in_this_order!(),
            " project_downloads d \
             ON d.day = days.day AND d.project_id = $3), 0) AS lately"
        );
        self.download_count(sql, &days, project.0).await
    }

    async fn by_day(&self, days: RangeInclusive<Day>) -> Result<Vec<(Day, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT day, count FROM public_downloads WHERE index_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day",
        )
        .bind(INDEX)
        .bind(i64::from(days.start().0))
        .bind(i64::from(days.end().0))
        .fetch_all(&self.readers)
        .await
        .map_err(failed("read downloads by day"))?;
        let read = |row: &_| Ok((day(row, "day")?, unsigned(row, "count")?));
        rows.iter().map(read).collect()
    }

    async fn forget_days_before(&self, day: Day) -> Result<(), StoreError> {
        let doing = "forget old days";
        let mut transaction = self.write_apart().await?;
        for sql in [
            "DELETE FROM downloads WHERE day < $1",
            "DELETE FROM project_downloads WHERE day < $1",
        ] {
            sqlx::query(sql)
                .bind(i64::from(day.0))
                .execute(&mut *transaction)
                .await
                .map_err(failed(doing))?;
        }
        transaction.commit().await.map_err(failed(doing))
    }
}
