//! Plans, shards and their end: together, shards leave what one run leaves.

use std::collections::BTreeMap;

use crate::testenv::World;

/// 60 pictures in three directories, one of them damaged, and names that collide.
pub fn world() -> World {
    let world = World::new();
    for number in 0..20 {
        world.picture(format!("in/a/{number:02}.jpg"));
        world.picture(format!("in/b/{number:02}.png"));
        world.sized(format!("in/c/{number:02}.jpg"), 40 + number, 30);
    }
    world.write("in/b/broken.jpg", b"\xff\xd8\xff\xe0 no picture");
    world.write("in/note.txt", b"no picture");
    world
}

/// The files below a directory, with their bytes.
pub fn made(world: &World, dir: &str) -> BTreeMap<String, Vec<u8>> {
    let names = world.tree().into_iter().filter_map(|name| Some((name.strip_prefix(dir)?.to_owned(), name)));
    names.map(|(short, name)| (short, world.read(name))).collect()
}

/// The sources of a report's lines, sorted.
pub fn sources(world: &World, report: &str) -> Vec<String> {
    let text = zstd::decode_all(world.read(report).as_slice()).unwrap();
    let lines = String::from_utf8(text).unwrap();
    let values = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut sources: Vec<String> = values.filter_map(|value| Some(value.get("source")?.as_str()?.to_owned())).collect();
    sources.sort();
    sources
}

#[test]
fn shards_leave_what_one_run_leaves() {
    let world = world();
    let args = ["in", "-s", "16,32", "-f", "webp"];
    world.run(&[&args[..], &["-o", "one", "--report", "one.ndjson.zst"]].concat()).code(1);
    world.run(&[&args[..], &["-o", "out/", "--write-plan", "plan", "--shards", "7"]].concat()).ok();
    assert!(!world.exists("out"));
    for shard in ["1-3/7", "4", "6-7"] {
        world.run(&["--plan", "plan", "--shard", shard, "-j", "2"]).ok();
    }
    let ran = world.run(&["--finish", "plan"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 of 7 shards are not done: 5"), "{}", ran.stderr);
    assert!(!world.exists("plan/_SUCCESS"));
    world.run(&["--plan", "plan", "--shard", "5/7"]).ok();
    let ran = world.run(&["--finish", "plan", "--metrics", "plan.prom"]);
    assert_eq!(ran.code, Some(1), "one input is damaged: {}", ran.stderr);
    assert!(world.exists("plan/_SUCCESS"));
    assert_eq!(made(&world, "out/"), made(&world, "one/"));
    assert_eq!(sources(&world, "plan/report.ndjson.zst"), sources(&world, "one.ndjson.zst"));
    let metrics = String::from_utf8(world.read("plan.prom")).unwrap();
    assert!(metrics.contains("thumbs_inputs{result=\"done\"} 60"), "{metrics}");
    assert!(metrics.contains("thumbs_inputs{result=\"failed\"} 1"), "{metrics}");
}

#[test]
fn a_shard_that_is_done_ends_at_once() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "2"]).ok();
    world.run(&["--plan", "plan", "--shard", "1"]).ok();
    for name in world.tree().iter().filter(|name| name.starts_with("out/")) {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    let ran = world.run(&["--plan", "plan", "--shard", "1"]);
    ran.ok();
    assert!(ran.stderr.contains("shard 1 of 2: done before"), "{}", ran.stderr);
    assert!(made(&world, "out/").is_empty());
}

#[test]
fn engines_tell_the_shard() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "3"]).ok();
    for (variable, value, shard) in
        [("SLURM_ARRAY_TASK_ID", "1", 1), ("JOB_COMPLETION_INDEX", "1", 2), ("AWS_BATCH_JOB_ARRAY_INDEX", "2", 3)]
    {
        let mut command = world.thumbs();
        // The size of an array that was submitted again says nothing about the plan.
        command.env(variable, value).env("SLURM_ARRAY_TASK_COUNT", "1");
        world.finish(command.args(["--plan", "plan", "--shard", "auto"])).ok();
        assert!(world.exists(format!("plan/done/{shard:05}.json")));
    }
    let ran = world.run(&["--plan", "plan", "--shard", "auto"]);
    ran.code(2);
    assert!(ran.stderr.contains("none of SLURM_ARRAY_TASK_ID"), "{}", ran.stderr);
}

#[test]
fn a_plan_holds_in_every_directory() {
    let world = world();
    world.run(&["in/a", "-s", "16", "-o", "out/", "--write-plan", "plan"]).ok();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    let mut command = world.thumbs();
    command.current_dir(world.path("elsewhere"));
    world.finish(command.args(["--plan", "../plan", "--shard", "1/1", "--report", "r.ndjson"])).ok();
    assert_eq!(made(&world, "out/").len(), 20);
    assert!(world.exists("elsewhere/r.ndjson"));
}

