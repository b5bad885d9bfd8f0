//! Where an environment's packages are, by how environments are laid out: asking its interpreter would run what it has.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Environment, EnvironmentError, Site, scan};

/// What folders of packages are called.
const NAMES: [&str; 2] = ["site-packages", "dist-packages"];

/// `pyvenv.cfg` has some hundred bytes.
const MAX_CONFIGURATION_BYTES: u64 = 64 << 10;

impl Environment {
    /// The environment of a folder (an environment's, or one of packages) or of an interpreter, and everything in it.
    ///
    /// # Errors
    /// See [`EnvironmentError`].
    pub fn find(named: &Path) -> Result<Self, EnvironmentError> {
        let unreadable = |error| EnvironmentError::Unreadable(named.to_owned(), error);
        let is_folder = fs::metadata(named).map_err(unreadable)?.is_dir();
        let places = if is_folder {
            of_folder(named)
        } else {
            of_interpreter(named)
        };
        let Some(places) = places.filter(|places| !places.is_empty()) else {
            return Err(EnvironmentError::NotOne(named.to_owned()));
        };
        let sees_system = places.iter().any(|place| sees_system(&place.prefix));
        let mut sites: Vec<Site> = Vec::new();
        let mut seen = Vec::new();
        let mut left = super::MAX_FILES;
        for place in places {
            // `lib64` is a link to `lib`, as a rule.
            let real = fs::canonicalize(&place.folder).map_err(unreadable)?;
            if seen.contains(&real) {
                continue;
            }
            seen.push(real);
            let site = scan::site(place, &mut left)?;
            sites.push(site.ok_or_else(|| EnvironmentError::TooLarge(named.to_owned()))?);
        }
        Ok(Self {
            named: named.to_owned(),
            sites,
            sees_system,
        })
    }
}

/// A folder of packages, and its environment's.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) prefix: PathBuf,
    pub(super) scripts: PathBuf,
}

impl Place {
    fn new(folder: PathBuf, prefix: &Path) -> Self {
        let windows = prefix.join("Scripts");
        let scripts = if windows.is_dir() {
            windows
        } else {
            prefix.join("bin")
        };
        Self {
            folder,
            prefix: prefix.to_owned(),
            scripts,
        }
    }
}

fn of_folder(folder: &Path) -> Option<Vec<Place>> {
    if has_distributions(folder) || is_called_so(folder) {
        // `PREFIX/lib/python3.13/site-packages` and `PREFIX/Lib/site-packages`; of any other folder nothing is known.
        let above = fs::canonicalize(folder).ok()?;
        let lib = above.parent().filter(|_| is_called_so(folder));
        let lib = lib.and_then(|lib| if is_lib(lib) { Some(lib) } else { lib.parent() });
        let prefix = lib.filter(|lib| is_lib(lib)).and_then(Path::parent);
        let prefix = prefix.unwrap_or(&above).to_owned();
        return Some(vec![Place::new(folder.to_owned(), &prefix)]);
    }
    Some(below(folder))
}

/// The environment of an interpreter: of the folder above `bin`, else of that of the file to which it is a link.
fn of_interpreter(file: &Path) -> Option<Vec<Place>> {
    let around = |file: &Path| {
        let folder = file.parent()?;
        // On Windows an interpreter without an environment lies in its own folder itself.
        Some(below(if is_bin(folder) {
            folder.parent()?
        } else {
            folder
        }))
    };
    let found = around(&std::path::absolute(file).ok()?)?;
    if !found.is_empty() {
        return Some(found);
    }
    around(&fs::canonicalize(file).ok()?)
}

/// Every folder of packages in the environment of this folder.
fn below(prefix: &Path) -> Vec<Place> {
    let mut found = Vec::new();
    let local = prefix.join("local");
    for prefix in [prefix, &local] {
        for lib in ["lib", "lib64", "Lib"] {
            let lib = prefix.join(lib);
            let mut folders = vec![lib.clone()];
            let versions = fs::read_dir(&lib).into_iter().flatten().flatten();
            let versions = versions.map(|entry| entry.path());
            folders.extend(versions.filter(|path| is_of_python(path)));
            folders.sort();
            for folder in folders {
                let named = NAMES.iter().map(|name| folder.join(name));
                let there = named.filter(|path| path.is_dir());
                found.extend(there.map(|path| Place::new(path, prefix)));
            }
        }
    }
    found
}

fn file_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

/// `python3.13`, `python3`, `pypy3.11`.
fn is_of_python(path: &Path) -> bool {
    file_name(path).starts_with("py")
}

fn is_called_so(folder: &Path) -> bool {
    let real = fs::canonicalize(folder);
    real.is_ok_and(|real| NAMES.contains(&file_name(&real)))
}

fn is_lib(folder: &Path) -> bool {
    matches!(file_name(folder), "lib" | "lib64" | "Lib")
}

fn is_bin(folder: &Path) -> bool {
    matches!(file_name(folder), "bin" | "Scripts")
}

/// Whether distributions lie in this very folder, as `pip install --target` makes it.
fn has_distributions(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| scan::is_distribution(&name.to_string_lossy()))
}

/// Whether `pyvenv.cfg` says that the packages of the interpreter's own environment are seen as well.
fn sees_system(prefix: &Path) -> bool {
    let file = prefix.join("pyvenv.cfg");
    let short = fs::metadata(&file)
        .is_ok_and(|found| found.is_file() && found.len() <= MAX_CONFIGURATION_BYTES);
    let text = if short {
        fs::read_to_string(&file).unwrap_or_default()
    } else {
        String::new()
    };
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    lines.any(|(key, value)| {
        key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true")
    })
}
