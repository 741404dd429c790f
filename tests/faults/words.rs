//! What is said of a run: each fact once, with the words that help.

use crate::testenv::{World, report, root};

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

#[test]
fn a_place_without_pictures_is_told() {
    let world = World::new();
    std::fs::create_dir_all(world.path("empty")).unwrap();
    world.run(&["empty"]).ok().says("thumbs: no pictures found in empty: no other files\n");
    world.run(&["empty", "--quiet"]).ok();
    assert_eq!(world.run(&["empty", "--quiet"]).stderr, "");
    world.run(&["empty", "-n"]).ok().says("no pictures found in empty");
    world.write("texts/a.txt", b"words");
    world.write("texts/below/b.txt", b"words");
    world.run(&["texts", "empty", "-o", "out"]).ok().says("no pictures found in texts, empty: 2 other files\n");
    world.write("list", b"");
    world.run(&["--files-from", "list", "-o", "out"]).ok().says("no pictures found in list: no other files");
    // A second night, when the state knows that they are none.
    for _ in 0..2 {
        world.run(&["texts", "-u", "-o", "out"]).ok().says("no pictures found in texts: 2 other files\n");
    }
    world.picture("texts/c.jpg");
    world.run(&["texts", "empty", "-o", "out"]).ok().never_says("no pictures");
    // Nothing new is not nothing.
    world.run(&["texts", "-u", "-o", "out2"]).ok();
    world.run(&["texts", "-u", "-o", "out2"]).ok().never_says("no pictures");
}

#[test]
fn the_option_that_would_have_found_pictures_is_named() {
    let world = World::with(&["hidden/.a.jpg", "hidden/.below/b.jpg", "hidden/.below/c.jpg", "deep/below/a.jpg"]);
    world.write("hidden/.notes", b"words");
    world.picture("plain/a.jpg");
    world.picture("plain/b.png");
    std::fs::create_dir_all(world.path("links")).unwrap();
    std::os::unix::fs::symlink("../plain/a.jpg", world.path("links/a.jpg")).unwrap();
    std::os::unix::fs::symlink("../plain", world.path("links/plain")).unwrap();
    for (args, words) in [
        (&["hidden"][..], "no other files; left out: 2 hidden (--hidden takes them)\n"),
        (&["links"], "no other files; left out: 2 symbolic links (--follow takes them)\n"),
        (&["deep", "--max-depth", "1"], "no other files; left out: 1 by --max-depth\n"),
        (&["plain", "--exclude", "*.jpg", "--exclude", "*.png"], "no other files; left out: 2 by --exclude\n"),
        (&["plain", "--include", "*.tif"], "no other files; left out: 2 by --include\n"),
        (&["plain", "--exclude", "a*", "--include", "*.tif"], "left out: 1 by --exclude, 1 by --include\n"),
        (&["plain/*", "--exclude", "a*", "--include", "*.tif"], "left out: 1 by --exclude, 1 by --include\n"),
        (
            &["."],
            "thumbs: no pictures found in .: no other files; left out: 2 hidden (--hidden takes them), 1 symbolic link (--follow",
        ),
    ] {
        let args = if args == ["."] { &[".", "--exclude", "plain", "--exclude", "deep"] } else { args };
        let ran = world.run(&[args, &["-o", "out"]].concat());
        ran.ok().says(words);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    world.write("around/texts/a.txt", b"words");
    world.picture("around/made/a.jpg");
    let ran = world.run(&["around", "-o", "around/made"]);
    ran.ok().says("no pictures found in around: 1 other file; left out: 1 directory that this run writes\n");
    world.run(&["hidden", "-o", "out", "--hidden"]).ok().never_says("no pictures");
    world.run(&["links", "-o", "out", "--follow"]).ok().never_says("no pictures");
}

#[test]
fn an_archive_without_pictures_is_told() {
    let world = World::with(&["in/.a.jpg", "in/b.txt", "in/deep/c.jpg"]);
    world.write("in/b.txt", b"words");
    world.shell("tar cf in.tar in").ok();
    // Those of a walk are not opened.
    world.shell("mkdir packed && cp in.tar packed && cp in.tar packed/b.tar && cp in/b.txt packed").ok();
    let ran = world.run(&["packed", "-o", "out"]);
    ran.ok().says("no pictures found in packed: 3 other files, 2 of them archives (name them to take their members)\n");
    let ran = world.run(&["in.tar", "-o", "out", "--max-depth", "2"]);
    ran.ok()
        .says("no pictures found in in.tar: 1 other file; left out: 1 hidden (--hidden takes them), 1 by --max-depth");
}

#[test]
fn two_files_of_one_name_are_kept_apart_by_their_directories() {
    let world = World::with(&["1/x.jpg", "2/x.jpg", "a.jpg", "a.png"]);
    let ran = world.run(&["1/x.jpg", "2/x.jpg", "-o", "out"]);
    ran.code(1).says("(--relative-to)").never_says("{name}");
    let ran = world.run(&["a.jpg", "a.png", "-f", "webp", "-o", "out2"]);
    ran.code(1).says("--name '{name}.{ext}'");
    world.run(&["1/x.jpg", "2/x.jpg", "-o", "out3", "--relative-to", "."]).ok();
    world.run(&["a.jpg", "a.png", "-f", "webp", "-o", "out4", "--name", "{name}.{ext}"]).ok();
}

#[test]
fn an_output_too_large_for_the_memory_says_its_size() {
    let world = World::with(&["a.jpg"]);
    for more in [&[][..], &["-n"]] {
        let args = [&["a.jpg", "-s", "60000", "--enlarge", "-f", "png", "--memory", "64M", "-o", "out"], more].concat();
        let ran = world.shell(&format!("ulimit -v 3000000; \"$thumbs\" {}", args.join(" ")));
        ran.code(1)
            .says("making 60000x40000 of it, as --size and --fit or --enlarge ask, needs ")
            .never_says("decoding");
    }
}

#[test]
fn a_dry_run_says_what_it_did_not_look_at() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    let whole = world.read("in/b.jpg");
    world.write("in/b.jpg", &whole[..whole.len() - 200]);
    let ran = world.run(&["in", "-o", "out", "-n"]);
    ran.ok().says("thumbs: only headers were decoded; pictures damaged further on are not noticed\n");
    assert_eq!(ran.lines().len(), 2);
    assert_eq!(world.run(&["in", "-o", "out", "-n", "--quiet"]).ok().stderr, "");
    let ran = world.run(&["in", "-o", "out", "-n", "-v"]);
    ran.ok().says("2 to be done").never_says("0 B out");
}

