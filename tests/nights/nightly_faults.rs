//! What may go wrong at night, and what must happen then.

use std::fs;
use std::process::Command;

use crate::nights::{STATE, count, counts, many, night, outputs, rows, settle};
use crate::testenv::{World, has, root, skip};

#[test]
fn a_full_disk_loses_nothing() {
    if !root() {
        return skip("only root can mount a small disk");
    }
    let world = World::new();
    for i in 0..300 {
        world.sized(format!("in/{i:03}.png"), 400, 300);
    }
    world.write("out/x", b"");
    if world.shell("mount -t tmpfs -o size=250k tmpfs out").code != Some(0) {
        return skip("no tmpfs can be mounted");
    }
    settle();
    let args = ["in", "-o", "out/", "-s", "200", "-u"];
    let ran = world.run(&args);
    let made = outputs(&world);
    for name in &made {
        assert_eq!(world.size(format!("out/{name}")).0, 200, "{name} is whole");
    }
    let temporaries = made.iter().filter(|n| n.contains(".tmp")).count();
    world.shell("mount -o remount,size=20m out").ok();
    let again = world.run(&args);
    let healed = outputs(&world).len();
    world.shell("umount out").ok();
    ran.code(3).says("No space left on device");
    assert_eq!(temporaries, 0);
    again.ok();
    assert_eq!(healed, 300);
}

/// Killed at every call that leaves a trace on the disk, one after the other; whatever stands after
/// that is old or new but never half, and the next run heals. By strace's fault injection, which
/// needs neither hooks in the program nor unsafe code in the test.
#[test]
fn killed_at_every_step() {
    if !has("strace") {
        return skip("strace is not installed");
    }
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    let (old, new) = (["-s", "32"], ["-s", "48"]);
    let update = |size: [&str; 2]| world.run(&["in", "-o", "out/", "-u", size[0], size[1]]);
    settle();
    update(old).ok();
    let (a, state) = (world.read("out/a.jpg"), world.read(STATE));
    update(new).ok();
    let b = world.read("out/a.jpg");
    let mut kills = 0;
    for call in
        ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "close", "unlink", "ftruncate"]
    {
        // Startup opens and closes the libraries; the last step is the one that is not reached.
        let step = if matches!(call, "openat" | "close") { 3 } else { 1 };
        for when in (1..400).step_by(step) {
            fs::write(world.path("out/a.jpg"), &a).unwrap();
            fs::write(world.path("out/b.jpg"), &a).unwrap();
            fs::write(world.path(STATE), &state).unwrap();
            let _ = fs::remove_file(world.path(format!("{STATE}-journal")));
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let trace = format!("trace={call}");
            let args = ["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, crate::testenv::binary()];
            let args = [&args[..], &["in", "-o", "out/", "-u", "-j", "1"], &new].concat();
            let ran = world.finish(world.command("strace").args(args));
            for name in ["out/a.jpg", "out/b.jpg"] {
                let now = world.read(name);
                assert!(now == a || now == b, "{name} after {call} {when}");
            }
            if ran.code == Some(0) {
                break;
            }
            kills += 1;
            let ran = update(new);
            assert_eq!(ran.code, Some(0), "after {call} {when}: {}", ran.stderr);
            assert_eq!(outputs(&world), ["a.jpg", "b.jpg"], "after {call} {when}");
            assert!(world.read("out/a.jpg") == b && world.read("out/b.jpg") == b, "after {call} {when}");
        }
    }
    assert!(kills > 20, "{kills}");
}

#[test]
fn few_descriptors_are_enough() {
    let world = World::new();
    for at in 0..60 {
        world.picture(format!("in/{at}/a.jpg"));
    }
    settle();
    let ran = world.shell("ulimit -n 24; \"$thumbs\" in -o out -u -j8");
    assert!(matches!(ran.code, Some(0 | 1 | 3)), "{:?}", ran.code);
    assert!(ran.code == Some(0) || ran.stderr.contains("Too many open files"), "{}", ran.stderr);
    assert!(outputs(&world).iter().all(|f| f.ends_with("/a.jpg") && world.size(format!("out/{f}")) == (96, 64)));
    world.run(&["in", "-o", "out", "-u", "--retry-failed"]).ok();
    assert_eq!(outputs(&world).len(), 60);
    assert_eq!(rows(&world, "SELECT count(*) FROM outputs"), 60);
}

#[test]
fn a_limit_on_file_sizes() {
    let world = World::with(&["in/a.jpg"]);
    world.write("in/large.jpg", &oddities::jpeg::grainy(800, 600, 95));
    settle();
    let args = "in -o out -u -q 95 -s 800x600 --report report";
    // In the unit of the shell, 512 bytes or 1 KiB: more than a new state takes, less than the large picture.
    let ran = world.shell(&format!("ulimit -f 96; \"$thumbs\" {args}"));
    assert!(matches!(ran.code, Some(1 | 3)), "{:?} {:?}: {}", ran.code, ran.signal, ran.stderr);
    let made = outputs(&world);
    assert!(made.iter().all(|f| f == "a.jpg"), "{made:?}");
    world.shell(&format!("\"$thumbs\" {args} --retry-failed")).ok();
    assert_eq!(outputs(&world), ["a.jpg", "large.jpg"]);
}

