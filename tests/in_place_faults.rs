//! `--in-place` under kills, full disks, other runs and other programs: every file is the old one or the new one.

mod testenv;

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use testenv::{World, has, line, report, root, skip};

fn picture(seed: u32) -> Vec<u8> {
    oddities::jpeg::grainy(160 + seed, 120, 97)
}

fn many(world: &World, count: u32) -> HashMap<String, Vec<u8>> {
    let write = |at: u32| {
        let (name, bytes) = (format!("in/{:02}/{at:03}.jpg", at % 3), picture(at));
        world.write(&name, &bytes);
        (name, bytes)
    };
    (0..count).map(write).collect()
}

/// How many are new; each of the others has to be the old one.
#[track_caller]
fn new_ones(world: &World, old: &HashMap<String, Vec<u8>>) -> usize {
    let mut new = 0;
    for (name, before) in old {
        let now = world.read(name);
        if now != *before {
            let (width, height, _) = testenv::decode(before);
            assert_eq!(world.size(name), (width, height), "{name} is whole");
            assert!(now.len() * 100 <= before.len() * 95, "{name}");
            new += 1;
        }
    }
    new
}

#[track_caller]
fn no_temporaries(world: &World) {
    assert!(world.tree().iter().all(|name| !name.contains(".thumbs-")), "{:?}", world.tree());
}

