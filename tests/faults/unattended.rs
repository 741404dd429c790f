//! Nights that looked better than they were, and what pruning left behind.

use std::fs;

use crate::nights::{count, counts, many, night, outputs, settle};
use crate::testenv::World;

fn metric(world: &World, name: &str) -> Option<f64> {
    let text = String::from_utf8(world.read("m.prom")).unwrap();
    text.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok())
}

const SUCCESS: &str = "thumbs_last_success_timestamp_seconds";

#[test]
fn time_that_is_up_says_what_is_left() {
    let world = World::new();
    many(&world, "in", 60, 1200);
    world.write("in/notes.txt", b"no picture");
    settle();
    for update in [&["-u"][..], &[]] {
        let run = |out: &str, more: &[&str]| {
            let args = ["in", "-o", out, "-s", "48", "-j", "2", "--metrics", "m.prom", "--report", "-", "--quiet"];
            world.run(&[&args[..], update, more].concat())
        };
        let out = if update.is_empty() { "plain/" } else { "update/" };
        run(out, &["--max-time", "1h"]).ok();
        let success = metric(&world, SUCCESS).unwrap();
        fs::remove_dir_all(world.path(out)).unwrap();
        let ran = run(out, &["--max-time", "0.01"]);
        let lines = crate::testenv::report(&ran.code(4).stdout);
        let (done, left) = (count(&lines, "done"), count(&lines, "left"));
        assert_eq!((done + left, lines.last().unwrap()["left_exact"].as_bool()), (60, Some(true)));
        assert!(left > 0);
        ran.says("out of time (--max-time)").says(&format!("{left} inputs left"));
        assert_eq!(metric(&world, "thumbs_inputs_left"), Some(left as f64));
        assert_eq!(metric(&world, "thumbs_exit_status"), Some(4.0));
        assert_eq!(metric(&world, SUCCESS), Some(success), "of the last complete run");
        assert!(metric(&world, "thumbs_last_run_timestamp_seconds").unwrap() > success);
    }
    // An archive that is not whole is none.
    world.run(&["in", "-s", "48", "-o", "x.tar", "--max-time", "0.01"]).code(3).says("was not made");
    assert!(!world.exists("x.tar"));
}

#[test]
fn what_is_up_to_date_is_not_left() {
    let world = World::new();
    many(&world, "in", 30, 60);
    settle();
    night(&world, &[]).0.ok();
    // Nothing is left when the time is up, or was before the run began.
    let (ran, lines) = night(&world, &["--max-time", "0.000001", "--metrics", "m.prom"]);
    ran.ok().never_says("left");
    assert_eq!(count(&lines, "done"), 0);
    assert!(metric(&world, SUCCESS).is_some());
    assert_eq!(metric(&world, "thumbs_inputs_left"), Some(0.0));
}

#[test]
fn failures_that_end_a_night_keep_the_last_success() {
    let world = World::with(&["in/a.jpg", "in/b.jpg", "in/c.jpg"]);
    settle();
    night(&world, &["--metrics", "m.prom"]).0.ok();
    let success = metric(&world, SUCCESS);
    world.write("in/a.jpg", b"broken");
    for (more, left) in [(&["--fail-fast", "-q", "20"][..], 2.0), (&["--max-failures", "0", "-q", "21"], 2.0)] {
        let args = [more, &["--metrics", "m.prom", "-j", "8"]].concat();
        night(&world, &args).0.code(1);
        assert_eq!((metric(&world, "thumbs_inputs_left"), metric(&world, SUCCESS)), (Some(left), success), "{more:?}");
    }
    night(&world, &["-q", "30", "-n", "--exclude", "a.jpg", "--metrics", "m.prom"]).0.ok();
    assert_eq!(metric(&world, SUCCESS), success, "a dry run makes nothing");
}

#[test]
fn outputs_of_earlier_options_are_pruned() {
    let world = World::with(&["in/a.jpg", "in/sub/b.jpg"]);
    world.write("out/mine.jpg", b"mine");
    settle();
    night(&world, &["-s", "24", "-f", "jpeg,webp"]).0.ok();
    let all = ["a_24.jpg", "a_24.webp", "a_48.jpg", "a_48.webp", "mine.jpg", "sub/b_24.jpg"];
    assert_eq!(outputs(&world)[..6], all);
    // One was changed since, and is no longer ours.
    world.write("out/a_24.webp", b"changed by hand");
    let job = ["-f", "jpeg", "--name", "{stem}_{size}.{ext}", "--prune"];
    let (ran, _) = night(&world, &[&job[..], &["-n"]].concat());
    let mut plan: Vec<_> =
        ran.ok().text().lines().filter_map(|l| l.strip_prefix("remove ").map(str::to_owned)).collect();
    plan.sort();
    let names: Vec<_> = plan.iter().map(|l| l.rsplit_once("out/").unwrap().1).collect();
    let gone = ["a_24.jpg", "a_48.webp", "sub/b_24.jpg", "sub/b_24.webp", "sub/b_48.webp"];
    assert_eq!(names, gone);
    let (ran, lines) = night(&world, &job);
    ran.ok();
    assert_eq!(count(&lines, "pruned"), 5, "{lines:#?}");
    assert_eq!(outputs(&world), ["a_24.webp", "a_48.jpg", "mine.jpg", "sub/b_48.jpg"]);
    // Another name.
    let (ran, lines) = night(&world, &["--name", "{dir}/t-{stem}.{ext}", "--prune"]);
    ran.ok();
    assert_eq!(count(&lines, "pruned"), 2, "{lines:#?}");
    assert_eq!(outputs(&world), ["a_24.webp", "mine.jpg", "sub/t-b.jpg", "t-a.jpg"]);
    // Nothing changed, nothing goes.
    let (_, lines) = night(&world, &["--name", "{dir}/t-{stem}.{ext}", "--prune"]);
    assert_eq!((count(&lines, "pruned"), counts(&lines)), (0, (0, 2, 0)));
}

