//! Runs that ended well only by their exit status.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::testenv::World;

#[test]
fn a_name_that_is_not_utf8_beside_a_patterns_matches_costs_nothing() {
    let world = World::with(&["p/a.jpg", "p/b.jpg", "images/c.jpg"]);
    world.write(OsStr::from_bytes(b"p/caf\xe9.jpg"), &oddities::jpeg::plain(20, 20));
    world.write(OsStr::from_bytes(b"p/na\xefve.txt"), b"text");
    world.run(&["p/*.jpg", "images", "-s", "10", "-o", "out"]).ok();
    for name in [&b"out/a.jpg"[..], b"out/b.jpg", b"out/caf\xe9.jpg", b"out/c.jpg"] {
        assert!(world.exists(OsStr::from_bytes(name)), "{name:?}: {:?}", world.tree());
    }
    world.run(&["**/*.jpg", "-s", "10", "-o", "all.tar"]).ok().never_says("internal");
}

#[test]
fn a_pattern_that_is_not_utf8_finds_its_names() {
    let world = World::new();
    world.write(OsStr::from_bytes(b"caf\xe9 1.jpg"), &oddities::jpeg::plain(20, 20));
    world.write("other.jpg", &oddities::jpeg::plain(20, 20));
    let args = [OsStr::from_bytes(b"caf\xe9*"), OsStr::new("-o"), OsStr::new("out")];
    world.run(&args).ok();
    assert!(world.exists(OsStr::from_bytes(b"out/caf\xe9 1.jpg")));
    assert!(!world.exists("out/other.jpg"));
}

#[test]
fn braces_in_a_quoted_pattern_are_alternatives() {
    let world = World::with(&["p/a.jpg", "p/b.png", "p/c.webp"]);
    world.run(&["p/*.{jpg,png}", "-o", "out"]).ok();
    assert_eq!(world.tree(), ["out/a.jpg", "out/b.png", "p/a.jpg", "p/b.png", "p/c.webp"]);
}

#[test]
fn a_deep_pattern_leaves_out_what_the_run_writes() {
    let world = World::with(&["p/a.jpg", "p/sub/b.jpg"]);
    for _ in 0..2 {
        world.run(&["**/*.jpg", "-s", "10", "-o", "out", "--existing", "replace"]).ok();
        assert_eq!(world.tree(), ["out/p/a.jpg", "out/p/sub/b.jpg", "p/a.jpg", "p/sub/b.jpg"]);
    }
}

/// Network disks and quotas tell of lost writes when a file is closed.
#[test]
fn a_write_that_is_lost_at_close_is_no_success() {
    let world = World::with(&["in/a.jpg"]);
    let Some(library) = crate::shim::build(&world) else { return };
    let run = |args: &[&str], name: &str| {
        let mut command = world.thumbs();
        command.args(args).args(["in", "-s", "10"]).env("LD_PRELOAD", &library).env("FAIL_CLOSE", name);
        world.finish(&mut command)
    };
    world.write("out/a.jpg", b"old");
    for args in [
        &["-o", "out/", "--existing", "replace"][..],
        &["-o", "out/", "--existing", "replace", "--fsync"],
        &["-o", "new/", "-u"],
        &["-o", "x.tar"],
        &["-o", "x.tar.gz"],
        &["-o", "x.zip"],
        &["--webdataset", "set"],
    ] {
        run(args, ".tmp").code(3).says("quota");
        let left: Vec<_> =
            world.tree().into_iter().filter(|f| !f.starts_with("shim/") && !f.contains(".thumbs-state")).collect();
        assert_eq!(left, ["in/a.jpg", "out/a.jpg"], "{args:?}");
        assert_eq!(world.read("out/a.jpg"), b"old", "{args:?}");
    }
    // What is not renamed.
    run(&["-o", "r/", "--report", "told.ndjson"], "told.ndjson").code(3).says("the report").says("quota");
    run(&["-o", "m/", "--metrics", "numbers.prom"], "/.thumbs-").code(3);
    let script =
        format!("LD_PRELOAD={} FAIL_CLOSE=piped \"$thumbs\" - -s 10 < in/a.jpg > piped.jpg", library.display());
    world.shell(&script).code(3).says("standard output").says("quota");
    // All is well without it.
    run(&["-o", "out/", "--existing", "replace"], "nothing at all").ok();
}

#[test]
fn temporaries_of_a_killed_run_go_wherever_the_next_one_writes() {
    let world = World::with(&["in/a.jpg"]);
    for (args, stale) in [
        (&["-o", "x.tar"][..], ".thumbs-1f-0.tmp"),
        (&["-o", "deep/x.zip"], "deep/.thumbs-1f-0.tmp"),
        (&["--webdataset", "set"], "set/.thumbs-1f-0.tmp"),
        // Nothing is left to be made.
        (&["--webdataset", "set"], "set/.thumbs-1f-1.tmp"),
        (&["-o", "out/", "--metrics", "prom/x.prom"], "prom/.thumbs-1f-0.tmp"),
    ] {
        world.write(stale, b"half");
        let held = world.path(stale).with_file_name(".thumbs-2f-0.tmp");
        std::fs::write(&held, b"of a run that lives").unwrap();
        let lock = std::fs::File::open(&held).unwrap();
        lock.lock().unwrap();
        world.run(&[&["in", "-s", "10"], args].concat()).ok();
        assert!(!world.exists(stale), "{args:?}");
        assert!(held.exists(), "{args:?}");
        std::fs::remove_file(&held).unwrap();
    }
}

