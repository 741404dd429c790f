//! What is said, where, and how.

use crate::testenv::{World, has, line, report, skip};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

#[test]
fn silence_when_all_is_well_and_nobody_looks() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg"]);
    ran.ok();
    assert!(ran.stdout.is_empty());
    assert_eq!(ran.stderr, "", "cron sends what is printed");
}

#[test]
fn never_an_escape_or_a_carriage_return_without_a_terminal() {
    let world = World::with(&["a.jpg"]);
    world.write("bad.jpg", b"words");
    for args in [&["a.jpg", "bad.jpg"][..], &["a.jpg", "bad.jpg", "-v"], &["--help"], &["--no-such"], &["a.jpg", "-n"]]
    {
        let ran = world.run(args);
        let all = [ran.stderr.as_bytes(), &ran.stdout].concat();
        assert!(!all.contains(&0x1b) && !all.contains(&b'\r'), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn failures_are_named_with_a_reason_and_counted() {
    let world = World::with(&["a.jpg"]);
    world.write("bad.jpg", b"words");
    for args in [&["a.jpg", "bad.jpg"][..], &["a.jpg", "bad.jpg", "--quiet"]] {
        let ran = world.run(args);
        ran.code(1).says("bad.jpg");
        let named = ran.stderr.lines().find(|l| l.contains("bad.jpg")).unwrap();
        assert!(named.len() > "bad.jpg: ".len() + 5, "a reason is given: {named}");
    }
    let last = world.run(&["a.jpg", "bad.jpg"]).stderr;
    let last = last.lines().last().unwrap().to_owned();
    assert!(last.contains("1 done") && last.contains("1 failed"), "{last}");
}

#[test]
fn verbose_says_where_the_time_went() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg", "-v"]);
    for word in ["read", "decod", "resiz", "encod", "writ"] {
        ran.ok().says(word);
    }
}

#[test]
fn progress_as_asked_for() {
    let world = World::with(&["a.jpg"]);
    assert_eq!(world.run(&["a.jpg", "--progress", "never"]).ok().stderr, "");
    assert_eq!(world.run(&["a.jpg", "--progress", "auto"]).ok().stderr, "");
    let always = world.run(&["a.jpg", "--progress", "always"]);
    assert!(always.ok().stderr.contains("1 done") && !always.stderr.contains('\r'), "{:?}", always.stderr);
    world.run(&["a.jpg", "--progress", "sometimes"]).code(2);
}

#[test]
fn color_as_asked_for() {
    let world = World::new();
    world.write("bad.jpg", b"words");
    let escapes = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = world.thumbs();
        command.arg("bad.jpg").args(args).envs(env.iter().copied());
        world.finish(&mut command).code(1).stderr.contains('\x1b')
    };
    assert!(!escapes(&[], &[]));
    assert!(escapes(&["--color", "always"], &[]));
    assert!(!escapes(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(escapes(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(escapes(&["--color", "always"], &[("NO_COLOR", "1")]), "what is typed beats what is set");
}

#[test]
fn print_writes_the_path_of_every_output() {
    let world = World::with(&["in/a.jpg", "in/b.png"]);
    let ran = world.run(&["in", "-o", "out", "-s", "10,20", "--print"]);
    assert_eq!(ran.ok().lines(), ["out/a_10.jpg", "out/a_20.jpg", "out/b_10.png", "out/b_20.png"]);
    for flag in ["-0", "--print0"] {
        let ran = world.run(&["in", "-o", "out", flag]);
        let mut names: Vec<_> = ran.ok().stdout.split(|b| *b == 0).collect();
        assert_eq!(names.pop(), Some(&b""[..]), "each name ends in NUL");
        names.sort();
        assert_eq!(names, [&b"out/a.jpg"[..], b"out/b.png"]);
    }
}

#[test]
fn printed_names_are_raw_bytes() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9\nx.jpg");
    world.picture(name);
    let ran = world.run(&[name, OsStr::new("-o"), OsStr::new("out"), OsStr::new("-0")]);
    assert_eq!(ran.ok().stdout, b"out/caf\xe9\nx.jpg\0");
}

#[test]
fn only_finished_outputs_are_printed() {
    let world = World::with(&["a.jpg"]);
    world.write("bad.jpg", b"words");
    assert_eq!(world.run(&["a.jpg", "bad.jpg", "--print"]).code(1).lines(), ["a_thumb.jpg"]);
}

#[test]
fn a_report_has_a_line_for_everything() {
    let world = World::new();
    world.sized("a.jpg", 1600, 1200);
    world.sized("a_thumb.jpg", 160, 120);
    world.write("bad.jpg", b"words");
    world.run(&["a.jpg", "a_thumb.jpg", "bad.jpg", "--report", "r.ndjson"]).code(1);
    let lines = report(&world.read("r.ndjson"));
    assert_eq!(lines.len(), 4);

    let done = line(&lines, "done", "a.jpg");
    assert_eq!(done["source_format"], "jpeg");
    assert_eq!((done["source_width"].as_u64(), done["source_height"].as_u64()), (Some(1600), Some(1200)));
    assert_eq!(done["source_bytes"].as_u64(), Some(world.read("a.jpg").len() as u64));
    assert!(done["shrink"].as_f64().is_some_and(|s| s >= 1.0) && done["ms"].as_f64().is_some());
    let output = &done["outputs"][0];
    assert_eq!((output["path"].as_str(), output["format"].as_str()), (Some("a_thumb.jpg"), Some("jpeg")));
    assert_eq!((output["width"].as_u64(), output["height"].as_u64()), (Some(800), Some(600)));
    assert_eq!(output["bytes"].as_u64(), Some(world.read("a_thumb.jpg").len() as u64));

    assert_eq!(line(&lines, "skipped", "a_thumb.jpg")["reason"], "own-output");
    let failed = line(&lines, "failed", "bad.jpg");
    assert!(failed["stage"].is_string() && failed["error"].as_str().is_some_and(|e| e.len() > 5));

    let summary = lines.last().unwrap();
    assert_eq!(summary["type"], "summary");
    for (field, value) in [("done", 1), ("skipped", 1), ("failed", 1), ("outputs", 1)] {
        assert_eq!(summary[field].as_u64(), Some(value), "{field}");
    }
    assert_eq!(summary["bytes_out"], output["bytes"]);
    assert!(summary["bytes_in"].as_u64().is_some_and(|b| b >= done["source_bytes"].as_u64().unwrap()));
    assert!(summary["seconds"].as_f64().is_some());
}

#[test]
fn a_report_goes_to_standard_output_too() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    assert_eq!((lines.len(), lines[0]["type"].as_str()), (2, Some("done")));
}

#[test]
fn a_compressed_report_holds_the_same() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.run(&["a.jpg", "b.jpg", "--report", "r.gz"]).ok();
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&world.read("r.gz")[..]).read_to_end(&mut text).expect("gzip");
    assert_eq!(report(&text).len(), 3);
    world.run(&["a.jpg", "b.jpg", "--report", "r.zst"]).ok();
    assert!(world.read("r.zst").starts_with(b"\x28\xb5\x2f\xfd"));
    if has("zstd") {
        let ran = world.shell("zstd -dc r.zst");
        assert_eq!(report(&ran.ok().stdout).len(), 3);
    } else {
        skip("there is no zstd to read r.zst back");
    }
}

#[test]
fn a_path_that_is_not_utf8_is_base64_in_a_report() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9.jpg");
    world.picture(name);
    let ran = world.run(&[name, OsStr::new("--report"), OsStr::new("-")]);
    let lines = report(&ran.ok().stdout);
    assert_eq!(lines[0]["source"]["bytes"], "Y2Fm6S5qcGc=");
    assert_eq!(lines[0]["outputs"][0]["path"]["bytes"], "Y2Fm6V90aHVtYi5qcGc=");
}

