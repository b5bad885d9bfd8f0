//! An index that answers 202 has the bytes, and decides later: pulp checks what it was given in a task, and whoever sent it is
//! not told what came of that. So nothing is called published before it is listed.

use std::thread;
use std::time::Duration;

use super::{Item, Next, UploadError, Uploaded, Uploader, conflict};
use crate::publish::Standing;

/// A task of pulp's takes half a second; a queue of a hundred, a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// Long enough for a server that is busy with our file, short enough for whoever waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

impl Uploader<'_> {
    /// Waits until the file is listed, looking more and more seldom.
    pub(super) fn promised(&self, item: &Item, mut pause: Duration) -> Result<Next, UploadError> {
        let mut waited = Duration::ZERO;
        loop {
            let broken = |why: String| UploadError::Promised {
                url: self.url.clone(),
                why,
            };
            match self.listing.standing(&item.file) {
                Standing::Identical { .. } => return Ok(Next::Done(Uploaded::Sent)),
                Standing::Conflicting { listed } => return Err(conflict(item, listed)),
                Standing::CannotBeTold { why } => return Err(broken(why)),
                Standing::New if waited >= PATIENCE => {
                    let seconds = waited.as_secs();
                    return Err(broken(format!("it is not listed after {seconds} seconds")));
                }
                Standing::New => {}
            }
            thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use touchplate_packaging::Sha256;
    use url::Url;

    use super::*;
    use crate::fetch::{Agent, Settings};
    use crate::publish::Distribution;
    use crate::publish::access::Access;
    use crate::publish::form::Form;
    use crate::publish::upload::Lookup;

    /// Says one after the other, the first one last.
    struct Says(Mutex<Vec<Standing>>);

    impl Lookup for Says {
        fn standing(&self, _file: &Distribution) -> Standing {
            self.0.lock().unwrap().pop().unwrap()
        }
    }

    /// What is made of a 202 by an index that lists this, then that.
    fn listed(mut standings: Vec<Standing>) -> Result<Next, UploadError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo-1.0.tar.gz");
        std::fs::write(&path, b"bytes").unwrap();
        let file = Distribution::read(&path, &mut |_| {}).unwrap();
        let metadata = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";
        let form = Form::new(&file, metadata, &[]).unwrap();
        let agent = Agent::new(Settings::from_environment("tests", &|_| None).unwrap());
        let url: Url = "https://h.example/legacy/".parse().unwrap();
        standings.reverse();
        let uploader = Uploader {
            agent: &agent,
            url: &url,
            access: &Access::None,
            listing: &Says(Mutex::new(standings)),
        };
        let item = Item {
            file,
            form,
            was_there: false,
        };
        uploader.promised(&item, Duration::ZERO)
    }

    #[test]
    fn a_file_is_published_once_it_is_listed() {
        let there = Standing::Identical { attested: false };
        let next = listed(vec![Standing::New, Standing::New, there]);
        assert!(matches!(next, Ok(Next::Done(Uploaded::Sent))));
    }

    #[test]
    fn a_promise_that_cannot_be_seen_to_be_kept_is_none() {
        let why = "because".to_owned();
        let Err(error) = listed(vec![Standing::New, Standing::CannotBeTold { why }]) else {
            panic!("it was believed");
        };
        assert_eq!(
            error.to_string(),
            "https://h.example/legacy/ took the file to decide on it later (202), and whether it is published cannot be told: because"
        );
        let listed_now = Sha256::of(b"others");
        let conflict = listed(vec![Standing::Conflicting { listed: listed_now }]);
        assert!(matches!(conflict, Err(UploadError::Conflict { .. })));
    }
}
