//! Columns to values and back. A column that does not read back is a broken database, never bad input.

use std::str::FromStr;

use jiff::Timestamp;
use sqlx::Row as _;
use touchplate_index::downloads::Day;
use touchplate_index::ports::{
    Project, ProjectId, Release, Serial, StoreError, StoredFile, Viewer,
};
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Blake2b256, Digests, Md5, Sha256};

use super::{Driver, Row, failed};

/// What is being read when a column does not read back.
const READING: &str = "read back a row that it stored";

/// One column as the driver has it.
pub(super) fn column<'r, T>(row: &'r Row, name: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, Driver> + sqlx::Type<Driver>,
{
    row.try_get(name).map_err(failed(READING))
}

/// A column of text that parses into a value.
pub(super) fn parsed<T>(row: &Row, name: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    column::<&str>(row, name)?
        .parse()
        .map_err(|cause: T::Err| StoreError::new(READING, cause))
}

/// A column of text, perhaps null, that parses into a value.
pub(super) fn parsed_or_null<T>(row: &Row, name: &str) -> Result<Option<T>, StoreError>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = column::<Option<&str>>(row, name)?;
    text.map(|text| {
        text.parse()
            .map_err(|cause: T::Err| StoreError::new(READING, cause))
    })
    .transpose()
}

/// A column of JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row, name: &str) -> Result<T, StoreError> {
    serde_json::from_str(column(row, name)?).map_err(|cause| StoreError::new(READING, cause))
}

/// A value as JSON text.
pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|cause| StoreError::new("write a value as JSON", cause))
}

/// A column of microseconds.
pub(super) fn time(row: &Row, name: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(column(row, name)?).map_err(|cause| StoreError::new(READING, cause))
}

/// A column of microseconds, perhaps null.
pub(super) fn time_or_null(row: &Row, name: &str) -> Result<Option<Timestamp>, StoreError> {
    let micros = column::<Option<i64>>(row, name)?;
    micros
        .map(|at| Timestamp::from_microsecond(at).map_err(|cause| StoreError::new(READING, cause)))
        .transpose()
}

/// A column of raw bytes.
pub(super) fn bytes<const N: usize>(row: &Row, name: &str) -> Result<[u8; N], StoreError> {
    exactly(column(row, name)?)
}

/// A column of raw bytes, perhaps null.
pub(super) fn bytes_or_null<const N: usize>(
    row: &Row,
    name: &str,
) -> Result<Option<[u8; N]>, StoreError> {
    let found = column::<Option<&[u8]>>(row, name)?;
    found.map(exactly).transpose()
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes
        .try_into()
        .map_err(|cause: std::array::TryFromSliceError| StoreError::new(READING, cause))
}

/// A SHA-256 from its column.
pub(super) fn sha256(row: &Row, name: &str) -> Result<Sha256, StoreError> {
    bytes(row, name).map(Sha256::from_bytes)
}

/// A database's integer is signed; sizes and serials are not.
pub(super) fn unsigned(row: &Row, name: &str) -> Result<u64, StoreError> {
    u64::try_from(column::<i64>(row, name)?).map_err(|cause| StoreError::new(READING, cause))
}

/// A small count.
pub(super) fn small(row: &Row, name: &str) -> Result<u32, StoreError> {
    u32::try_from(column::<i64>(row, name)?).map_err(|cause| StoreError::new(READING, cause))
}

/// A small count, perhaps null.
pub(super) fn small_or_null(row: &Row, name: &str) -> Result<Option<u32>, StoreError> {
    let count = column::<Option<i64>>(row, name)?.map(u32::try_from);
    count
        .transpose()
        .map_err(|cause| StoreError::new(READING, cause))
}

/// A day, counted from 1970-01-01.
pub(super) fn day(row: &Row, name: &str) -> Result<Day, StoreError> {
    let day = i32::try_from(column::<i64>(row, name)?);
    day.map(Day)
        .map_err(|cause| StoreError::new(READING, cause))
}

