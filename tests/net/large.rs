//! Archives and data sets in object stores: uploaded in parts, and there whole or not at all.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::azurite::Azurite;
use crate::depot::Depot;
use crate::moto::Moto;
use crate::stores::{run, user};
use crate::testenv::{World, line, report};

/// Pictures whose outputs do not get smaller: about 3 MB each as PNG.
fn noise(world: &World, name: &str, seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    let pixels: Vec<u8> = (0..1000 * 1000 * 3).map(|_| next()).collect();
    let path = world.write(name, b"");
    image::save_buffer(path, &pixels, 1000, 1000, image::ExtendedColorType::Rgb8).unwrap();
}

/// Four noisy pictures, an archive of more than 8 MiB.
fn noisy() -> World {
    let world = World::new();
    (0..4).for_each(|n| noise(&world, &format!("in/{n}.png"), n + 1));
    world
}

const LARGE: [&str; 6] = ["in", "-s", "original", "-f", "png", "--effort=0"];

fn names(tar: &[u8]) -> Vec<String> {
    let (mut names, mut at) = (Vec::new(), 0);
    while tar.get(at).is_some_and(|byte| *byte != 0) {
        let text = |range: std::ops::Range<usize>| {
            String::from_utf8_lossy(&tar[at + range.start..at + range.end]).trim_end_matches(['\0', ' ']).to_owned()
        };
        let size = usize::from_str_radix(&text(124..135), 8).unwrap();
        names.push(text(0..100));
        at += 512 + size.next_multiple_of(512);
    }
    names
}

/// A command for the store at this port, without the sizes that `run` adds.
fn command(world: &World, port: u16, args: &[&str]) -> Command {
    let mut command = world.thumbs();
    user(&mut command, port);
    command.args(args).args(["--retry-delay", "0.01", "--report", "-"]);
    command
}

#[test]
fn an_archive_goes_to_a_bucket() {
    let (depot, world) = (Depot::new(), World::new());
    world.sized("in/a.jpg", 96, 64);
    world.sized("in/d/b.jpg", 96, 64);
    let port = depot.server.port;
    run(&world, port, &["in", "-o", "s3://b/p/small.tar"]).ok();
    assert_eq!(names(&depot.get("p/small.tar").body), ["a.jpg", "d/b.jpg"]);
    assert_eq!(depot.get("p/small.tar").kind, "application/x-tar");
    world.run(&["in", "-o", "small.tar", "-s", "32"]).ok();
    assert_eq!(world.read("small.tar"), depot.get("p/small.tar").body, "the same bytes as in a file");
    // Ours is replaced. What is somebody's stays, and nothing is made.
    run(&world, port, &["in", "-o", "s3://b/p/small.tar"]).ok();
    depot.place("p/small.tar", b"somebody's");
    let ran = run(&world, port, &["in", "-o", "s3://b/p/small.tar"]);
    ran.code(2).says("s3://b/p/small.tar: exists and thumbs did not write it");
    run(&world, port, &["in", "-o", "s3://b/p/small.tar", "--existing", "fail"]).code(2).says("it exists");
    assert_eq!(depot.get("p/small.tar").body, b"somebody's");
    run(&world, port, &["in", "-o", "s3://b/p/small.tar", "--existing", "replace"]).ok();
    // A picture that fails leaves no archive.
    world.write("in/broken.jpg", b"no picture");
    run(&world, port, &["in", "-o", "s3://b/p/other.zip"]).code(1).says("was not made");
    assert_eq!(depot.keys(), ["p/small.tar"]);
    run(&world, port, &["in", "-o", "s3://b/p/other.zip", "--partial"]).code(1);
    assert_eq!(depot.get("p/other.zip").kind, "application/zip");
}

#[test]
fn a_large_archive_is_uploaded_in_parts() {
    let (depot, world) = (Depot::new(), noisy());
    let args = [&LARGE[..], &["-o", "s3://b/large.tar"]].concat();
    world.finish(&mut command(&world, depot.server.port, &args)).ok();
    assert_eq!(names(&depot.get("large.tar").body), ["0.png", "1.png", "2.png", "3.png"]);
    assert_eq!((depot.count("POST"), depot.count("PUT")), (2, 2));
    assert!(depot.shelves.lock().unwrap().uploads.is_empty());
    let shelves = depot.shelves.lock().unwrap();
    assert!(shelves.objects["large.tar"].mark.as_ref().is_some_and(|mark| mark.starts_with("1 ")));
    drop(shelves);
    // It is ours, so that the next run replaces it.
    world.finish(&mut command(&world, depot.server.port, &args)).ok();
}

#[test]
fn an_upload_that_fails_is_aborted() {
    for fault in ["partNumber=2", "uploadId"] {
        let depot = Depot::with(move |request| match request.method.as_str() {
            "PUT" if request.path.contains(fault) => Some(500),
            "POST" if request.path.contains(fault) => Some(500),
            _ => None,
        });
        let world = noisy();
        let args = [&LARGE[..], &["-o", "s3://b/large.tar", "--retries", "1"]].concat();
        let ran = world.finish(&mut command(&world, depot.server.port, &args));
        ran.code(3).says("s3://b/large.tar").says("500 Internal Server Error; 2 attempts");
        assert!(depot.keys().is_empty());
        assert!(depot.shelves.lock().unwrap().uploads.is_empty(), "{fault}");
        assert_eq!(depot.count("DELETE"), 1);
    }
}

#[test]
fn a_part_that_fails_once_is_sent_again() {
    let depot = Depot::with(|request| (request.path.contains("partNumber=2") && request.nth == 1).then_some(503));
    let world = noisy();
    let args = [&LARGE[..], &["-o", "s3://b/large.tar"]].concat();
    world.finish(&mut command(&world, depot.server.port, &args)).ok();
    assert_eq!(names(&depot.get("large.tar").body).len(), 4);
    assert_eq!(depot.count("PUT"), 3);
}

