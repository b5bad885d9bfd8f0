//! What a distribution has outside of its site's folder: scripts, programs that installers write, data, headers.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use touchplate_packaging::Sha256;
use touchplate_packaging::installed::{
    Command, MAX_INSTALLED_BYTES, MAX_LAUNCHER_BYTES, commands, is_launcher, launcher_body,
};

use super::super::environment::Item;
use super::placed::{Place, Places, Reach};
use super::{State, same};
use crate::environment::{Disk, Off, Site};

/// The files outside of one site's folder.
pub(super) struct Programs<'h> {
    site: &'h Site,
    disk: &'h Disk,
    items: &'h [Item<'h>],
    places: &'h Places<'h>,
    scripts: PathBuf,
}

impl<'h> Programs<'h> {
    pub(super) fn of(
        site: &'h Site,
        disk: &'h Disk,
        items: &'h [Item<'h>],
        places: &'h Places<'h>,
    ) -> Self {
        let real = fs::canonicalize(&site.scripts);
        Self {
            site,
            disk,
            items,
            places,
            scripts: real.unwrap_or_else(|_| site.scripts.clone()),
        }
    }

    /// Each that is there or should be, with its path as it is told.
    pub(super) fn judged(&self) -> Vec<(usize, State, String)> {
        let mut judged = Vec::new();
        let mut seen = HashSet::new();
        for (path, place) in &self.places.outside {
            seen.insert(self.real(path));
            judged.push((place.owner, self.of_wheel(path, place), self.shown(path)));
        }
        for (owner, reach) in &self.places.rows {
            match reach {
                Reach::Within(_) => {}
                Reach::Out(path) => judged.push((*owner, State::Unread, path.clone())),
                Reach::Environment(path) => {
                    if seen.insert(self.real(path)) {
                        let state = self.of_installer(*owner, path);
                        judged.push((*owner, state, self.shown(path)));
                    }
                }
            }
        }
        // Those that no RECORD names.
        for owner in self.places.dist_infos.values() {
            for command in self.commands(*owner) {
                let path = self.site.scripts.join(&command.name);
                if is_name(&command.name) && seen.insert(self.real(&path)) {
                    let state = self.of_installer(*owner, &path);
                    judged.push((*owner, state, self.shown(&path)));
                }
            }
        }
        judged
    }

    /// A file that the wheel has.
    fn of_wheel(&self, path: &Path, place: &Place<'_>) -> State {
        let Some(member) = place.member else {
            return State::Same;
        };
        let state = same(self.disk, path, member.sha256, Some(member.size));
        let (State::Changed, Some(body)) = (state, member.body) else {
            return state;
        };
        match self.text(path) {
            Ok(text) => match launcher_body(&text) {
                Some((_, found)) if Sha256::of(found.as_bytes()) != body => State::Changed,
                Some((interpreter, _)) if self.is_ours(interpreter) => State::Same,
                Some(_) => State::Rewritten,
                None => State::Changed,
            },
            Err(state) => state,
        }
    }

    /// A file that the wheel has not: a program for one of its commands, or nothing that an installer writes.
    fn of_installer(&self, owner: usize, path: &Path) -> State {
        let is_held = self.items.get(owner).is_some_and(|it| it.wheel.is_some());
        // Of what is held against no wheel it is said once that it cannot be told.
        if !is_held || fs::symlink_metadata(path).is_err() {
            return State::Same;
        }
        if path.extension().is_some_and(|it| it == "pyc") {
            return State::Bytecode;
        }
        if path.parent().map(|folder| self.real(folder)).as_ref() != Some(&self.scripts) {
            return State::Extra;
        }
        let text = match self.text(path) {
            Ok(text) => text,
            Err(state) => return state,
        };
        let commands = self.commands(owner);
        match launcher_body(&text) {
            Some((interpreter, body))
                if self.is_ours(interpreter)
                    && commands.iter().any(|command| is_launcher(body, command)) =>
            {
                State::Same
            }
            _ => State::Rewritten,
        }
    }

    /// The commands of a distribution, by a file that is held against its wheel.
    fn commands(&self, owner: usize) -> Vec<Command> {
        let Some(item) = self.items.get(owner).filter(|it| it.wheel.is_some()) else {
            return Vec::new();
        };
        let path = format!("{}/entry_points.txt", item.installed.name);
        if !self.places.expected.contains_key(&path) {
            return Vec::new();
        }
        match self
            .disk
            .read(&self.site.folder.join(path), MAX_INSTALLED_BYTES)
        {
            Ok(bytes) => commands(&bytes),
            Err(_) => Vec::new(),
        }
    }

    fn text(&self, path: &Path) -> Result<String, State> {
        match self.disk.read(path, MAX_LAUNCHER_BYTES) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| State::Rewritten),
            Err(Off::Longer) => Err(State::Rewritten),
            Err(Off::Absent) => Err(State::Missing),
            Err(Off::Outside | Off::Failed(_)) => Err(State::Unread),
        }
    }

    /// Whether an interpreter is one of this environment.
    fn is_ours(&self, interpreter: &str) -> bool {
        let path = Path::new(interpreter);
        let name = path.file_name().and_then(|name| name.to_str());
        let is_python = name.is_some_and(|name| name.starts_with("py"));
        let folder = path.parent().map(|folder| self.real(folder));
        is_python && folder.as_ref() == Some(&self.scripts)
    }

    /// The path with its folder as it really is; the last part may be a link, which is another question.
    fn real(&self, path: &Path) -> PathBuf {
        if let Ok(real) = fs::canonicalize(path)
            && real.is_dir()
        {
            return real;
        }
        let folder = path
            .parent()
            .and_then(|folder| fs::canonicalize(folder).ok());
        match (folder, path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    }

    fn shown(&self, path: &Path) -> String {
        let real = fs::canonicalize(&self.site.prefix);
        let prefix = real.as_deref().unwrap_or(&self.site.prefix);
        let real = self.real(path);
        let below = real.strip_prefix(prefix).unwrap_or(path);
        below.to_string_lossy().replace('\\', "/")
    }
}

/// `entry_points.txt` is from a wheel, and its names are those of files in one folder.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
}
