//! What is said of a run: each fact once, with the words that help.

mod testenv;

use testenv::{World, report, root};

/// A world with this many pictures in `in`.
fn many(count: usize) -> World {
    let world = World::new();
    for at in 0..count {
        world.sized(format!("in/{at:03}.jpg"), 16, 16);
    }
    world
}

#[test]
fn a_destination_that_cannot_be_written_is_told_once() {
    let world = many(8);
    world.write("txt.jpg", b"words");
    let unwritable = if root() {
        "/proc".to_owned()
    } else {
        use std::os::unix::fs::PermissionsExt;
        let dir = world.path("closed");
        std::fs::create_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o555)).unwrap();
        dir.to_str().unwrap().to_owned()
    };
    for (output, words) in [
        ("txt.jpg/", "-o txt.jpg/: txt.jpg is a file, not a directory"),
        ("txt.jpg/below", "-o txt.jpg/below: txt.jpg is a file, not a directory"),
        ("txt.jpg/below/small.tar", "-o txt.jpg/below/small.tar: txt.jpg is a file, not a directory"),
        (&unwritable, "cannot be written: "),
        (&format!("{unwritable}/below"), "cannot be written: "),
        (&format!("{unwritable}/small.zip"), "cannot be written: "),
    ] {
        for more in [&[][..], &["-u"], &["--quiet"]] {
            let ran = world.run(&[&["in", "-o", output], more].concat());
            if more == ["-u"] && (output.ends_with(".tar") || output.ends_with(".zip")) {
                continue;
            }
            ran.code(3).says(words);
            assert_eq!(ran.stderr.lines().count(), 1, "{output}: {}", ran.stderr);
        }
    }
    for output in ["txt.jpg/", "txt.jpg/below"] {
        world.run(&["in", "-n", "-o", output]).code(3).says("is a file, not a directory");
    }
    let ran = world.run(&["in/000.jpg", "-o", "txt.jpg/small.jpg"]);
    ran.code(3).says("-o txt.jpg/small.jpg: txt.jpg is a file, not a directory");
    let ran = world.run(&["in", "--webdataset", "txt.jpg"]);
    ran.code(3).says("--webdataset txt.jpg: txt.jpg is a file, not a directory");
    assert_eq!(world.read("txt.jpg"), b"words");
    assert_eq!(world.tree().len(), 9, "{:?}", world.tree());
}

#[test]
fn a_destination_is_tried_without_leaving_anything() {
    let world = many(2);
    world.run(&["in", "-o", "out", "--exclude", "*"]).ok();
    assert!(world.path("out").is_dir());
    world.no_leftovers(&["in/000.jpg", "in/001.jpg"]);
    world.run(&["in", "-o", "never", "-n"]).ok();
    assert!(!world.exists("never"), "a dry run makes nothing");
}

#[test]
fn failures_of_one_kind_are_counted_after_the_first_few() {
    let world = many(40);
    world.run(&["in", "-o", "out"]).ok();
    world.write("in/bad.jpg", b"words");
    let again = ["in", "-o", "out", "--existing", "fail"];
    for quiet in [&[][..], &["--quiet"]] {
        let ran = world.run(&[&again, quiet].concat());
        ran.code(1).says("... and 35 more for the same reason (all of them: --report FILE): ").says("exists");
        let named = ran.stderr.lines().filter(|line| line.contains("failed: ") && line.contains("in/0")).count();
        assert_eq!(named, 5, "{}", ran.stderr);
        // Another reason is named however many of the first there are.
        ran.says("in/bad.jpg: failed: ").says("41 failed");
        assert!(ran.stderr.lines().count() < 10, "{}", ran.stderr);
    }
    let ran = world.run(&[&again[..], &["-v"]].concat());
    assert_eq!(ran.stderr.lines().filter(|line| line.contains("failed: ")).count(), 41, "with -v all are named");
    let ran = world.run(&[&again[..], &["--report", "r.ndjson"]].concat());
    ran.code(1).says("35 more for the same reason (all of them: r.ndjson)");
    let failed = report(&world.read("r.ndjson")).into_iter().filter(|line| line["type"] == "failed").count();
    assert_eq!(failed, 41, "the report has all");
}

#[test]
fn different_reasons_are_all_named() {
    let world = World::new();
    for (name, bytes) in [
        ("text", &b"words"[..]),
        ("page", b"<!DOCTYPE html><html>"),
        ("pdf", b"%PDF-1.7\n"),
        ("empty", b""),
        ("cut", &oddities::jpeg::plain(64, 64)[..300]),
    ] {
        for at in 0..7 {
            world.write(format!("in/{name}{at}.jpg"), bytes);
        }
    }
    let ran = world.run(&["in", "-o", "out", "-j1"]);
    ran.code(1);
    for name in ["text", "page", "pdf", "empty", "cut"] {
        for at in 0..5 {
            ran.says(&format!("in/{name}{at}.jpg: failed: "));
        }
        ran.never_says(&format!("in/{name}6.jpg"));
    }
    assert_eq!(ran.stderr.matches("and 2 more for the same reason").count(), 5, "{}", ran.stderr);
}

#[test]
fn the_sixth_of_a_kind_is_named_if_it_is_the_last() {
    let world = World::new();
    for at in 0..6 {
        world.write(format!("in/{at}.jpg"), b"words");
    }
    let ran = world.run(&["in", "-o", "out", "-j1"]);
    ran.code(1).says("in/5.jpg: failed: ").never_says("more for the same reason");
}

#[test]
fn missing_inputs_of_a_list_are_counted() {
    let world = World::new();
    let list: String = (0..500).map(|at| format!("gone/picture {at}.jpg\n")).collect();
    world.write("list", list.as_bytes());
    let ran = world.run(&["--files-from", "list", "-o", "out"]);
    ran.code(1).says("and 495 more for the same reason");
    assert!(ran.stderr.lines().count() < 10, "{}", ran.stderr);
}