/// A store that holds back the second part until it is told, and the program that uploads to it.
struct Halfway {
    depot: Depot,
    world: World,
    child: Child,
    go_on: Arc<(Mutex<bool>, Condvar)>,
}

impl Halfway {
    fn start() -> Self {
        let go_on: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let begun = Arc::new(AtomicUsize::new(0));
        let (held, seen) = (Arc::clone(&go_on), Arc::clone(&begun));
        let depot = Depot::with(move |request| {
            if request.path.contains("partNumber=2") {
                seen.fetch_add(1, Ordering::SeqCst);
                let (lock, changed) = &*held;
                let wait = Duration::from_secs(60);
                let _ = changed.wait_timeout_while(lock.lock().unwrap(), wait, |go_on| !*go_on).unwrap();
            }
            None
        });
        let world = noisy();
        let args = [&LARGE[..], &["-o", "s3://b/large.tar"]].concat();
        let mut command = command(&world, depot.server.port, &args);
        let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let halfway = Self { depot, world, child, go_on };
        for _ in 0..1200 {
            if begun.load(Ordering::SeqCst) > 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(begun.load(Ordering::SeqCst) > 0, "the second part does not come within a minute");
        halfway
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn go_on(&self) {
        *self.go_on.0.lock().unwrap() = true;
        self.go_on.1.notify_all();
    }
}

#[test]
fn a_killed_upload_leaves_no_object() {
    let mut halfway = Halfway::start();
    halfway.signal("-KILL");
    halfway.child.wait().unwrap();
    halfway.go_on();
    assert!(halfway.depot.keys().is_empty());
    // Nothing is left on this machine, and the next run makes it.
    assert!(halfway.world.tree().iter().all(|name| name.starts_with("in/")), "{:?}", halfway.world.tree());
    let args = [&LARGE[..], &["-o", "s3://b/large.tar"]].concat();
    halfway.world.finish(&mut command(&halfway.world, halfway.depot.server.port, &args)).ok();
    assert_eq!(names(&halfway.depot.get("large.tar").body).len(), 4);
}

#[test]
fn a_signal_aborts_an_upload() {
    let mut halfway = Halfway::start();
    halfway.signal("-TERM");
    // The signal has come before the part goes on.
    std::thread::sleep(Duration::from_millis(300));
    halfway.go_on();
    let status = halfway.child.wait().unwrap();
    let mut text = String::new();
    halfway.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.signal(), Some(15), "{text}");
    assert!(text.contains("s3://b/large.tar was not made: the run ended early"), "{text}");
    assert!(halfway.depot.keys().is_empty());
    assert!(halfway.depot.shelves.lock().unwrap().uploads.is_empty());
}

#[test]
fn a_data_set_goes_to_a_bucket_and_a_rerun_makes_missing_shards() {
    let (depot, world) = (Depot::new(), World::new());
    for n in 0..5 {
        world.sized(format!("in/{n}.jpg"), 96, 64 + n);
    }
    let args = ["in", "--webdataset", "s3://b/set/", "--shard-size", "2"];
    let ran = run(&world, depot.server.port, &args);
    ran.ok();
    assert_eq!(depot.keys(), ["set/000000.tar", "set/000001.tar", "set/000002.tar"]);
    assert_eq!(names(&depot.get("set/000002.tar").body), ["000000004.jpg", "000000004.json"]);
    let lines = report(&ran.stdout);
    assert_eq!(line(&lines, "done", "in/4.jpg")["outputs"][0]["path"], "s3://b/set/000002.tar/000000004.jpg");
    let before = depot.get("set/000001.tar").body;
    depot.shelves.lock().unwrap().objects.remove("set/000001.tar");
    let puts = depot.count("PUT");
    run(&world, depot.server.port, &args).ok();
    assert_eq!((depot.get("set/000001.tar").body, depot.count("PUT")), (before, puts + 1));
    // Of other options, it is refused, and nothing is written.
    let ran = run(&world, depot.server.port, &[&args[..], &["-q", "30"]].concat());
    ran.code(3).says("s3://b/set/000000.tar").says("made with other options");
    assert_eq!(depot.count("PUT"), puts + 1);
}

#[test]
fn a_real_server_takes_parts() {
    let world = noisy();
    let Some(moto) = Moto::start(&world) else { return };
    moto.put("/bucket", b"");
    let args = [&LARGE[..], &["-o", "s3://bucket/large.tar"]].concat();
    for _ in 0..2 {
        world.finish(&mut command(&world, moto.port, &args)).ok();
    }
    run(&world, moto.port, &["in", "--webdataset", "s3://bucket/set/", "--shard-size", "2"]).ok();
    let ran = run(&world, moto.port, &["in", "--webdataset", "s3://bucket/set/", "--shard-size", "2"]);
    ran.ok();
    assert_eq!(line(&report(&ran.stdout), "skipped", "in/0.png")["reason"], "exists");
}

#[test]
fn azure_takes_blocks() {
    let world = noisy();
    let Some(azurite) = Azurite::start(&world) else { return };
    azurite.container("box");
    for _ in 0..2 {
        let mut command = world.thumbs();
        azurite.user(&mut command);
        world.finish(command.args(LARGE).args(["-o", "az://box/large.tar"])).ok();
    }
    for shards in ["done", "skipped"] {
        let ran = azurite.run(&world, &["in", "--webdataset", "az://box/set/", "--shard-size", "2"]);
        ran.ok();
        line(&report(&ran.stdout), shards, "in/0.png");
    }
}
