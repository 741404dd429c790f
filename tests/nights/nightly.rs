//! The nightly job: `--update` and what belongs to it, by the built binary.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use crate::nights::{STATE, count, counts, many, night, outputs, rows, settle, stamp};
use crate::testenv::{World, has, line, report, skip};
use rusqlite::Connection;
use serde_json::Value;

#[test]
fn five_nights() {
    let world = World::with(&["in/a.jpg", "in/b.png", "in/sub/c.jpg", "in/sub/deep/f.webp"]);
    world.write("in/note.txt", b"no picture");
    let whole = world.read("in/a.jpg");
    world.write("in/broken.jpg", &whole[..whole.len() / 2]);
    settle();

    // The first: everything is made, and one fails.
    let (ran, lines) = night(&world, &[]);
    ran.code(1).says("broken.jpg");
    assert_eq!(counts(&lines), (4, 0, 1));
    let all = ["a.jpg", "b.png", "sub/c.jpg", "sub/deep/f.webp"];
    assert_eq!(outputs(&world), all);
    assert_eq!(rows(&world, "SELECT count(*) FROM sources WHERE kind = 0"), 4);
    assert_eq!(rows(&world, "SELECT count(*) FROM sources WHERE kind = 1"), 1);
    assert_eq!(rows(&world, "SELECT count(*) FROM sources WHERE kind = 2"), 1);
    let before = all.map(|name| stamp(&world, &format!("out/{name}")));

    // The second: nothing changed, nothing is written, nothing is said.
    let (ran, lines) = night(&world, &[]);
    ran.ok();
    assert_eq!(ran.stderr, "");
    assert_eq!(counts(&lines), (0, 5, 0));
    assert_eq!(count(&lines, "failed_before"), 1);
    assert_eq!(line(&lines, "skipped", "broken.jpg")["reason"], "failed-before");
    assert_eq!(line(&lines, "skipped", "a.jpg")["reason"], "up-to-date");
    assert_eq!(all.map(|name| stamp(&world, &format!("out/{name}"))), before);

    // The third: one changed, one came, one went, one moved, one was replaced by an older one.
    world.sized("in/b.png", 80, 80);
    world.picture("in/d.jpg");
    fs::remove_file(world.path("in/a.jpg")).unwrap();
    fs::rename(world.path("in/sub/deep/f.webp"), world.path("in/g.webp")).unwrap();
    fs::remove_dir(world.path("in/sub/deep")).unwrap();
    let old = world.sized("in/sub/c.jpg", 64, 64);
    let year = Duration::from_secs(365 * 86_400);
    File::options().write(true).open(old).unwrap().set_modified(SystemTime::now() - year).unwrap();
    settle();
    let (ran, _) = night(&world, &["--prune", "-n"]);
    ran.ok();
    assert!(ran.text().contains("remove ") && ran.text().contains("a.jpg"), "{}", ran.text());
    assert_eq!(outputs(&world), all, "a dry run removes nothing");
    let (ran, lines) = night(&world, &["--prune"]);
    ran.ok();
    assert_eq!(counts(&lines), (4, 1, 0), "{lines:#?}");
    assert_eq!(count(&lines, "pruned"), 2);
    assert_eq!(outputs(&world), ["b.png", "d.jpg", "g.webp", "sub/c.jpg"]);
    assert!(!world.exists("out/sub/deep"), "a directory that we made and emptied is removed");
    assert_eq!(world.size("out/sub/c.jpg"), (48, 48));
    assert_eq!(rows(&world, "SELECT count(*) FROM sources WHERE kind = 0"), 4);

    // The fourth: other options make everything again, and the same ones nothing.
    let (ran, lines) = night(&world, &["-q", "40"]);
    ran.code(1);
    assert_eq!(counts(&lines), (4, 0, 1));
    let (ran, lines) = night(&world, &["-q", "40"]);
    ran.ok();
    assert_eq!(counts(&lines), (0, 5, 0));

    // The fifth: the damaged one is whole again, another is damaged, and the job is killed in the middle.
    world.write("in/broken.jpg", &whole);
    world.write("in/d.jpg", &whole[..whole.len() / 3]);
    many(&world, "in/many", 60, 600);
    settle();
    let mut child = world.start(&["in", "-o", "out/", "-s", "48", "-u", "-q", "40"]);
    let begin = Instant::now();
    while !world.exists("out/many") && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (ran, lines) = night(&world, &["-q", "40"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(line(&lines, "failed", "d.jpg")["stage"], "decode");
    assert_eq!(outputs(&world).len(), 65, "all are there, no temporary is: {:?}", outputs(&world));
    for name in outputs(&world) {
        assert!(world.size(format!("out/{name}")).0 <= 48, "{name} is whole");
    }
    let (ran, lines) = night(&world, &["-q", "40"]);
    ran.ok();
    assert_eq!(counts(&lines), (0, 65, 0));
    assert_eq!(count(&lines, "failed_before"), 1);
    let (ran, _) = night(&world, &["-q", "40", "--retry-failed"]);
    ran.code(1).says("d.jpg");
}

#[test]
fn a_quiet_night_opens_nothing() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    world.write("in/note.txt", b"no picture");
    world.write("in/bad.jpg", b"nor this");
    if !has("strace") {
        return skip("strace is not installed");
    }
    settle();
    night(&world, &[]).0.code(1);
    let script = "strace -f -o trace -e trace=open,openat \"$thumbs\" in -o out/ -s 48 -u";
    world.shell(script).ok();
    let trace = String::from_utf8_lossy(&world.read("trace")).into_owned();
    let opened: Vec<&str> = trace.lines().filter(|l| l.contains("in/") && !l.contains("O_DIRECTORY")).collect();
    let opened: Vec<_> =
        opened.iter().filter(|l| ["a.jpg", "b.jpg", "note.txt", "bad.jpg"].iter().any(|n| l.contains(n))).collect();
    assert!(opened.is_empty(), "{opened:#?}");
}

#[test]
fn contents_decide_where_times_cannot() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    settle();
    night(&world, &[]).0.ok();
    let before = stamp(&world, "out/a.jpg");
    // Only the inode change time differs.
    world.shell("chmod 600 in/a.jpg").ok();
    let (_, lines) = night(&world, &[]);
    assert_eq!(counts(&lines), (0, 2, 0));
    // The time differs, the content does not.
    File::options().write(true).open(world.path("in/a.jpg")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let (_, lines) = night(&world, &["--checksum"]);
    assert_eq!(counts(&lines), (0, 2, 0));
    assert_eq!(stamp(&world, "out/a.jpg"), before);
    // The content differs, size and time do not.
    let mut bytes = world.read("in/b.jpg");
    let time = fs::metadata(world.path("in/b.jpg")).unwrap().modified().unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    world.write("in/b.jpg", &bytes);
    File::options().write(true).open(world.path("in/b.jpg")).unwrap().set_modified(time).unwrap();
    let (_, lines) = night(&world, &[]);
    assert_eq!((count(&lines, "skipped"), count(&lines, "done") + count(&lines, "failed")), (1, 1));
}

#[test]
fn only_what_is_missing_is_made() {
    let world = World::new();
    world.sized("in/a.jpg", 1600, 1200);
    world.sized("in/b.jpg", 1600, 1200);
    settle();
    let run = |more: &[&str]| night(&world, &[&["--name", "{stem}-{width}.{ext}"], more].concat());
    run(&["-s", "40"]).0.ok();
    let small = stamp(&world, "out/a-48.jpg");
    // A smaller size: what stands was decoded at the scale that is still used.
    let (ran, lines) = run(&["-s", "20"]);
    ran.ok();
    assert_eq!(count(&lines, "outputs"), 2, "{lines:#?}");
    assert_eq!(stamp(&world, "out/a-48.jpg"), small);
    // A removed output is made again, and nothing else.
    fs::remove_file(world.path("out/b-48.jpg")).unwrap();
    let (_, lines) = run(&["-s", "20"]);
    assert_eq!((count(&lines, "done"), count(&lines, "skipped"), count(&lines, "outputs")), (1, 1, 1));
    assert_eq!(stamp(&world, "out/a-48.jpg"), small);
}

#[test]
fn nothing_of_others_is_pruned() {
    let world = World::with(&["in/a.jpg", "in/b.jpg", "in/c.jpg"]);
    settle();
    night(&world, &[]).0.ok();
    world.write("out/mine.jpg", b"mine");
    world.write("out/b.jpg", b"also mine by now");
    fs::remove_file(world.path("in/a.jpg")).unwrap();
    fs::remove_file(world.path("in/b.jpg")).unwrap();
    let (ran, lines) = night(&world, &["--prune", "--exclude", "c.jpg"]);
    ran.ok();
    // Nothing was found, but a known file still stands, so the disk is there.
    assert_eq!(count(&lines, "pruned"), 1, "{lines:#?}");
    let (ran, lines) = night(&world, &["--prune"]);
    ran.ok();
    assert_eq!(count(&lines, "pruned"), 0);
    assert_eq!(outputs(&world), ["b.jpg", "c.jpg", "mine.jpg"]);
}

#[test]
fn a_disk_that_is_not_mounted_prunes_nothing() {
    let world = World::with(&["in/a.jpg", "in/b.jpg", "in/c.jpg"]);
    settle();
    night(&world, &[]).0.ok();
    fs::rename(world.path("in"), world.path("away")).unwrap();
    let (ran, _) = night(&world, &["--prune"]);
    ran.code(3).says("--prune-all");
    fs::create_dir(world.path("in")).unwrap();
    let (ran, _) = night(&world, &["--prune"]);
    ran.code(3).says("holds nothing");
    assert_eq!(outputs(&world).len(), 3);
    night(&world, &["--prune-all"]).0.ok();
    assert_eq!(outputs(&world).len(), 0);
}

#[test]
fn the_state_moves_with_its_trees() {
    let world = World::with(&["one/in/a.jpg"]);
    settle();
    let run = |dir: &str| {
        let (input, output) = (format!("{dir}/in"), format!("{dir}/out/"));
        world.run(&[&input, "-o", &output, "-u", "--report", "-"])
    };
    run("one").ok();
    fs::rename(world.path("one"), world.path("two")).unwrap();
    assert_eq!(counts(&report(&run("two").ok().stdout)), (0, 1, 0));
}

#[test]
fn usage() {
    let world = World::with(&["in/a.jpg", "b.jpg"]);
    world.run(&["in", "-u", "-o", "-"]).code(2);
    world.run(&["in/a.jpg", "-u", "-o", "x.jpg"]).code(2);
    world.run(&["in/a.jpg", "b.jpg", "-u"]).code(2).says("--state");
    world.run(&["in", "--prune"]).code(2).says("--update");
    world.run(&["in", "-u", "-s", "48"]).ok();
    assert!(world.exists("in/.thumbs-state.sqlite") && world.exists("in/a_thumb.jpg"));
    world.run(&["in/a.jpg", "b.jpg", "-u", "--state", "s", "-s", "48"]).ok();
    world.run(&["in", "--timeout", "x"]).code(2);
}

#[test]
fn a_state_that_is_none_is_refused() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    world.write(STATE, b"something else entirely, and long enough to be no empty database");
    night(&world, &[]).0.code(2).says("not a state file");
    assert_eq!(outputs(&world).len(), 0);
    fs::remove_file(world.path(STATE)).unwrap();
    Connection::open(world.path(STATE)).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    night(&world, &[]).0.code(2).says("not a state file");
    fs::remove_file(world.path(STATE)).unwrap();
    settle();
    night(&world, &[]).0.ok();
    Connection::open(world.path(STATE)).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    night(&world, &[]).0.code(2).says("newer version");
    // Cut in the middle.
    let bytes = world.read(STATE);
    fs::write(world.path(STATE), &bytes[..bytes.len() / 2]).unwrap();
    let (ran, _) = night(&world, &[]);
    assert!(matches!(ran.code, Some(2 | 3)), "{:?}", ran.code);
    ran.says("damaged").says("move it away");
}