/// Killed at every call that leaves a trace on the disk, one after the other.
#[test]
fn killed_at_every_step() {
    if !has("strace") {
        return skip("strace is not installed");
    }
    let world = World::new();
    let old = picture(0);
    world.write("in/a.jpg", &old);
    world.run(&["in", "--in-place"]).ok();
    let new = world.read("in/a.jpg");
    let mut kills = 0;
    let calls = [
        "openat",
        "write",
        "fsync",
        "renameat2",
        "linkat",
        "unlink",
        "unlinkat",
        "fsetxattr",
        "utimensat",
        "fchmod",
        "fchown",
        "flock",
        "close",
        "mkdir",
    ];
    for backup in [&[][..], &["--backup", "old"]] {
        for call in calls {
            // Startup opens and closes the libraries; the last step is the one that is not reached.
            let step = if matches!(call, "openat" | "close") { 3 } else { 1 };
            for when in (1..400).step_by(step) {
                for name in ["in", "old"] {
                    let _ = fs::remove_dir_all(world.path(name));
                }
                world.write("in/a.jpg", &old);
                world.write("in/b.jpg", &old);
                let inject = format!("inject={call}:signal=KILL:when={when}");
                let trace = format!("trace={call}");
                let args = ["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, testenv::binary()];
                let args = [&args[..], &["in", "--in-place", "-j", "1"], backup].concat();
                let ran = world.finish(world.command("strace").args(args));
                for name in ["a.jpg", "b.jpg"] {
                    let now = world.read(format!("in/{name}"));
                    assert!(now == old || now == new, "{name} after {call} {when}");
                    if now == new && !backup.is_empty() {
                        assert!(world.read(format!("old/{name}")) == old, "{name} after {call} {when}");
                    }
                }
                if ran.code == Some(0) {
                    break;
                }
                kills += 1;
                let args = [&["in", "--in-place"], backup].concat();
                let ran = world.run(&args);
                assert_eq!(ran.code, Some(0), "after {call} {when}: {}", ran.stderr);
                for name in ["a.jpg", "b.jpg"] {
                    assert!(world.read(format!("in/{name}")) == new, "{name} after {call} {when}");
                    if !backup.is_empty() {
                        assert!(world.read(format!("old/{name}")) == old, "{name} after {call} {when}");
                    }
                }
                let expected = if backup.is_empty() { 2 } else { 4 };
                let left: Vec<_> = world.tree();
                assert_eq!(left.len(), expected, "after {call} {when}: {left:?}");
            }
        }
    }
    assert!(kills > 60, "{kills}");
}

#[test]
fn a_full_disk_loses_nothing() {
    if !root() {
        return skip("only root can mount a small disk");
    }
    let world = World::new();
    fs::create_dir(world.path("in")).unwrap();
    if world.shell("mount -t tmpfs -o size=4m tmpfs in").code != Some(0) {
        return skip("no tmpfs can be mounted");
    }
    let old = many(&world, 60);
    // What is left holds a few temporaries, fewer than a batch has.
    world.shell("dd if=/dev/zero of=in/fill bs=4k 2>/dev/null; truncate -s -24k in/fill");
    let ran = world.run(&["in", "--in-place"]);
    let made = new_ones(&world, &old);
    no_temporaries(&world);
    world.shell("rm in/fill; mount -o remount,size=20m in").ok();
    let again = world.run(&["in", "--in-place"]);
    let healed = new_ones(&world, &old);
    let left = world.tree().len();
    world.shell("umount in").ok();
    ran.code(3).says("No space left on device");
    assert!(made < 60, "{made}");
    again.ok();
    assert_eq!((healed, left), (60, 60));
}

#[test]
fn two_runs_at_once() {
    let world = World::new();
    let old = many(&world, 60);
    let args = |told: &'static str| ["in", "--in-place", "--report", told, "-j", "2"];
    let runs: Vec<_> = ["one", "two"].iter().map(|told| world.start(&args(told))).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(new_ones(&world, &old), 60);
    no_temporaries(&world);
    let done = |told: &str| report(&world.read(told)).iter().filter(|l| l["type"] == "done").count();
    assert_eq!(done("one") + done("two"), 60, "each by one of them");
}

/// A program that replaces the picture while it is compressed never loses what it wrote last.
#[test]
fn a_source_that_is_replaced_meanwhile_stays() {
    let world = World::new();
    let versions = [oddities::jpeg::grainy(300, 200, 97), oddities::jpeg::grainy(50, 40, 97)];
    let mut met = 0;
    for _ in 0..12 {
        world.write("in/a.jpg", &versions[0]);
        let mut run = world.start(&["in", "--in-place"]);
        let mut last = 0;
        while run.try_wait().unwrap().is_none() {
            last = 1 - last;
            world.write("next.jpg", &versions[last]);
            fs::rename(world.path("next.jpg"), world.path("in/a.jpg")).unwrap();
        }
        let ran = run.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{words}");
        met += u32::from(words.contains("changed while it was compressed"));
        let want = if last == 0 { (300, 200) } else { (50, 40) };
        assert_eq!(world.size("in/a.jpg"), want, "{words}");
        no_temporaries(&world);
    }
    assert!(met > 0, "the runs and the writer never met");
}

/// Rewritten in place, with the same size and time, as `rsync --inplace --times` may do.
#[test]
fn a_source_of_the_same_size_and_time_is_told_by_its_change_time_or_content() {
    let world = World::new();
    let stop = AtomicBool::new(false);
    let (first, mut second) = (picture(1), picture(1));
    let at = second.len() - 40;
    second[at] ^= 1;
    for _ in 0..6 {
        let path = world.write("in/a.jpg", &first);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::scope(|scope| {
            stop.store(false, Ordering::Relaxed);
            let writer = scope.spawn(|| {
                let mut last = &first;
                while !stop.load(Ordering::Relaxed) {
                    last = if last == &first { &second } else { &first };
                    let Ok(file) = fs::File::options().write(true).open(&path) else { continue };
                    let now = fs::metadata(&path).unwrap();
                    // What is compressed by now is not written over: this is about changes before that.
                    if now.len() != first.len() as u64 {
                        break;
                    }
                    std::os::unix::fs::FileExt::write_all_at(&file, last, 0).unwrap();
                    file.set_modified(time).unwrap();
                }
            });
            let ran = world.run(&["in", "--in-place"]);
            stop.store(true, Ordering::Relaxed);
            writer.join().unwrap();
            assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
        });
        assert_eq!(world.size("in/a.jpg"), (161, 120));
        no_temporaries(&world);
    }
}

#[test]
fn the_report_agrees_with_the_disk_also_after_a_signal() {
    let world = World::new();
    let old = many(&world, 90);
    let mut child = world.start(&["in", "--in-place", "--report", "told", "-j", "2"]);
    // Until the first batch stands.
    let begin = std::time::Instant::now();
    while new_ones(&world, &old) == 0 && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    let size = |name: &String| fs::metadata(world.path(name)).unwrap().len();
    let saved = || old.iter().map(|(name, before)| before.len() as u64 - size(name)).sum::<u64>();
    let (first, lines) = (saved(), report(&world.read("told")));
    let sum = lines.last().unwrap();
    let told = |sum: &serde_json::Value| sum["bytes_in"].as_u64().unwrap() - sum["bytes_out"].as_u64().unwrap();
    assert_eq!(told(sum), first);
    assert_eq!(sum["done"].as_u64().unwrap() as usize, new_ones(&world, &old));
    let ran = world.run(&["in", "--in-place", "--report", "told.csv", "-v"]);
    ran.ok();
    let table = String::from_utf8(world.read("told.csv")).unwrap();
    let savings = |row: &&str| row.split(',').nth(13).unwrap().parse::<u64>().unwrap();
    let of = |kind: &str| table.lines().filter(|row| row.starts_with(kind)).map(|row| savings(&row)).sum::<u64>();
    assert_eq!(of("done,"), saved() - first);
    for kind in ["format,", "folder,", "total,"] {
        assert_eq!(of(kind), saved() - first, "{kind}");
    }
    assert_eq!(new_ones(&world, &old), 90);
    no_temporaries(&world);
}

#[test]
fn sums_by_format_and_folder() {
    let world = World::new();
    let old = many(&world, 9);
    let ran = world.run(&["in", "--in-place", "--report", "told", "-v"]);
    ran.ok().says("JPEG: 9 pictures").says("in/00: 3 pictures").says("% saved");
    let lines = report(&world.read("told"));
    let sum = lines.last().unwrap();
    assert_eq!(sum["by_format"]["jpeg"]["pictures"], 9);
    assert_eq!(sum["by_format"]["jpeg"]["bytes_in"], sum["bytes_in"]);
    let folders = sum["by_folder"].as_array().unwrap();
    assert_eq!(folders.len(), 3);
    for folder in folders {
        let name = folder["folder"].as_str().unwrap();
        let within = old.iter().filter(|(path, _)| path.starts_with(&format!("{name}/")));
        let saved: i64 = within.map(|(path, before)| before.len() as i64 - world.read(path).len() as i64).sum();
        assert_eq!(folder["savings"].as_i64(), Some(saved), "{name}");
    }
    let done = line(&lines, "done", "001.jpg");
    let output = &done["outputs"][0];
    assert_eq!(
        output["savings"].as_i64().unwrap(),
        done["source_bytes"].as_i64().unwrap() - output["bytes"].as_i64().unwrap()
    );
    assert_eq!(output["quality"], 80);
    // A plan that was measured tells the same.
    let world = World::new();
    many(&world, 9);
    world.run(&["in", "--in-place", "-n", "--measure", "--report", "plan"]).ok();
    assert_eq!(report(&world.read("plan")).last().unwrap()["by_format"], sum["by_format"]);
}

#[test]
fn what_a_new_file_would_not_hold_stays() {
    let world = World::new();
    world.write("in/deep.png", &oddities::png::rgb16(120, 90));
    world.write("in/moving.png", &oddities::png::animated(40, 30));
    let motion = [picture(1), b"\0\0\0\x18ftypmp42 and a film".to_vec()].concat();
    world.write("in/motion.jpg", &motion);
    let padded = [picture(2), vec![0; 512]].concat();
    world.write("in/padded.jpg", &padded);
    let ran = world.run(&["in", "--in-place", "--min-savings", "0%", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    for (name, reason) in [("deep.png", "would-lose"), ("moving.png", "animated"), ("motion.jpg", "would-lose")] {
        assert_eq!(line(&lines, "skipped", name)["reason"], reason, "{name}");
    }
    line(&lines, "done", "padded.jpg");
    assert_eq!(world.read("in/motion.jpg"), motion);
    assert_eq!(world.read("in/deep.png"), oddities::png::rgb16(120, 90));
    // Who drops metadata does not ask for what lies behind the picture either.
    world.run(&["in/motion.jpg", "--in-place", "--metadata", "none"]).ok();
    assert!(world.read("in/motion.jpg").len() < picture(1).len());
}
