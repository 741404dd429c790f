//! Shards that are killed, run twice, or meet other faults: exactly once holds, and the end tells the truth.

use std::time::{Duration, Instant};

use crate::shards::{made, sources, world};
use crate::testenv::World;

fn planned(world: &World, shards: &str) {
    world.run(&["in", "-s", "16", "-o", "one/", "--report", "one.ndjson.zst"]).code(1);
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", shards]).ok();
}

/// The shards together are what one run is.
fn is_whole(world: &World) {
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(1));
    assert_eq!(made(world, "out/"), made(world, "one/"));
    assert_eq!(sources(world, "plan/report.ndjson.zst"), sources(world, "one.ndjson.zst"));
}

#[test]
fn a_shard_that_runs_twice_at_once_changes_nothing() {
    let world = world();
    planned(&world, "2");
    let start = |shard: &str| world.thumbs().args(["--plan", "plan", "--shard", shard]).spawn().unwrap();
    let running: Vec<_> = ["1", "1", "2", "1-2"].map(start).into();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    is_whole(&world);
    assert!(!world.tree().iter().any(|name| name.contains(".thumbs-")), "{:?}", world.tree());
}

#[test]
fn a_shard_that_is_killed_again_and_again_is_done_in_the_end() {
    let world = world();
    for number in 0..30 {
        world.sized(format!("in/d/{number:02}.png"), 300, 200);
    }
    planned(&world, "1");
    for round in 0..10 {
        let mut child = world.thumbs().args(["--plan", "plan", "--shard", "1"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(5 * round));
        let _ = child.kill();
        let ended = child.wait().unwrap();
        assert!(ended.success() || !world.exists("plan/done/00001.json"), "a marker is written last");
        if ended.success() {
            break;
        }
    }
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
    is_whole(&world);
}

#[test]
fn a_signal_ends_a_shard_without_a_marker() {
    let world = World::new();
    for number in 0..400 {
        world.sized(format!("in/{number:03}.png"), 300, 200);
    }
    world.run(&["in", "-s", "200", "-f", "webp", "-o", "out/", "--write-plan", "plan"]).ok();
    let child = world.start(&["--plan", "plan", "--shard", "1", "-j", "1"]);
    let begin = Instant::now();
    while !world.exists("out") && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = crate::testenv::Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ended.signal, Some(15), "{}", ended.stderr);
    assert!(!world.exists("plan/done/00001.json"));
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(4));
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
    world.run(&["--finish", "plan"]).ok();
    assert_eq!(made(&world, "out/").len(), 400);
}

#[test]
fn inputs_that_vanish_are_failures() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "3"]).ok();
    for name in ["in/a/03.jpg", "in/c/07.jpg"] {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    world.run(&["--plan", "plan", "--shard", "1-3"]).ok();
    let ran = world.run(&["--finish", "plan"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("58 done, 0 skipped, 3 failed"), "{}", ran.stderr);
    assert_eq!(sources(&world, "plan/report.ndjson.zst").len(), 61);
}

#[test]
fn a_full_disk_is_a_reason_to_try_again() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan"]).ok();
    // A limit on the size of files stands for a full disk: writing more fails.
    let mut command = world.command("sh");
    command.arg("-c").arg("ulimit -f 0; exec \"$0\" --plan plan --shard 1").arg(crate::testenv::binary());
    let ran = world.finish(&mut command);
    assert!(ran.code != Some(0) && !world.exists("plan/done/00001.json"), "{}", ran.stderr);
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(1));
}

#[test]
fn a_lost_host_is_tried_again_and_counts_in_the_end() {
    let world = World::with(&["a.jpg"]);
    // Nobody listens at this port of this machine.
    world.write("list", b"a.jpg\nhttp://127.0.0.1:9/b.jpg\n");
    let args = ["--files-from", "list", "-s", "16", "-o", "out/", "--allow-private", "--retries", "0"];
    world.run(&[&args[..], &["--write-plan", "plan"]].concat()).ok();
    for _ in 0..2 {
        let ran = world.run(&["--plan", "plan", "--shard", "1"]);
        assert_eq!(ran.code, Some(75), "{}", ran.stderr);
        assert!(!world.exists("plan/done/00001.json"));
    }
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(1));
    let text = zstd::decode_all(world.read("plan/report.ndjson.zst").as_slice()).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("\"type\":\"failed\",\"source\":\"http://127.0.0.1:9/b.jpg\""));
}

#[test]
fn too_many_bad_pictures_are_an_error() {
    let world = World::with(&["in/a.jpg"]);
    for number in 0..9 {
        world.write(format!("in/{number}.jpg"), b"nothing");
    }
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan"]).ok();
    let ran = world.run(&["--plan", "plan", "--shard", "1", "--max-failures", "50%"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!world.exists("plan/done/00001.json"));
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
}

#[test]
fn the_end_finds_what_does_not_add_up() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "3"]).ok();
    world.run(&["--plan", "plan", "--shard", "1-3"]).ok();
    let one = world.read("plan/reports/00001.ndjson.zst");
    let lines = String::from_utf8(zstd::decode_all(one.as_slice()).unwrap()).unwrap();
    // Pictures are reported as they are done, in any order.
    let (first, _) = lines.split_once('\n').unwrap();
    let line: serde_json::Value = serde_json::from_str(first).unwrap();
    let source = line["source"].as_str().unwrap();
    let write = |text: String| {
        world.write("plan/reports/00001.ndjson.zst", &zstd::encode_all(text.as_bytes(), 3).unwrap());
        let ran = world.run(&["--finish", "plan"]);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        assert!(!world.exists("plan/_SUCCESS"));
        ran.stderr
    };
    assert!(write(format!("{lines}{first}\n")).contains(&format!("shard 1: {source} is reported more than once")));
    assert!(write(lines[first.len() + 1..].to_owned()).contains(&format!("shard 1: {source} is not reported")));
    std::fs::remove_file(world.path("plan/reports/00001.ndjson.zst")).unwrap();
    let ran = world.run(&["--finish", "plan"]);
    assert!(ran.stderr.contains("shard 1: its report is missing"), "{}", ran.stderr);
    // The marker of another plan is not taken for this one's.
    world.run(&["in", "-s", "20", "-o", "out/", "--write-plan", "other", "--shards", "3"]).ok();
    std::fs::copy(world.path("plan/done/00002.json"), world.path("other/done/00002.json")).unwrap();
    let ran = world.run(&["--plan", "other", "--shard", "2"]);
    ran.code(2);
    assert!(ran.stderr.contains("the marker of another plan"), "{}", ran.stderr);
}