#[test]
fn one_run_at_a_time() {
    let world = World::with(&["in/a.jpg"]);
    night(&world, &[]).0.ok();
    let lock = File::options().write(true).open(world.path(format!("{STATE}.lock"))).unwrap();
    lock.lock().unwrap();
    night(&world, &[]).0.code(75).says("pid ").says("started ");
    let (ran, lines) = night(&world, &["--lock", "skip"]);
    ran.ok();
    assert!(lines.is_empty() && ran.stderr.is_empty());
    let mut child = world.start(&["in", "-o", "out/", "-u", "--lock", "wait"]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    drop(lock);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_signal_leaves_all_in_order() {
    let world = World::new();
    many(&world, "in", 80, 800);
    settle();
    let mut child = world.start(&["in", "-o", "out/", "-s", "48", "-u"]);
    std::thread::sleep(Duration::from_millis(400));
    world.shell(&format!("kill -TERM {}", child.id())).ok();
    let status = child.wait().unwrap();
    let made = outputs(&world);
    assert!(made.iter().all(|name| name.ends_with(".jpg") && !name.starts_with('.')), "{made:?}");
    if status.success() {
        return skip("it was done before the signal came");
    }
    assert_eq!(rows(&world, "SELECT count(*) FROM outputs"), made.len() as i64, "all that stands is known");
    let (ran, lines) = night(&world, &[]);
    ran.ok();
    assert_eq!(counts(&lines), (80 - made.len() as u64, made.len() as u64, 0));
}

#[test]
fn out_of_time_goes_on_the_next_night() {
    let world = World::new();
    many(&world, "in", 40, 3000);
    settle();
    let (ran, first) = night(&world, &["--max-time", "0.1", "-j", "1"]);
    ran.code(4).says("out of time").says("inputs left");
    assert_eq!(count(&first, "left") + count(&first, "done"), 40);
    let (ran, second) = night(&world, &[]);
    ran.ok();
    assert_eq!(count(&first, "done") + count(&second, "done"), 40);
    assert_eq!(count(&second, "skipped"), count(&first, "done"));
}

#[test]
fn a_picture_has_its_time() {
    let world = World::new();
    world.sized("in/a.png", 4000, 3000);
    settle();
    let (ran, lines) = night(&world, &["--timeout", "0.001"]);
    ran.code(1).says("--timeout");
    assert_eq!(counts(&lines), (0, 0, 1));
    // Remembered, until it gets more time.
    assert_eq!(counts(&night(&world, &["--timeout", "0.001"]).1), (0, 1, 0));
    assert_eq!(counts(&night(&world, &["--timeout", "100"]).1), (1, 0, 0));
}

#[test]
fn numbers_and_messages_for_operators() {
    let world = World::with(&["in/a.jpg"]);
    world.write("in/bad.jpg", b"bad");
    let (ran, _) = night(&world, &["--metrics", "thumbs.prom", "--log-format", "json"]);
    ran.code(1);
    for line in ran.stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["message"].is_string());
    }
    let text = String::from_utf8(world.read("thumbs.prom")).unwrap();
    assert!(text.contains("thumbs_inputs{result=\"done\"} 1\n") && text.contains("thumbs_exit_status 1\n"), "{text}");
    assert!(!text.contains("last_success"));
    night(&world, &["--metrics", "thumbs.prom"]).0.ok();
    let text = String::from_utf8(world.read("thumbs.prom")).unwrap();
    assert!(text.contains("thumbs_last_success_timestamp_seconds 1"), "{text}");
    // As systemd would start it.
    let file = File::create(world.path("journal")).unwrap();
    let m = file.metadata().unwrap();
    let mut command = world.thumbs();
    command.args(["missing.jpg", "-o", "out/"]).env("JOURNAL_STREAM", format!("{}:{}", m.dev(), m.ino()));
    command.stderr(Stdio::from(file)).status().unwrap();
    assert!(String::from_utf8(world.read("journal")).unwrap().starts_with("<3>thumbs: "));
}

#[test]
fn stale_temporaries_go() {
    let world = World::with(&["in/a.jpg"]);
    world.write("out/.thumbs-1234-0.tmp", b"half");
    world.write("out/.thumbs-mine", b"whole");
    night(&world, &[]).0.ok();
    assert_eq!(outputs(&world), [".thumbs-mine", "a.jpg"]);
}