#[test]
fn an_empty_tar_is_an_empty_job() {
    let world = World::new();
    world.write("empty.tar", &[0; 10240]);
    world.run(&["empty.tar", "-o", "out"]).ok();
    world.run(&["empty.tar", "-o", "out.tar"]).ok();
    let ran = world.feed(&["-", "--archive-in", "-o", "piped"], &[0; 1024]);
    ran.ok();
    // Zeros under another name are no tar, and half an end marker is none.
    world.write("zeros.jpg", &[0; 10240]);
    world.run(&["zeros.jpg", "-o", "out"]).code(1);
    world.feed(&["-", "--archive-in", "-o", "piped"], &[0; 100]).code(1);
}

fn good_and_bad(world: &World, count: usize, bad: impl Fn(usize) -> bool) {
    let picture = oddities::jpeg::plain(40, 30);
    for i in 0..count {
        let bytes = if bad(i) { &picture[..picture.len() / 2] } else { &picture };
        world.write(format!("in/{i:03}.jpg"), bytes);
    }
}

#[test]
fn the_run_ends_at_the_sixth_failure_however_many_workers_there_are() {
    let world = World::new();
    good_and_bad(&world, 90, |i| i % 3 == 1);
    for (limit, done, failed) in [(&["--max-failures", "5"][..], 11, 6), (&["--fail-fast"], 1, 1)] {
        for jobs in ["1", "2", "16"] {
            let out = format!("out{jobs}{failed}");
            let ran = world.run(&[&["in", "-s", "10", "-o", &out, "-j", jobs, "--report", "-"], limit].concat());
            let lines = crate::testenv::report(&ran.code(1).stdout);
            let sum = lines.last().unwrap();
            assert_eq!((&sum["done"], &sum["failed"]), (&done.into(), &failed.into()), "-j {jobs}");
            assert_eq!((&sum["left"], &sum["left_exact"]), (&(90 - done - failed).into(), &true.into()), "-j {jobs}");
            assert_eq!(std::fs::read_dir(world.path(&out)).unwrap().count(), done as usize);
            ran.says(&format!("{} inputs left", 90 - done - failed));
        }
    }
}

#[test]
fn a_percentage_holds_for_short_runs_as_well() {
    let world = World::new();
    good_and_bad(&world, 20, |i| i < 10);
    let run = |percent: &str, archive: &str| {
        world.run(&["in", "-s", "10", "-o", archive, "--partial", "--max-failures", percent])
    };
    run("40%", "x.tar").code(1).says("too many failures");
    assert!(!world.exists("x.tar"));
    run("60%", "y.tar").code(1).never_says("too many");
    assert!(world.exists("y.tar"));
}

#[test]
fn a_rerun_of_a_data_set_says_again_what_failed() {
    let world = World::new();
    good_and_bad(&world, 12, |i| i == 0 || i == 5 || i == 11);
    let run = || world.run(&["in", "-s", "10", "--webdataset", "set", "--shard-size", "4", "--report", "-"]);
    for round in 0..3 {
        let ran = run();
        ran.code(1).says("000.jpg").says("005.jpg").says("011.jpg");
        let lines = crate::testenv::report(&ran.stdout);
        let skipped = lines.iter().filter(|l| l["reason"] == "exists").count();
        assert_eq!(skipped, if round == 0 { 0 } else { 9 });
    }
    // Mended, it belongs to a shard that is closed.
    world.write("in/005.jpg", &oddities::jpeg::plain(40, 30));
    let ran = run();
    ran.code(1).says("005.jpg").says("set/000001.tar").says("delete");
    std::fs::remove_file(world.path("set/000001.tar")).unwrap();
    run().code(1).never_says("005.jpg").says("011.jpg");
}

#[test]
fn other_inputs_than_a_data_sets_stop_the_run_and_blame_nobody() {
    let changes: [(&str, &dyn Fn(&World)); 4] = [
        ("one more in the middle", &|w| drop(w.picture("in/004b.jpg"))),
        ("one renamed", &|w| std::fs::rename(w.path("in/005.jpg"), w.path("in/005b.jpg")).unwrap()),
        ("one gone from the middle", &|w| std::fs::remove_file(w.path("in/006.jpg")).unwrap()),
        ("the last gone", &|w| std::fs::remove_file(w.path("in/011.jpg")).unwrap()),
    ];
    for (what, change) in changes {
        let world = World::new();
        good_and_bad(&world, 12, |_| false);
        let run = || world.run(&["in", "-s", "10", "--webdataset", "set", "--shard-size", "4"]);
        run().ok();
        run().ok();
        change(&world);
        let ran = run();
        ran.code(3).says("the inputs are not those that set/00000").says("new data set").never_says("failed:");
        assert_eq!(std::fs::read_dir(world.path("set")).unwrap().count(), 3, "{what}");
    }
}