#[test]
fn a_disk_that_became_read_only() {
    if !root() {
        return skip("only root can mount a small disk");
    }
    let world = World::with(&["in/a.jpg"]);
    world.write("out/x", b"");
    if world.shell("mount -t tmpfs -o size=4m tmpfs out").code != Some(0) {
        return skip("no tmpfs can be mounted");
    }
    settle();
    let first = night(&world, &[]).0;
    world.picture("in/b.jpg");
    settle();
    world.shell("mount -o remount,ro out").ok();
    let second = night(&world, &[]).0;
    let made = outputs(&world);
    world.shell("mount -o remount,rw out").ok();
    let third = night(&world, &[]);
    world.shell("umount out").ok();
    first.ok();
    assert!(matches!(second.code, Some(1 | 3)), "{:?}: {}", second.code, second.stderr);
    assert!(
        second.stderr.to_lowercase().contains("read-only") || second.stderr.contains("readonly"),
        "{}",
        second.stderr
    );
    assert_eq!(made, ["a.jpg"]);
    third.0.ok();
    assert_eq!(counts(&third.1), (1, 1, 0));
}

#[test]
fn two_nights_at_once() {
    let world = World::new();
    many(&world, "in", 40, 400);
    settle();
    let args = ["in", "-o", "out", "-u", "-s", "48", "--lock", "wait"];
    let runs: Vec<_> = (0..2).map(|_| world.start(&args)).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(outputs(&world).len(), 40);
    assert_eq!(rows(&world, "SELECT count(*) FROM outputs"), 40);
    // Of those that may not wait one does the work.
    fs::remove_dir_all(world.path("out")).unwrap();
    let runs: Vec<_> = (0..2).map(|_| world.start(&args[..6])).collect();
    let codes: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap().status.code()).collect();
    assert!(codes.contains(&Some(0)) && codes.iter().all(|c| matches!(c, Some(0 | 75))), "{codes:?}");
    assert_eq!(outputs(&world).len(), 40);
}

/// Whatever is written to a source while it is read, the night after sees it as it is then.
#[test]
fn sources_that_change_while_they_are_read() {
    let world = World::new();
    let pictures = [oddities::jpeg::grainy(900, 700, 95), oddities::jpeg::plain(40, 30)];
    for round in 0..12 {
        world.write("in/a.jpg", &pictures[0]);
        let mut run = world.start(&["in", "-o", "out", "-u", "-s", "48"]);
        let mut last = 0;
        while run.try_wait().unwrap().is_none() {
            last = 1 - last;
            // In one go, and by replacement in turn.
            if round % 2 == 0 {
                fs::write(world.path("in/a.jpg"), &pictures[last]).unwrap();
            } else {
                world.write("next.jpg", &pictures[last]);
                fs::rename(world.path("next.jpg"), world.path("in/a.jpg")).unwrap();
            }
        }
        let ran = run.wait_with_output().unwrap();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&ran.stderr));
        let ran = night(&world, &["--retry-failed"]).0;
        ran.ok();
        let want = if last == 0 { (48, 37) } else { (40, 30) };
        assert_eq!(world.size("out/a.jpg"), want, "round {round}");
    }
}

#[test]
fn a_kill_between_nights_is_no_failure_of_the_next() {
    let world = World::new();
    many(&world, "in", 60, 500);
    settle();
    let mut kills = 0;
    for wait in [10, 60, 120, 200, 300] {
        let mut run = world.start(&["in", "-o", "out/", "-u", "-s", "48"]);
        std::thread::sleep(std::time::Duration::from_millis(wait));
        kills += u32::from(run.kill().is_ok());
        run.wait().unwrap();
        for name in outputs(&world).iter().filter(|n| n.ends_with(".jpg") && !n.starts_with('.')) {
            assert_eq!(world.size(format!("out/{name}")).0, 48, "{name} is whole");
        }
    }
    assert_eq!(kills, 5);
    let (ran, lines) = night(&world, &[]);
    ran.ok();
    assert_eq!((count(&lines, "failed"), outputs(&world).len()), (0, 60));
    assert!(world.exists(STATE));
}

#[test]
fn systemd_takes_the_units() {
    if !has("systemd-analyze") {
        return skip("there is no systemd-analyze");
    }
    let world = World::new();
    let contrib = format!("{}/contrib", env!("CARGO_MANIFEST_DIR"));
    for unit in ["thumbs.service", "thumbs.timer"] {
        let text = fs::read_to_string(format!("{contrib}/{unit}")).unwrap();
        // The program need not be installed here, nor the user be known.
        let text = text.replace("/usr/local/bin/thumbs", crate::testenv::binary()).replace("User=thumbs", "User=root");
        world.write(unit, text.as_bytes());
    }
    let units = ["thumbs.service", "thumbs.timer"].map(|unit| world.path(unit));
    let verify = Command::new("systemd-analyze").arg("verify").args(units).output().unwrap();
    let words = String::from_utf8_lossy(&verify.stderr);
    // Its words on other units of the machine are not ours.
    let ours: Vec<&str> = words.lines().filter(|line| line.contains("thumbs")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    let ran = Command::new("systemd-analyze").args(["calendar", "*-*-* 02:30:00"]).output().unwrap();
    assert!(ran.status.success());
}
