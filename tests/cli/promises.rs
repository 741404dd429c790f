//! Modes, wholeness, leftovers: what holds whatever the file system does.

use crate::testenv::{World, root, skip};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

fn mode(world: &World, name: &str) -> u32 {
    fs::metadata(world.path(name)).unwrap_or_else(|e| panic!("{name}: {e}")).mode() & 0o7777
}

#[test]
fn outputs_have_the_mode_that_the_umask_asks_for() {
    let world = World::with(&["a.jpg"]);
    fs::set_permissions(world.path("a.jpg"), fs::Permissions::from_mode(0o644)).unwrap();
    for (umask, expected) in [("022", 0o644), ("027", 0o640), ("077", 0o600), ("002", 0o644)] {
        world
            .shell(&format!("umask {umask}; \"$thumbs\" a.jpg -o out{umask}/ && \"$thumbs\" a.jpg --report r{umask}"))
            .ok();
        assert_eq!(mode(&world, &format!("out{umask}/a.jpg")), expected, "umask {umask}: no wider than the source");
    }
}

#[test]
fn an_output_is_readable_by_no_more_people_than_its_source() {
    let world = World::with(&["a.jpg"]);
    for source in [0o600, 0o640, 0o444, 0o400] {
        fs::set_permissions(world.path("a.jpg"), fs::Permissions::from_mode(source)).unwrap();
        world.shell("umask 022; \"$thumbs\" a.jpg").ok();
        let made = mode(&world, "a_thumb.jpg");
        assert_eq!(made & 0o077 & !source, 0, "source {source:o}, output {made:o}");
        // A second run replaces it, whatever its mode.
        world.run(&["a.jpg"]).ok();
    }
}

#[test]
fn sources_are_not_touched() {
    let world = World::with(&["in/a.jpg", "in/b.png"]);
    let state = |name: &str| {
        let m = fs::metadata(world.path(name)).unwrap();
        (m.ino(), m.mtime(), m.mtime_nsec(), m.ctime_nsec(), m.mode(), world.read(name))
    };
    let before = [state("in/a.jpg"), state("in/b.png")];
    world.run(&["in"]).ok();
    assert!(before == [state("in/a.jpg"), state("in/b.png")]);
}

#[test]
fn a_failed_input_leaves_nothing() {
    let world = World::new();
    for oddity in oddities::all().into_iter().filter(|o| !o.good) {
        world.write(format!("in/{}", oddity.name), &oddity.bytes);
    }
    let before = world.tree();
    world.run(&["in/*", "-s", "10,20", "-f", "png,jpeg"]).code(1);
    assert_eq!(world.tree(), before);
}

#[test]
fn an_old_output_survives_a_failure() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg"]).ok();
    let old = world.read("a_thumb.jpg");
    world.write("a.jpg", &oddities::cut(&oddities::jpeg::plain(96, 64), 50));
    world.run(&["a.jpg"]).code(1);
    assert_eq!(world.read("a_thumb.jpg"), old);
}

#[test]
fn a_directory_that_may_not_be_written() {
    if root() {
        return skip("root may write everywhere");
    }
    let world = World::with(&["ro/a.jpg", "rw/b.jpg"]);
    fs::set_permissions(world.path("ro"), fs::Permissions::from_mode(0o555)).unwrap();
    let ran = world.run(&["ro/a.jpg", "rw/b.jpg"]);
    fs::set_permissions(world.path("ro"), fs::Permissions::from_mode(0o755)).unwrap();
    ran.code(1).says("Permission denied").says("a.jpg");
    world.no_leftovers(&["ro/a.jpg", "rw/b.jpg", "rw/b_thumb.jpg"]);
}

/// A mounted file system that is taken down again at the end.
struct Mount<'a>(&'a World, &'static str);

impl<'a> Mount<'a> {
    fn tmpfs(world: &'a World, at: &'static str, options: &str) -> Option<Self> {
        if !root() {
            skip("only root may mount");
            return None;
        }
        fs::create_dir_all(world.path(at)).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(world.path(at)).output();
        if mounted.is_ok_and(|o| o.status.success()) {
            return Some(Self(world, at));
        }
        skip("mounting is not allowed here");
        None
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path(self.1)).status());
    }
}

