//! Every night from a store and to a store.

use crate::depot::Depot;
use crate::outputs::size;
use crate::stores::run;
use crate::testenv::{World, line, report};

/// Runs every night, with a state on this machine.
fn nightly(depot: &Depot, world: &World, more: &[&str]) -> crate::testenv::Ran {
    let args = ["-o", "s3://b/out/", "--update", "--state", "state", "--allow-private"];
    run(world, depot.server.port, &[more, &args].concat())
}

#[test]
fn an_unchanged_picture_costs_no_request_of_its_own() {
    let (depot, world) = (Depot::new(), World::new());
    let picture = oddities::jpeg::plain(96, 64);
    for key in ["in/a.jpg", "in/d/b.jpg"] {
        depot.place(key, &picture);
    }
    nightly(&depot, &world, &["s3://b/in/"]).ok();
    assert_eq!((depot.count("GET"), depot.count("PUT")), (2, 2));
    let before = (depot.count("GET"), depot.count("PUT"), depot.count("HEAD"));
    let listings = depot.listings();
    let ran = nightly(&depot, &world, &["s3://b/in/"]);
    ran.ok();
    assert_eq!(line(&report(&ran.stdout), "skipped", "s3://b/in/a.jpg")["reason"], "up-to-date");
    assert_eq!((depot.count("GET"), depot.count("PUT"), depot.count("HEAD")), before);
    // The INPUT, whether there is the bucket, and what stands there.
    assert_eq!(depot.listings() - listings, 3);
    // A source that changes is made again, and so is an output that is gone.
    depot.place("in/a.jpg", &oddities::jpeg::plain(64, 64));
    depot.shelves.lock().unwrap().objects.remove("out/d/b.jpg");
    nightly(&depot, &world, &["s3://b/in/"]).ok();
    assert_eq!((size(&depot, "out/a.jpg"), size(&depot, "out/d/b.jpg")), ((32, 32), (32, 21)));
    assert_eq!((depot.count("GET"), depot.count("PUT")), (4, 4));
    // An output that somebody changed stays, and the picture fails.
    depot.place("out/a.jpg", b"somebody's");
    nightly(&depot, &world, &["s3://b/in/"]).code(1).says("thumbs did not write it");
    assert_eq!(depot.get("out/a.jpg").body, b"somebody's");
    // Files are remembered in the same way.
    world.sized("files/f.jpg", 96, 64);
    nightly(&depot, &world, &["files"]).ok();
    let ran = nightly(&depot, &world, &["files"]);
    assert_eq!(line(&report(&ran.stdout), "skipped", "files/f.jpg")["reason"], "up-to-date");
}

#[test]
fn outputs_of_keys_that_are_gone_are_pruned() {
    let (depot, world) = (Depot::new(), World::new());
    let picture = oddities::jpeg::plain(96, 64);
    for key in ["in/a.jpg", "in/b.jpg", "in/c.jpg", "in/d.jpg"] {
        depot.place(key, &picture);
    }
    nightly(&depot, &world, &["s3://b/in/"]).ok();
    depot.place("out/theirs.jpg", b"somebody's");
    depot.place("out/d.jpg", b"changed");
    for key in ["in/b.jpg", "in/d.jpg"] {
        depot.shelves.lock().unwrap().objects.remove(key);
    }
    let all = depot.keys();
    nightly(&depot, &world, &["s3://b/in/"]).ok();
    assert_eq!(depot.keys(), all, "nothing goes without --prune");
    let ran = nightly(&depot, &world, &["s3://b/in/", "--prune"]);
    ran.ok();
    assert_eq!(depot.keys(), ["in/a.jpg", "in/c.jpg", "out/a.jpg", "out/c.jpg", "out/d.jpg", "out/theirs.jpg"]);
    assert_eq!(
        (depot.get("out/d.jpg").body, depot.get("out/theirs.jpg").body),
        (b"changed".to_vec(), b"somebody's".to_vec())
    );
    // Of earlier options, too.
    nightly(&depot, &world, &["s3://b/in/", "--prune", "-f", "png"]).ok();
    assert_eq!(depot.keys(), ["in/a.jpg", "in/c.jpg", "out/a.png", "out/c.png", "out/d.jpg", "out/theirs.jpg"]);
}

#[test]
fn a_listing_that_fails_ends_the_run() {
    let (depot, world) = (Depot::new(), World::new());
    depot.place("in/a.jpg", &oddities::jpeg::plain(96, 64));
    nightly(&depot, &world, &["s3://b/in/"]).ok();
    let depot = Depot::with(|request| (request.path.contains("list-type") && request.nth > 1).then_some(500));
    world.sized("files/f.jpg", 96, 64);
    let ran = nightly(&depot, &world, &["files", "--retries", "0"]);
    ran.code(3).says("s3://b/out/: its listing failed: the server answers 500");
    assert!(depot.keys().is_empty());
}