/// A length for a database's integer.
pub(super) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|cause| StoreError::new("store a number", cause))
}

/// The columns that [`project()`] reads, of `projects p`.
macro_rules! project_columns {
    () => {
        "p.id AS p_id, p.name AS p_name, p.display, p.visibility, p.status, p.status_reason, p.serial AS p_serial, \
         p.created_at AS p_created_at"
    };
}
pub(super) use project_columns;

/// Whether a viewer may see `projects p`, by what [`viewer()`] says of them in two parameters.
macro_rules! visible {
    ($everything:literal, $user:literal) => {
        concat!(
            "(",
            $everything,
            " OR p.visibility = 'public' OR (p.visibility = 'internal' AND ",
            $user,
            " IS NOT NULL) OR EXISTS (SELECT 1 FROM users v LEFT JOIN roles m ON m.user_id = v.id AND m.project_id = p.id \
             WHERE v.name = ",
            $user,
            " AND (m.role IS NOT NULL OR v.administrator)))"
        )
    };
}
pub(super) use visible;

/// Whether a viewer may see everything, and who they are.
pub(super) fn viewer(viewer: Viewer<'_>) -> (bool, Option<&str>) {
    match viewer {
        Viewer::Index => (true, None),
        Viewer::Anybody => (false, None),
        Viewer::User(name) => (false, Some(name.as_str())),
    }
}

/// A project from the columns of `project_columns`.
pub(super) fn project(row: &Row) -> Result<Project, StoreError> {
    Ok(Project {
        id: ProjectId(column(row, "p_id")?),
        name: parsed(row, "p_name")?,
        display: parsed(row, "display")?,
        visibility: parsed(row, "visibility")?,
        status: parsed(row, "status")?,
        status_reason: column(row, "status_reason")?,
        serial: Serial(unsigned(row, "p_serial")?),
        created_at: time(row, "p_created_at")?,
    })
}

/// Whether a release is yanked, from its two columns.
pub(super) fn yanked(row: &Row) -> Result<Yanked, StoreError> {
    Ok(if column::<bool>(row, "yanked")? {
        Yanked::Yes(column(row, "yanked_reason")?)
    } else {
        Yanked::No
    })
}

/// A release from its columns.
pub(super) fn release(row: &Row) -> Result<Release, StoreError> {
    Ok(Release {
        version: parsed(row, "version")?,
        created_at: time(row, "created_at")?,
        yanked: yanked(row)?,
    })
}

/// The columns that [`file()`] reads, of `files f` joined with `releases r`.
macro_rules! file_columns {
    () => {
        "f.id AS f_id, f.filename, f.size, f.sha256, f.blake2b_256, f.md5, f.core_metadata, f.requires_python, \
         f.uploaded_at, f.uploaded_by, f.user_agent, f.attestations, r.yanked, r.yanked_reason"
    };
}
pub(super) use file_columns;

/// A file from the columns of `file_columns`.
pub(super) fn file(row: &Row) -> Result<StoredFile, StoreError> {
    let core_metadata = column::<Option<&[u8]>>(row, "core_metadata")?;
    Ok(StoredFile {
        id: touchplate_index::ports::FileId(column(row, "f_id")?),
        filename: parsed(row, "filename")?,
        size: unsigned(row, "size")?,
        digests: Digests {
            sha256: sha256(row, "sha256")?,
            blake2b_256: Blake2b256::from_bytes(bytes(row, "blake2b_256")?),
            md5: Md5::from_bytes(bytes(row, "md5")?),
        },
        core_metadata: core_metadata
            .map(exactly)
            .transpose()?
            .map(Sha256::from_bytes),
        requires_python: column(row, "requires_python")?,
        uploaded_at: time(row, "uploaded_at")?,
        uploaded_by: column(row, "uploaded_by")?,
        user_agent: column(row, "user_agent")?,
        yanked: yanked(row)?,
        attestations: small(row, "attestations")?,
    })
}
