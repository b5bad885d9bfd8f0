//! Files and their evidence brought together: read or fetched, and proved, several at a time; in the order asked for.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use jiff::Timestamp;
use touchplate_attest::{CertificateMemory, TrustDomains};

use super::file::{Place, Target};
use super::judge::{Evidence, prove};
use super::network::{Network, Pages, Remote};
use super::progress::Progress;
use super::sources::{Neighbours, Source};
use super::targets::Wanted;
use crate::report::Failure;

/// Downloads at once: what a polite client opens to one server.
const MAX_DOWNLOADS: usize = 4;

/// Evidence that the command line names; none if it is to be found.
#[derive(Debug)]
pub(crate) struct Given(Vec<Source>);

/// What was found of each file, and why of others nothing was.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// In the order asked for.
    pub(crate) evidence: Vec<Evidence>,
    /// What was asked for, and what went wrong with it.
    pub(crate) failures: Vec<(String, Failure)>,
}

/// What the work needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work<'w> {
    /// For targets on a network.
    pub(crate) network: Option<&'w Network>,
    /// Evidence that is given.
    pub(crate) given: &'w Given,
    /// Whom to believe.
    pub(crate) domains: &'w TrustDomains,
    /// Where fetched files are put meanwhile.
    pub(crate) room: &'w Path,
    /// Whether they are needed afterwards.
    pub(crate) keeps: bool,
    /// Whether files without evidence are fetched too.
    pub(crate) fetches_all: bool,
    /// The time of the check.
    pub(crate) now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
#[error("expected one file with --attestation, --attestations or --provenance, found {0}")]
struct OneFile(usize);

/// One file to be read or fetched.
#[derive(Debug)]
enum Item<'w> {
    File(PathBuf),
    Remote(&'w Network, Box<Remote>),
}

impl Given {
    /// These; maybe none.
    pub(crate) fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }

    fn sources(&self) -> Option<&[Source]> {
        Some(self.0.as_slice()).filter(|sources| !sources.is_empty())
    }
}

impl Gathered {
    /// One file that is not at hand, with the evidence given for it.
    pub(crate) fn absent(
        target: Target,
        given: &Given,
        domains: &TrustDomains,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        Ok(Self {
            evidence: vec![prove(
                target,
                &given.0,
                domains,
                &mut CertificateMemory::new(),
                now,
            )?],
            failures: Vec::new(),
        })
    }
}

impl Item<'_> {
    /// What it is called where it goes wrong.
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Remote(_, remote) => remote.url.to_string(),
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::File(path) => fs::metadata(path).ok().map(|metadata| metadata.len()),
            Self::Remote(_, remote) => remote.size,
        }
    }
}

impl<'w> Work<'w> {
    /// Reads or fetches every file that is wanted, and proves what there is of it.
    pub(crate) fn gather(self, wanted: Vec<Wanted>) -> Result<Gathered, Failure> {
        let mut gathered = Gathered::default();
        let items = self.items(wanted, &mut gathered.failures);
        if self.given.sources().is_some() && items.len() != 1 && gathered.failures.is_empty() {
            return Err(Failure::usage(OneFile(items.len())));
        }
        for (item, result) in items.iter().zip(self.work(&items)) {
            match result {
                Ok(evidence) => gathered.evidence.push(evidence),
                Err(failure) => gathered.failures.push((item.name(), failure)),
            }
        }
        Ok(gathered)
    }

    /// The files of each target.
    fn items(self, wanted: Vec<Wanted>, failures: &mut Vec<(String, Failure)>) -> Vec<Item<'w>> {
        let mut pages = Pages::default();
        let mut items = Vec::new();
        for one in wanted {
            if let Wanted::File(path) = one {
                items.push(Item::File(path));
                continue;
            }
            // It is there as soon as one target needs it.
            let Some(network) = self.network else {
                continue;
            };
            let name = one.to_string();
            match network.files(&mut pages, &one) {
                Ok(found) => {
                    let found = found.into_iter();
                    items.extend(found.map(|one| Item::Remote(network, Box::new(one))));
                }
                Err(failure) => failures.push((name, failure)),
            }
        }
        items
    }

    /// One result for each item, in their order.
    fn work(self, items: &[Item<'_>]) -> Vec<Result<Evidence, Failure>> {
        let neighbours = Neighbours::default();
        let is_remote = items.iter().any(|item| matches!(item, Item::Remote(..)));
        let bytes = items.iter().filter_map(Item::size).sum();
        let progress = Progress::of(items.len(), bytes, is_remote);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = if is_remote {
            cores.max(MAX_DOWNLOADS)
        } else {
            cores
        };
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let results: Mutex<Vec<_>> = Mutex::new(items.iter().map(|_| None).collect());
        let work = || {
            // Files of one release share their certificate, as a rule.
            let mut memory = CertificateMemory::new();
            while let Some((at, item)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                items.get(at).map(|item| (at, item))
            } {
                let result = self.one(item, &neighbours, &mut memory, &progress);
                progress.done(done.fetch_add(1, Ordering::Relaxed) + 1);
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(place) = results.get_mut(at) {
                    *place = Some(result);
                }
            }
        };
        // A thread costs more than one file's signatures.
        if items.len() < 2 {
            work();
        } else {
            thread::scope(|scope| {
                for _ in 0..workers.min(items.len()) {
                    scope.spawn(work);
                }
            });
        }
        progress.end();
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.into_iter().flatten().collect()
    }

    fn one(
        self,
        item: &Item<'_>,
        neighbours: &Neighbours,
        memory: &mut CertificateMemory,
        progress: &Progress,
    ) -> Result<Evidence, Failure> {
        match item {
            Item::Remote(network, remote) => self.remote(remote, network, memory, progress),
            Item::File(path) => {
                let target = Target::read(path, progress)?;
                let found;
                let sources = match self.given.sources() {
                    Some(given) => given,
                    None => {
                        found = neighbours.beside(path)?;
                        &found
                    }
                };
                prove(target, sources, self.domains, memory, self.now)
            }
        }
    }

    /// The evidence first: of a file without any nothing can be said, and it may be large.
    fn remote(
        self,
        remote: &Remote,
        network: &Network,
        memory: &mut CertificateMemory,
        progress: &Progress,
    ) -> Result<Evidence, Failure> {
        let fetched;
        let sources = match self.given.sources() {
            Some(given) => given,
            None => {
                let provenance = remote.provenance(network)?;
                let source = provenance.map(|found| Source::fetched(&found.url, found.bytes));
                fetched = Vec::from_iter(source);
                &fetched
            }
        };
        let target = match remote.sha256 {
            Some(sha256) if sources.is_empty() && !self.fetches_all => {
                Target::announced(remote, sha256)
            }
            _ => Target::fetch(remote, network, self.room, progress)?,
        };
        let mut evidence = prove(target, sources, self.domains, memory, self.now)?;
        if !self.keeps {
            // Every digest that a statement names has been compared by now.
            evidence.target.place = Place::Absent;
        }
        Ok(evidence)
    }
}
