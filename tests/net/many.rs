//! Prefixes of many keys: what they cost in requests.

use crate::depot::Depot;
use crate::stores::run;
use crate::testenv::{World, report};

/// A store with so many small pictures below `in/`.
fn full(keys: usize) -> Depot {
    let depot = Depot::new();
    let picture = oddities::jpeg::plain(16, 16);
    (0..keys).for_each(|n| depot.place(&format!("in/{}/{n:05}.jpg", n % 7), &picture));
    depot
}

#[test]
fn ten_thousand_keys_go_to_a_bucket_and_a_rerun_only_lists() {
    let (depot, world) = (full(10_000), World::new());
    let args = ["s3://b/in/", "-o", "s3://b/out/", "--update", "--state", "state", "--prune"];
    let ran = run(&world, depot.server.port, &args);
    ran.ok();
    let summary = |ran: &crate::testenv::Ran| report(&ran.stdout).pop().unwrap();
    assert_eq!(summary(&ran)["done"], 10_000);
    assert_eq!((depot.count("GET"), depot.count("HEAD"), depot.count("PUT")), (10_000, 10_000, 10_000));
    let before = (depot.server.log().len(), depot.listings());
    let ran = run(&world, depot.server.port, &args);
    ran.ok();
    assert_eq!((summary(&ran)["done"].clone(), summary(&ran)["skipped"].clone()), (0.into(), 10_000.into()));
    let (requests, listings) = (depot.server.log().len() - before.0, depot.listings() - before.1);
    // Ten pages of inputs, ten of outputs, and one request to see whether there is the bucket.
    assert_eq!((requests, listings), (21, 21));
}

#[test]
fn a_plan_lists_a_prefix_once_and_its_shards_do_not() {
    let (depot, world) = (full(5000), World::new());
    let port = depot.server.port;
    let args = ["s3://b/in/", "-o", "s3://b/out/", "-s", "8", "--write-plan", "plan", "--shards", "4"];
    let mut command = world.thumbs();
    crate::stores::user(&mut command, port);
    world.finish(command.args(args)).ok();
    assert_eq!((depot.listings(), depot.server.log().len()), (5, 5));
    // The sizes are known from the listing, so that shards have about equal work.
    let plan = String::from_utf8(world.read("plan/plan.json")).unwrap();
    let bytes = oddities::jpeg::plain(16, 16).len() * 5000;
    assert!(plan.contains(&format!("\"bytes\":{bytes}")) || plan.contains(&format!("\"bytes\": {bytes}")), "{plan}");
    for shard in ["1", "2", "3", "4"] {
        let mut command = world.thumbs();
        crate::stores::user(&mut command, port);
        world.finish(command.args(["--plan", "plan", "--shard", shard, "--quiet"])).ok();
    }
    // Each shard asks once whether there is the bucket.
    assert_eq!(depot.listings(), 5 + 4);
    assert_eq!(depot.keys().iter().filter(|key| key.starts_with("out/")).count(), 5000);
    let mut command = world.thumbs();
    crate::stores::user(&mut command, port);
    world.finish(command.args(["--finish", "plan"])).ok();
}