#[test]
fn inputs_of_a_list_and_missing_ones_are_planned() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.write("list.txt", b"b.jpg\ngone.jpg\na.jpg\na.jpg\n");
    world.run(&["--files-from", "list.txt", "-s", "16", "-o", "one/"]).code(1);
    world.run(&["--files-from", "list.txt", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "3"]).ok();
    // The list is not read again.
    std::fs::remove_file(world.path("list.txt")).unwrap();
    world.run(&["--plan", "plan", "--shard", "1-3"]).ok();
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(1));
    assert_eq!(made(&world, "out/"), made(&world, "one/"));
    assert_eq!(sources(&world, "plan/report.ndjson.zst"), ["a.jpg", "a.jpg", "b.jpg", "gone.jpg"]);
}

#[test]
fn of_two_inputs_with_one_name_the_first_wins_in_any_shard() {
    let world = World::new();
    for number in 0..30 {
        world.sized(format!("one/{number:02}.jpg"), 40, 30);
        world.sized(format!("two/{number:02}.png"), 50, 30);
    }
    let args = ["one", "two", "-s", "16", "-f", "webp"];
    world.run(&[&args[..], &["-o", "single/"]].concat()).code(1);
    world.run(&[&args[..], &["-o", "out/", "--write-plan", "plan", "--shards", "6"]].concat()).ok();
    for shard in [6, 5, 4, 3, 2, 1] {
        world.run(&["--plan", "plan", "--shard", &shard.to_string()]).ok();
    }
    assert_eq!(world.run(&["--finish", "plan"]).code, Some(1));
    assert_eq!(made(&world, "out/"), made(&world, "single/"));
}

#[test]
fn the_machine_may_change_what_is_its_own() {
    let world = world();
    world.write("-odd.jpg", &oddities::jpeg::plain(30, 20));
    let args = ["-j", "1", "--quiet", "-s", "16", "-o", "out/", "--write-plan", "plan", "--", "-odd.jpg", "in/a"];
    world.run(&args).ok();
    world.run(&["--plan", "plan", "--shard", "1", "-j", "2", "--quiet", "--progress", "never"]).ok();
    world.run(&["--finish", "plan"]).ok();
    assert_eq!(made(&world, "out/").len(), 21);
}

#[test]
fn a_part_of_the_inputs_needs_no_plan() {
    let world = world();
    world.run(&["in", "-s", "16", "-o", "one/"]).code(1);
    for shard in ["1/3", "2-3/3"] {
        // The damaged picture is reported, and no reason to run the part again.
        world.run(&["in", "-s", "16", "-o", "out/", "--shard", shard]).ok();
    }
    assert_eq!(made(&world, "out/"), made(&world, "one/"));
    let ran = world.run(&["in", "-s", "16", "-o", "out/", "--shard", "2"]);
    ran.code(2);
    assert!(ran.stderr.contains("of how many"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_split_is_refused() {
    let world = world();
    world.run(&["in/a", "-s", "16", "-o", "a.tar"]).ok();
    world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan", "--shards", "2"]).ok();
    for (args, why) in [
        (&["in", "-o", "x.tar", "--write-plan", "p"][..], "shards share no file"),
        (&["in", "--webdataset", "set", "--write-plan", "p"], "--webdataset"),
        (&["in", "--in-place", "--write-plan", "p"], "--in-place"),
        (&["in", "-o", "x/", "--update", "--write-plan", "p"], "--update"),
        (&["in", "-o", "x/", "-n", "--write-plan", "p"], "--dry-run"),
        (&["in", "-o", "x/", "--existing", "fail", "--write-plan", "p"], "a shard may run twice"),
        (&["a.tar", "-o", "x/", "--write-plan", "p1"], "unpack it"),
        (&["in", "-o", "x/", "--shards", "2"], "--write-plan"),
        (&["--plan", "plan"], "--shard"),
        (&["--plan", "plan", "--shard", "3"], "there is no shard 3; the plan has 2"),
        (&["--plan", "plan", "--shard", "1/3"], "2 shards, not 3"),
        (&["--plan", "plan", "--shard", "1", "-s", "3"], "--size"),
        (&["--plan", "plan", "--shard", "1", "in"], "INPUT"),
        (&["--plan", "none", "--shard", "1"], "none"),
        (&["--finish", "plan", "-q", "3"], "--quality"),
        (&["--finish", "none"], "none"),
        (&["in", "-o", "x/", "--shard", "4/3"], "one of K, K/N"),
    ] {
        let ran = world.run(args);
        ran.code(2);
        assert!(ran.stderr.contains(why), "{args:?}: {}", ran.stderr);
    }
    let ran = world.run(&["in", "-s", "16", "-o", "out/", "--write-plan", "plan"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("there is a plan already"), "{}", ran.stderr);
    assert!(!world.exists("out"));
}