#[test]
fn outputs_of_inputs_that_are_left_out_are_pruned() {
    let world = World::with(&["in/a.jpg", "in/b.jpg", "in/sub/c.jpg", "in/.h.jpg"]);
    settle();
    night(&world, &["--hidden"]).0.ok();
    assert_eq!(outputs(&world).len(), 4);
    let (ran, lines) = night(&world, &["--exclude", "sub", "--prune"]);
    ran.ok();
    assert_eq!(count(&lines, "pruned"), 2, "{lines:#?}");
    assert_eq!(outputs(&world), ["a.jpg", "b.jpg"]);
    assert!(!world.exists("out/sub"), "a directory that we made and emptied");
    // Back again, they are made again.
    let (_, lines) = night(&world, &[]);
    assert_eq!(counts(&lines), (1, 2, 0));
    // A pattern that leaves nothing is rather a slip.
    let (ran, lines) = night(&world, &["--include", "*.jgp", "--prune"]);
    ran.ok();
    assert_eq!((count(&lines, "pruned"), outputs(&world).len()), (0, 3));
}

#[test]
fn what_another_job_with_the_same_state_made_is_not_pruned() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    settle();
    let run = |out: &str, more: &[&str]| {
        world.run(&[&["in", "-u", "--state", "state", "-o", out], more].concat()).ok();
    };
    run("small/", &["-s", "16"]);
    run("large/small/", &["-s", "32"]);
    run("large/", &["-s", "40"]);
    run("large/", &["-s", "48", "--prune", "--name", "{stem}-l.{ext}", "--exclude", "b.jpg"]);
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.ends_with(".jpg") && !f.starts_with("in/")).collect();
    let want = ["large/a-l.jpg", "large/small/a.jpg", "large/small/b.jpg", "small/a.jpg", "small/b.jpg"];
    assert_eq!(made, want);
}

#[test]
fn a_night_that_is_cut_short_or_fails_prunes_nothing_of_that() {
    let world = World::new();
    many(&world, "in", 20, 1000);
    settle();
    night(&world, &[]).0.ok();
    let more = ["--prune", "--name", "x-{stem}.{ext}"];
    night(&world, &[&more[..], &["--max-time", "0.001", "-j", "1"]].concat()).0.code(4);
    assert!(outputs(&world).iter().filter(|f| !f.starts_with("x-")).count() == 20);
    // A picture that fails now keeps the thumbnail that was made of it.
    world.write("in/03.jpg", b"broken");
    let (ran, lines) = night(&world, &more);
    ran.code(1);
    assert_eq!(count(&lines, "pruned"), 19);
    assert!(world.exists("out/03.jpg"));
}

#[test]
fn outputs_of_earlier_options_beside_inputs_are_pruned() {
    let world = World::with(&["in/a.jpg", "in/sub/b.jpg"]);
    settle();
    let run = |size: &str| {
        world.run(&["in", "-u", "--prune", "-s", size, "--name", "small/{stem}_{size}.{ext}"]).ok();
        world.tree().into_iter().filter(|f| f.contains("small/")).collect::<Vec<_>>()
    };
    assert_eq!(run("24,48").len(), 4);
    assert_eq!(run("48"), ["in/small/a_48.jpg", "in/sub/small/b_48.jpg"]);
}

#[test]
fn a_file_system_that_cannot_sync_is_no_failure() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    let Some(library) = crate::shim::build(&world) else { return };
    settle();
    let run = |args: &[&str]| {
        let mut command = world.thumbs();
        command.args(["in", "-s", "48"]).args(args).env("LD_PRELOAD", &library).env("FAIL_FSYNC", "1");
        world.finish(&mut command)
    };
    run(&["-o", "out/", "-u"]).ok().never_says("fsync");
    run(&["-o", "out/", "-u", "-q", "20", "-v"]).ok().says("cannot sync");
    let ran = run(&["-o", "out/", "-u", "-q", "20", "--report", "-"]);
    assert_eq!(counts(&crate::testenv::report(&ran.ok().stdout)), (0, 2, 0));
    run(&["-o", "plain/", "--fsync"]).ok();
    assert!(world.exists("plain/a.jpg"));
}

#[test]
fn nights_begin_over_a_tree_that_was_made_by_hand() {
    let world = World::with(&["in/a.jpg", "in/sub/b.png"]);
    settle();
    world.run(&["in", "-o", "out/", "-s", "48"]).ok();
    let (ran, lines) = night(&world, &[]);
    ran.ok();
    assert_eq!(counts(&lines), (2, 0, 0));
    assert_eq!(counts(&night(&world, &[]).1), (0, 2, 0));
    // What is somebody's own stands, and the message says how to have it replaced.
    fs::remove_file(world.path(crate::nights::STATE)).unwrap();
    world.write("out/a.jpg", b"somebody's notes");
    let (ran, lines) = night(&world, &[]);
    ran.code(1).says("--existing replace");
    assert_eq!((counts(&lines), world.read("out/a.jpg")), ((1, 0, 1), b"somebody's notes".to_vec()));
    night(&world, &["--existing", "replace"]).0.ok();
    assert_eq!(counts(&night(&world, &[]).1), (0, 2, 0));
}