#[test]
fn waiting_for_the_lock_says_for_whom() {
    let world = World::with(&["in/a.jpg"]);
    if !crate::testenv::has("flock") {
        crate::testenv::skip("there is no flock(1) to hold the lock");
        return;
    }
    // Held until the run says that it waits, or for half a second if it is not to say so.
    for (quiet, turns, lines) in [("", 3000, 1), ("--quiet", 25, 0)] {
        let script = format!(
            "rm -rf out; mkdir out; exec 9>>out/.thumbs-state.sqlite.lock; flock 9; \
             echo 'pid 4711, started 2026-11-22 03:15:00 UTC' > out/.thumbs-state.sqlite.lock; \
             \"$thumbs\" in -o out -u --lock wait {quiet} 2>said 9>&- & \
             for turn in $(seq {turns}); do grep -q waiting said && break; sleep 0.02; done; \
             exec 9>&-; wait $!; code=$?; cat said >&2; exit $code"
        );
        let ran = world.shell(&script);
        ran.ok();
        let said = "thumbs: waiting: another run holds the lock out/.thumbs-state.sqlite.lock: pid 4711, started 2026-11-22 03:15:00 UTC";
        assert_eq!(ran.stderr.lines().filter(|line| *line == said).count(), lines, "{}", ran.stderr);
        assert!(world.exists("out/a.jpg"));
    }
}

#[test]
fn damaged_archives_are_told_without_a_librarys_words() {
    let world = World::new();
    world.write("in/a.jpg", &oddities::jpeg::grainy(300, 200, 90));
    world.write("in/b.jpg", &oddities::jpeg::grainy(300, 200, 90));
    if !crate::testenv::has("zstd") {
        crate::testenv::skip("there is no zstd to pack with");
        return;
    }
    world.shell("tar czf a.tar.gz in && tar cf - in | zstd -q -o a.tar.zst").ok();
    for (name, kind) in [("a.tar.gz", "gzip"), ("a.tar.zst", "Zstandard")] {
        let whole = world.read(name);
        let cut = &whole[..whole.len() * 3 / 4];
        let mut damaged = whole.clone();
        let end = damaged.len() - 6;
        damaged[end] ^= 0x55;
        for (bytes, words) in [
            (cut, format!("truncated {kind}: it ends before what is packed in it does")),
            (&damaged, format!("damaged {kind}: it cannot be unpacked further")),
        ] {
            world.write("broken", bytes);
            let ran = world.run(&["broken", "-o", "out", "--existing", "replace"]);
            ran.code(1).says(&words);
            for foreign in ["stream", "frame", "checksum", "corrupt", "incomplete"] {
                ran.never_says(foreign);
            }
        }
    }
}

#[test]
fn a_list_of_the_other_kind_is_told() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.write("list", b"a.jpg\0b.jpg\0");
    let ran = world.run(&["--files-from", "list", "-o", "out"]);
    ran.code(1)
        .says("a.jpg\\x00b.jpg\\x00: failed: its name holds a NUL; --files0-from reads lists whose names end with one");
}

#[test]
fn a_state_that_cannot_be_used_is_told_without_sqlites_words() {
    let world = World::with(&["in/a.jpg"]);
    world.run(&["in", "-o", "out", "-u"]).ok();
    let mut state = world.read("out/.thumbs-state.sqlite");
    for byte in &mut state[4096..6000] {
        *byte ^= 0x5a;
    }
    world.write("out/.thumbs-state.sqlite", &state);
    let ran = world.run(&["in", "-o", "out", "-u"]);
    ran.code(3).says("out/.thumbs-state.sqlite is damaged; restore it, or move it away").never_says("malformed");
}

#[test]
fn threads_that_cannot_be_had_are_told_in_the_systems_words() {
    let world = World::with(&["a.jpg"]);
    let ran = world.shell("ulimit -v 100000; \"$thumbs\" a.jpg -o out -j 512");
    ran.code(3).says("thumbs: the workers could not be started: Resource temporarily unavailable\n");
}