#[test]
fn a_full_disk_keeps_old_outputs_and_ends_the_run() {
    let world = World::new();
    for at in 0..40 {
        world.write(format!("in/{at:02}.jpg"), &oddities::jpeg::grainy(500, 400, 95));
    }
    let Some(_mount) = Mount::tmpfs(&world, "small", "size=300k") else { return };
    world.run(&["in/00.jpg", "-s", "64", "-o", "small"]).ok();
    let old = world.read("small/00.jpg");
    fs::write(world.path("small/filler"), vec![0; 200_000]).unwrap();
    let ran = world.run(&["in", "-o", "small", "-q", "95"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}: {}", ran.code, ran.stderr);
    ran.says("No space left");
    for name in world.tree().iter().filter(|f| f.starts_with("small/") && !f.ends_with("filler")) {
        assert!(!name.contains("/."), "{name} is left over");
        let size = world.size(name);
        assert!(size == (500, 400) || (name == "small/00.jpg" && world.read(name) == old), "{name} is torn");
    }
}

#[test]
fn a_read_only_disk_is_no_success() {
    let world = World::with(&["a.jpg"]);
    let Some(_mount) = Mount::tmpfs(&world, "ro", "ro,size=64k") else { return };
    let ran = world.run(&["a.jpg", "-o", "ro"]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}", ran.code);
    ran.says("Read-only");
}

#[test]
fn a_limit_on_file_sizes_leaves_whole_files_only() {
    let world = World::with(&["small.jpg"]);
    world.write("large.jpg", &oddities::jpeg::grainy(800, 600, 95));
    let ran = world.shell("ulimit -f 16; \"$thumbs\" large.jpg small.jpg -q 95 -o out");
    assert!(matches!(ran.code, Some(1 | 3)), "{:?} {:?}: {}", ran.code, ran.signal, ran.stderr);
    assert!(!world.exists("out/large.jpg"));
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
    assert!(made.iter().all(|f| f == "out/small.jpg"), "{made:?}");
}

#[test]
fn a_limit_on_descriptors_is_enough() {
    let world = World::new();
    for at in 0..60 {
        world.picture(format!("in/{at}/{at}/a.jpg"));
    }
    let ran = world.shell("ulimit -n 24; \"$thumbs\" in -o out -j8");
    assert!(matches!(ran.code, Some(0 | 1 | 3)), "{:?}", ran.code);
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
    assert!(made.iter().all(|f| f.ends_with("/a.jpg") && world.size(f) == (96, 64)));
    if ran.code == Some(0) {
        assert_eq!(made.len(), 60);
    } else {
        ran.says("Too many open files");
    }
}

#[test]
fn two_runs_into_one_directory_both_end_and_all_is_whole() {
    let world = World::new();
    for at in 0..40 {
        world.write(format!("in/{at}.jpg"), &oddities::jpeg::grainy(400, 300, 90));
    }
    let runs: Vec<_> = (0..2).map(|_| world.start(&["in", "-o", "out", "-j2"])).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
    assert_eq!(made.len(), 40, "{made:?}");
    assert!(made.iter().all(|f| world.size(f) == (400, 300)));
}

#[test]
fn readers_never_see_half_a_file() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::grainy(700, 500, 95));
    world.run(&["a.jpg", "-q", "95"]).ok();
    let wholes = [world.read("a_thumb.jpg"), {
        world.run(&["a.jpg", "-q", "40"]).ok();
        world.read("a_thumb.jpg")
    }];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for at in 0..10 {
                world.run(&["a.jpg", "-q", ["95", "40"][at % 2]]).ok();
            }
        });
        while !writer.is_finished() {
            let seen = world.read("a_thumb.jpg");
            assert!(wholes.contains(&seen), "{} bytes are neither the old nor the new ones", seen.len());
        }
    });
}

#[test]
fn a_source_that_is_replaced_while_it_is_read_is_an_error_or_a_picture() {
    let world = World::new();
    let (long, short) = (oddities::jpeg::grainy(1200, 900, 95), oddities::jpeg::plain(40, 30));
    world.write("a.jpg", &long);
    std::thread::scope(|scope| {
        let runs = scope.spawn(|| {
            for _ in 0..15 {
                let ran = world.run(&["a.jpg"]);
                assert!(matches!(ran.code, Some(0 | 1)), "{:?} {:?}: {}", ran.code, ran.signal, ran.stderr);
            }
        });
        while !runs.is_finished() {
            fs::write(world.path("a.jpg"), &short).unwrap();
            fs::write(world.path("a.jpg"), &long).unwrap();
        }
    });
}