#[test]
fn a_report_says_what_a_picture_lost() {
    let world = World::new();
    world.write("moving.webp", &oddities::webp::animated(96, 64));
    world.write("moving.png", &oddities::png::animated(96, 64));
    world.write("clear.png", &oddities::png::rgba(96, 64));
    let ran = world.run(&[".", "-f", "jpeg", "--name", "{name}.{ext}", "-o", "out", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    for (source, word) in [("moving.webp", "anim"), ("moving.png", "anim"), ("clear.png", "alpha")] {
        let text = line(&lines, "done", source).to_string();
        assert!(text.contains(word), "{source}: {text}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_known_at_once() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg", "--report", "no/such/folder/r.ndjson"]);
    ran.code(2).says("no/such/folder");
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn hostile_names_are_escaped_for_people() {
    let world = World::new();
    for name in [&b"\x1b[31mred.jpg"[..], b"two\nlines.jpg", b"over\rwrite.jpg", b"bell\x07.jpg"] {
        world.write(OsStr::from_bytes(name), b"words");
        let ran = world.run(&[OsStr::from_bytes(name)]);
        let said = ran.code(1).stderr.replace('\n', "");
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }
}

/// Runs under a terminal of its own and returns all that the terminal got.
fn on_a_terminal(world: &World, script: &str) -> Option<String> {
    if !has("script") {
        skip("there is no script(1) to make a terminal");
        return None;
    }
    let ran = world.shell(&format!("script -qec '{script}' /dev/null </dev/null"));
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn a_terminal_shows_progress_and_a_last_line() {
    let world = World::with(&["a.jpg"]);
    let Some(seen) = on_a_terminal(&world, "\"$thumbs\" a.jpg") else { return };
    assert!(seen.contains("1 done"), "{seen:?}");
    let Some(seen) = on_a_terminal(&world, "\"$thumbs\" a.jpg --quiet") else { return };
    assert!(!seen.contains("done"), "{seen:?}");
}

#[test]
fn pictures_are_refused_on_a_terminal() {
    let world = World::with(&["a.jpg"]);
    let Some(seen) = on_a_terminal(&world, "\"$thumbs\" a.jpg -o -; echo code=$?") else { return };
    assert!(seen.contains("code=2") && seen.contains("terminal"), "{seen:?}");
}

#[test]
fn names_are_escaped_on_a_terminal() {
    let world = World::new();
    world.picture(OsStr::from_bytes(b"\x1b[2Jx.jpg"));
    let Some(seen) = on_a_terminal(&world, "\"$thumbs\" . -o out -n; \"$thumbs\" . -o out --print") else { return };
    assert!(!seen.contains("\x1b[2Jx"), "{seen:?}");
}

#[test]
fn help_and_version() {
    let world = World::new();
    let help = world.run(&["--help"]);
    let text = help.ok().text();
    assert_eq!(help.stderr, "");
    insta::assert_snapshot!("help", text);
    let version = world.run(&["--version"]).ok().text();
    assert_eq!(version.trim(), format!("thumbs {}", env!("CARGO_PKG_VERSION")));
    let short = world.run(&["-h"]).ok().text();
    assert!(short.len() <= text.len());
}
