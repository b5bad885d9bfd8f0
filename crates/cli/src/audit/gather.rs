//! Lockfiles and environments read, indexes asked, and who was seen first pinned.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use touchplate_client::audit::{Auditor, Cache, Online, PackHead, Recorder, Source as Asked};
use touchplate_client::environment::Environment;
use touchplate_client::fetch::{Agent, IndexUrl, Places, Settings, parse_url, without_credentials};
use touchplate_client::pins::{self, Pin, PinFile};
use touchplate_packaging::ProjectName;
use touchplate_packaging::lock::{LockError, Lockfile, MAX_LOCK_BYTES, Source};

use super::report::{AuditedLockfile, Kind, Report};
use super::{Arguments, pack};
use crate::files;
use crate::options::Common;
use crate::report::Failure;
use crate::root::Trust;
use crate::verify::{Progress, USER_AGENT};

#[derive(Debug, thiserror::Error)]
#[error("an audit asks an index, and --offline forbids that")]
struct Offline;

#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be audited", .0.display())]
struct Unreadable(PathBuf, #[source] LockError);

#[derive(Debug, thiserror::Error)]
#[error("there is no `{}`", .0.display())]
struct NoPins(PathBuf);

/// Audits each lockfile.
pub(crate) fn report(
    common: &Common,
    arguments: &Arguments,
    now: Timestamp,
) -> Result<Report, Failure> {
    let pack = arguments.from_pack.as_deref();
    let pack = pack
        .map(|path| pack::read(path, arguments.seal))
        .transpose()?;
    // What is in wheels no signature in a pack proves: only whoever made it can say so.
    let pack = pack.map(|(pack, told)| match arguments.seal {
        Some(_) => (pack, told),
        None => (pack.without_wheels(), told),
    });
    let trust = match (&pack, arguments.seal) {
        (Some((pack, told)), Some(_)) => Trust::of_pack(&pack.trust, &told.path)?,
        _ => Trust::read(common)?,
    };
    let mut pins = pin_file(arguments)?;
    let (lockfiles, mut unread) = read(&arguments.lockfiles);
    let environments = environments(&arguments.environment, &mut unread);
    if common.offline && pack.is_none() {
        let hint = "`touchplate audit --write-pack FILE`, where there is a network, makes what --from-pack reads";
        return Err(Failure::usage(Offline).hint(hint));
    }
    let (agent, index) = reach(arguments, &lockfiles, pack.is_some())?;
    let cache = (!arguments.no_cache).then(|| Cache::of_environment(&variable));
    let online = Online::new(&agent, cache.flatten());
    let recorder = arguments
        .write_pack
        .is_some()
        .then(|| Recorder::new(&online));
    let source: &dyn Asked = match (&pack, &recorder) {
        (Some((pack, _)), _) => pack,
        (None, Some(recorder)) => recorder,
        (None, None) => &online,
    };
    let url = index.as_ref().map(|index| &index.url);
    let is_explicit = arguments.index.is_some();
    let head = match &pack {
        Some((pack, _)) => pack.head.clone(),
        None => PackHead {
            made_at: now,
            index: url.filter(|_| is_explicit).cloned(),
            default_index: url.cloned(),
        },
    };
    let progress = Progress::of(0, 0, true);
    let tell = |done: usize, of: usize| progress.steps(done, of);
    let auditor = Auditor {
        source,
        domains: trust.domains(),
        pins: pins.pins(),
        index: head.index.as_ref(),
        default_index: head.default_index.as_ref(),
        now,
        progress: &tell,
    };
    let audited = lockfiles
        .into_iter()
        .map(|(path, lockfile)| AuditedLockfile {
            path,
            format: Kind::Lockfile(lockfile.format),
            entries: auditor.audit(lockfile.entries),
        });
    let mut lockfiles: Vec<AuditedLockfile> = audited.collect();
    lockfiles.extend(environments.into_iter().map(|environment| AuditedLockfile {
        format: Kind::Environment,
        entries: auditor.environment(&environment),
        path: environment.named,
    }));
    progress.end();
    let told = match (recorder, &arguments.write_pack) {
        (Some(recorder), Some(path)) => Some(pack::write(path, recorder, &head, &trust)?),
        _ => pack.map(|(_, told)| told),
    };
    let pinned = if arguments.first_use {
        first_use(&mut pins, &lockfiles)?
    } else {
        Vec::new()
    };
    Ok(Report {
        lockfiles,
        unread,
        trust,
        has_pins: pins.exists() || !pinned.is_empty(),
        pins: pins.path().to_owned(),
        pinned,
        index,
        pack: told,
        now,
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The file of pins: the one that is named has to be there, unless this run makes it.
fn pin_file(arguments: &Arguments) -> Result<PinFile, Failure> {
    let path = match &arguments.lock {
        Some(path) => path.clone(),
        None => pins::find(&std::env::current_dir().unwrap_or_default()),
    };
    let file = PinFile::read(&path)?;
    if arguments.lock.is_some() && !arguments.first_use && !file.exists() {
        let hint = "--first-use makes it, and pins who built the files";
        return Err(Failure::usage(NoPins(path)).hint(hint));
    }
    Ok(file)
}

type Unread = Vec<(PathBuf, Failure)>;

/// Each lockfile, and those that cannot be read.
fn read(paths: &[PathBuf]) -> (Vec<(PathBuf, Lockfile)>, Unread) {
    let (mut lockfiles, mut unread) = (Vec::new(), Vec::new());
    for path in paths {
        match read_one(path) {
            Ok(lockfile) => lockfiles.push((path.clone(), lockfile)),
            Err(failure) => unread.push((path.clone(), failure)),
        }
    }
    (lockfiles, unread)
}

/// Each environment; those that are none join the lockfiles that cannot be read.
fn environments(paths: &[PathBuf], unread: &mut Unread) -> Vec<Environment> {
    let mut found = Vec::new();
    for path in paths {
        match Environment::find(path) {
            Ok(environment) => found.push(environment),
            Err(error) => unread.push((path.clone(), Failure::usage(error))),
        }
    }
    found
}

fn read_one(path: &Path) -> Result<Lockfile, Failure> {
    let bytes = files::read(path, MAX_LOCK_BYTES)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lockfile = Lockfile::parse(&name, &bytes);
    let mut lockfile =
        lockfile.map_err(|error| Failure::usage(Unreadable(path.to_owned(), error)))?;
    for entry in &mut lockfile.entries {
        // A requirement without a name is shown as its whole line, which may hold a password.
        entry.shown = without_credentials(&entry.shown);
    }
    Ok(lockfile)
}

/// What asks, and the index that is asked where a lockfile names none.
fn reach(
    arguments: &Arguments,
    lockfiles: &[(PathBuf, Lockfile)],
    has_pack: bool,
) -> Result<(Agent, Option<IndexUrl>), Failure> {
    let mut settings = Settings::from_environment(USER_AGENT, &variable)?;
    if has_pack {
        // Nobody is asked, and what this machine would ask is beside the point.
        return Ok((Agent::new(settings), None));
    }
    let folder = std::env::current_dir().unwrap_or_default();
    let index = match &arguments.index {
        Some(url) => Some(IndexUrl::parse(url, "--index")?),
        None => IndexUrl::find(Places {
            variable: &variable,
            folder: &folder,
            system: Path::new("/"),
        })?,
    };
    if let Some(index) = &index {
        settings
            .credentials
            .give(&index.url, index.authorization.clone());
    }
    let entries = lockfiles.iter().flat_map(|(_, lockfile)| &lockfile.entries);
    for entry in entries {
        // Requirements may name an index with a password for it, which goes nowhere else.
        if let Source::Index(Some(named)) = &entry.source
            && let Ok((url, Some(authorization))) = parse_url(named)
        {
            settings.credentials.give(&url, Some(authorization));
        }
    }
    let agent = Agent::new(settings).multiplexed();
    Ok((agent.within(arguments.timeout), index))
}

/// Pins who built the files of projects for which nobody is pinned.
fn first_use(
    file: &mut PinFile,
    lockfiles: &[AuditedLockfile],
) -> Result<Vec<(ProjectName, Pin)>, Failure> {
    // Read again under the lock: what another process has pinned meanwhile counts.
    *file = PinFile::take(file.path())?;
    let mut pinned: Vec<(ProjectName, Pin)> = Vec::new();
    for audited in lockfiles.iter().flat_map(|lockfile| &lockfile.entries) {
        let Some(project) = &audited.entry.name else {
            continue;
        };
        let by_this_run = pinned.iter().any(|(other, _)| other == project);
        if !by_this_run && !file.pins().of(project).is_empty() {
            continue;
        }
        for pin in audited.first_pins() {
            let same = |it: &Pin| it.who == pin.who && it.ids == pin.ids;
            if !file.pins().of(project).iter().any(same) {
                let added = file.pins_mut().add(project, pin.clone());
                added.map_err(Failure::usage)?;
                pinned.push((project.clone(), pin));
            }
        }
    }
    if !pinned.is_empty() {
        file.save()?;
    }
    Ok(pinned)
}
