//! A disk that fills up in the middle of an upload.

use std::path::{Path, PathBuf};
use std::process::Command;

use touchplate_server::Config;
use touchplate_store::{BlobsUrl, DatabaseUrl};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample::{self, Sample};

const SAID: &str = "This index takes no uploads and no changes for now: it has no room left. Installing from it works. Whoever runs it \
                    has to make room";

/// A small disk, which goes with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "touchplate-test"])
            .arg(folder.path())
            .output();
        match mount {
            Ok(mounted) if mounted.status.success() => Some(Self(folder)),
            _ => {
                println!("skipped on a full disk: mounting is not permitted here");
                None
            }
        }
    }

    fn grow_to(&self, mebibytes: u32) {
        let options = format!("remount,size={mebibytes}m");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-o", &options]).arg(self.path());
        assert!(mount.status().unwrap().success());
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server's last files may still be open.
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

/// Bytes that no archive makes shorter.
fn incompressible(seed: u32, count: usize) -> Vec<u8> {
    let mut state = u64::from(seed) | 1 << 32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn wheel(number: u32) -> Sample {
    let version = format!("{number}.0");
    sample::wheel("demo", &version).member("demo/data.bin", &incompressible(number, 900 << 10))
}

/// On that disk, whatever the engines of the other tests are.
fn on(disk: &Path) -> impl FnOnce(&mut Config) {
    let data: PathBuf = disk.join("data");
    move |config| {
        config.location.database = DatabaseUrl::Sqlite(data.join("touchplate.sqlite"));
        config.location.blobs = BlobsUrl::File(data.join("blobs"));
        config.data = data;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_uploads_and_reading_goes_on() {
    let Some(disk) = SmallDisk::new(12) else {
        return;
    };
    let server = TestServer::start_with(on(disk.path())).await;
    let alice = server.publisher("alice").await.of("demo").await;
    let mut stored = Vec::new();
    let refused = loop {
        let wheel = wheel(u32::try_from(stored.len()).unwrap());
        let answer = alice.upload(wheel.clone()).await;
        match answer.status {
            200 => stored.push(wheel),
            _ => break answer,
        }
        assert!(stored.len() < 20, "the disk is never full");
    };
    assert!(!stored.is_empty());
    assert_eq!((refused.status, refused.reason.as_str()), (503, SAID));
    assert_eq!(refused.header("retry-after"), Some("60"));
    // Nothing half is left, and what was acknowledged is there, whole.
    assert!(server.spooled().is_empty());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let page = server.get_json("/simple/demo/").await;
    assert_eq!(page["files"].as_array().unwrap().len(), stored.len());
    for wheel in &stored {
        let digest = wheel.sha256().to_string();
        let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
        let file = format!("/files/{first}/{second}/{rest}/{}", wheel.filename());
        assert!(server.get(&file).await.assert_ok().body == wheel.bytes());
    }
    // The bytes of one whose row found no room wait for the sweep.
    let waiting = server.stored_blobs().await.len() - stored.len();
    assert!(waiting <= 1, "{waiting}");
    // With room again, the same upload is taken, and nothing is left over.
    disk.grow_to(24);
    let number = u32::try_from(stored.len()).unwrap();
    alice.upload(wheel(number)).await.assert_ok();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    let swept = server.index.sweep(later, std::time::Duration::ZERO).await;
    swept.unwrap();
    assert_eq!(server.stored_blobs().await.len(), stored.len() + 1);
}

/// On a full disk SQLite ends a transaction by itself. Whoever writes next, once there is room, is not told of that.
#[tokio::test]
async fn a_change_that_found_no_room_is_made_once_there_is_some() {
    let Some(disk) = SmallDisk::new(12) else {
        return;
    };
    let server = TestServer::start_with(on(disk.path())).await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let filler = disk.path().join("filler");
    // Ends with an error: the disk is full.
    drop(std::fs::write(&filler, vec![0; 16 << 20]));
    let yank = Request::new("PUT", "/api/v1/projects/demo/releases/1.0/yank").token(&alice.token);
    let unyank = Request::new("DELETE", "/api/v1/projects/demo/releases/1.0/yank");
    let unyank = unyank.token(&alice.token);
    // Each change takes some pages of the log of changes, which has room for a few.
    let mut refused = None;
    for number in 0..1000 {
        let yank = yank
            .clone()
            .body("application/json", format!(r#"{{"reason":"{number}"}}"#));
        for change in [&yank, &unyank] {
            let answer = server.client.send(change).await;
            if answer.status >= 300 {
                refused = refused.or(Some(answer));
            }
        }
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("the disk is never full");
    assert_eq!((refused.status, refused.reason.as_str()), (503, SAID));
    server.get("/simple/demo/").await.assert_ok();
    std::fs::remove_file(&filler).unwrap();
    let answer = server.client.send(&unyank).await;
    assert!(answer.status < 300, "{}", answer.whole());
    alice.upload(sample::wheel("demo", "2.0")).await.assert_ok();
}
