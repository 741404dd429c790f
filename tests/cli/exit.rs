//! Exit codes, signals, and readers that go away.

use crate::testenv::{Ran, World};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn all_good_is_0_and_some_bad_is_1() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg"]).code(0);
    world.write("bad.jpg", b"words");
    world.run(&["a.jpg", "bad.jpg"]).code(1);
    world.run(&["bad.jpg"]).code(1);
}

#[test]
fn everything_skipped_is_0() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "-o", "out"]).code(0);
    world.run(&["a.jpg", "-o", "out", "--existing", "skip"]).code(0);
}

#[test]
fn a_usage_error_writes_nothing() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "--no-such-option"]).code(2).says("--no-such-option");
    world.run(&["a.jpg", "-o", "out", "-f", "no-such"]).code(2);
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn a_destination_that_cannot_be_is_no_success() {
    let world = World::with(&["a.jpg"]);
    world.write("file", b"precious");
    let ran = world.run(&["a.jpg", "-o", "file/"]);
    assert!(matches!(ran.code, Some(1..=3)), "{:?}: {}", ran.code, ran.stderr);
    let ran = world.run(&["a.jpg", "-o", "file/below"]);
    assert!(matches!(ran.code, Some(1..=3)), "{:?}: {}", ran.code, ran.stderr);
    assert_eq!(world.read("file"), b"precious");
    world.no_leftovers(&["a.jpg", "file"]);
}

#[test]
fn a_full_artifact_pipe_is_3() {
    let world = World::with(&["a.jpg"]);
    world.shell("\"$thumbs\" a.jpg -o - > /dev/full").code(3);
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn a_reader_of_pictures_that_leaves_is_3() {
    let world = World::new();
    world.write("a.png", &oddities::jpeg::grainy(1500, 1200, 95));
    // true never reads; 500 kB do not fit into the pipe.
    let ran = world.shell("{ \"$thumbs\" a.png -s original -f png -o -; echo $? > code; } | true");
    assert_eq!(String::from_utf8_lossy(&world.read("code")).trim(), "3", "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_reader_of_names_that_leaves_is_no_error() {
    let world = World::new();
    for at in 0..100 {
        world.sized(format!("in/{at}.jpg"), 32, 32);
    }
    for how in ["--print", "--report -"] {
        let ran = world.shell(&format!("{{ \"$thumbs\" in -o out {how}; echo $? > code; }} | head -n 1 >/dev/null"));
        assert_eq!(String::from_utf8_lossy(&world.read("code")).trim(), "0", "{how}: {}", ran.stderr);
        assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 100, "{how}: the work went on");
        fs::remove_dir_all(world.path("out")).unwrap();
    }
}

#[test]
fn closed_or_full_streams_do_not_stop_the_work() {
    let world = World::with(&["in/a.jpg"]);
    world.write("in/bad.jpg", b"words");
    for how in ["<&- >&- 2>&-", "2>&-", "2>/dev/full", ">&- --print", ">/dev/full --print", ">&-", "<&-"] {
        let _ = fs::remove_dir_all(world.path("out"));
        let ran = world.shell(&format!("\"$thumbs\" in -o out --progress always {how}"));
        ran.code(1).never_says("panicked");
        assert!(world.exists("out/a.jpg"), "{how}");
        world.no_leftovers(&["in/a.jpg", "in/bad.jpg", "out/a.jpg"]);
    }
}

/// Starts a long run, waits until its first output stands, sends a signal and waits for the end.
fn interrupted(signal: &str) -> (World, Ran) {
    let world = World::new();
    let picture = oddities::jpeg::grainy(600, 400, 90);
    for at in 0..400 {
        world.write(format!("in/{at:04}.jpg"), &picture);
    }
    let mut child = world
        .thumbs()
        .args(["in", "-o", "out", "-j2", "--print", "--report", "r.ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    let drained = std::thread::spawn(move || lines.lines().map_while(Result::ok).count());
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "the run ended before the signal");
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    drained.join().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(30), "it took too long to end");
    (world, Ran::from(output))
}

#[test]
fn signals_end_the_run_cleanly_and_are_raised_again() {
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let (world, ran) = interrupted(signal);
        assert_eq!(ran.signal, Some(number), "{signal}: code {:?}, {}", ran.code, ran.stderr);
        let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
        assert!(!made.is_empty() && made.len() < 400, "{} outputs", made.len());
        for name in &made {
            assert!(name.ends_with(".jpg") && !name.contains("/."), "{name} is left over");
            assert_eq!(world.size(name), (600, 400), "{name} is whole");
        }
        let text = world.read("r.ndjson");
        let done = crate::testenv::report(&text).iter().filter(|l| l["type"] == "done").count();
        assert_eq!(done, made.len(), "the report tells what was made");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let world = World::new();
    // Nobody reads, and a pipe does not hold it, so the run cannot end by itself.
    world.write("a.jpg", &oddities::jpeg::grainy(1200, 900, 95));
    let mut child = world
        .thumbs()
        .args(["a.jpg", "-f", "png", "-s", "original", "-o", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    let kill = |id: u32| Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(kill(child.id()).success());
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "one signal lets it finish what it does");
    let begin = Instant::now();
    assert!(kill(child.id()).success());
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(world.tree(), ["a.jpg"]);
}

#[test]
fn a_kill_leaves_only_whole_files_and_the_next_run_heals() {
    let (world, ran) = interrupted("-KILL");
    assert_eq!(ran.signal, Some(9));
    let whole = |name: &String| name.ends_with(".jpg") && !name.contains("/.");
    let (made, others): (Vec<_>, Vec<_>) = world.tree().into_iter().filter(|f| f.starts_with("out/")).partition(whole);
    for name in &made {
        assert_eq!(world.size(name), (600, 400), "{name} is whole");
    }
    assert!(others.len() <= 8, "only what was being written: {others:?}");
    world.run(&["in", "-o", "out"]).ok();
    let after: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
    assert_eq!(after.len(), 400, "{:?}", after.iter().filter(|f| !whole(f)).collect::<Vec<_>>());
}
