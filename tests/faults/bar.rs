//! The progress bar as a terminal shows it, and the lines in its place where there is none.

use crate::testenv::{World, has, skip};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// As many pictures in `in`, each of which takes some time.
fn slow(count: usize) -> World {
    let world = World::new();
    let first = world.write("in/000.jpg", &oddities::jpeg::grainy(1500, 1200, 90));
    for at in 1..count {
        fs::hard_link(&first, world.path(format!("in/{at:03}.jpg"))).expect("a link");
    }
    world
}

/// All that a terminal of so many columns gets from a script.
fn on_a_terminal(world: &World, columns: usize, script: &str) -> Option<String> {
    if !has("script") || !has("stty") {
        skip("there is no script(1) to make a terminal");
        return None;
    }
    let ran = world.shell(&format!("script -qec 'stty cols {columns}; {script}' /dev/null </dev/null"));
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// What the terminal shows in the end.
fn screen(columns: usize, bytes: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    let mut chars = bytes.chars();
    while let Some(c) = chars.next() {
        let last = lines.last_mut().expect("a line");
        match c {
            '\r' => at = 0,
            // The terminal driver has put a carriage return before it.
            '\n' => lines.push(Vec::new()),
            '\x1b' => {
                assert_eq!((chars.next(), chars.next()), (Some('['), Some('K')), "an escape that only erases");
                last.truncate(at);
            }
            c => {
                if at == columns {
                    lines.push(Vec::new());
                    at = 0;
                }
                let last = lines.last_mut().expect("a line");
                last.resize(last.len().max(at + 1), ' ');
                last[at] = c;
                at += 1;
            }
        }
    }
    let text = |line: Vec<char>| line.into_iter().collect::<String>();
    lines.into_iter().map(text).map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The counts that a bar went through.
fn counts(bytes: &str, total: usize) -> Vec<usize> {
    let end = format!("/{total}");
    let words = bytes.split(|c: char| c.is_whitespace() || c == '\x1b').filter_map(|word| word.strip_suffix(&end));
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn a_bar_never_wraps_and_leaves_nothing() {
    let world = slow(4);
    world.write("in/bad.jpg", b"words");
    for columns in [200, 80, 60, 40, 20, 10] {
        let script = "\"$thumbs\" in -s 1000 -o out -j1 --existing replace --color never";
        let Some(seen) = on_a_terminal(&world, columns, script) else { return };
        assert!(seen.contains("/5"), "{columns}: a bar is drawn: {seen:?}");
        for drawn in seen.split(['\r', '\n']).filter(|part| part.contains("/5")) {
            let drawn = drawn.trim_end_matches("\x1b[K");
            assert!(drawn.len() <= columns - 4, "{columns}: {drawn:?}");
        }
        let shown = screen(columns, &seen).concat().replace(' ', "");
        assert!(shown.starts_with("thumbs:in/bad.jpg:failed:") && shown.contains("4done"), "{columns}: {shown:?}");
        assert!(!shown.contains("/5") && !shown.contains("ETA"), "{columns}: {shown:?}");
    }
}

#[test]
fn names_and_the_bar_share_a_terminal() {
    let world = slow(6);
    for (option, first) in [("--print", "out/000.jpg"), ("--report -", "{\"type\":\"done\""), ("-n", "in/000.jpg ->")] {
        let script = format!("\"$thumbs\" in -s 1000 -o out -j1 --existing replace {option}");
        let Some(seen) = on_a_terminal(&world, 2000, &script) else { return };
        let shown = screen(2000, &seen);
        assert!(shown.first().is_some_and(|line| line.starts_with(first)), "{shown:?}");
        assert!(shown.iter().all(|line| !line.contains("ETA") && !line.contains(" 6/6")), "{shown:?}");
        let names = shown.iter().filter(|line| line.contains("out/00")).count();
        assert_eq!(names, 6, "each name has a line of its own: {shown:?}");
    }
}

#[test]
fn an_interrupt_leaves_nothing_of_the_bar() {
    let world = slow(200);
    for more in ["", "--print", "-u", "--print -u"] {
        let _ = fs::remove_dir_all(world.path("out"));
        // As a terminal does it: it shows ^C, then sends the signal.
        let script = format!(
            "\"$thumbs\" in -s 1000 -o out -j1 {more} & until [ -d out ]; do sleep 0.01; done; sleep 0.3; \
             printf ^C; kill -INT $!; wait $!"
        );
        let Some(seen) = on_a_terminal(&world, 60, &script) else { return };
        let shown = screen(60, &seen);
        let interrupted = shown.iter().filter(|line| *line == "thumbs: interrupted; once more ends at once").count();
        assert_eq!(interrupted, 1, "{more}: {shown:?}");
        assert!(shown.iter().all(|line| !line.contains("ETA") && !line.contains("^C")), "{more}: {shown:?}");
        // The last line has two lines of this narrow terminal.
        let last = shown[shown.len().saturating_sub(2)..].concat();
        assert!(last.contains("; interrupted, "), "{more}: {shown:?}");
    }
}

#[test]
fn a_bar_of_an_update_advances_with_the_work() {
    let world = slow(30);
    let Some(seen) = on_a_terminal(&world, 80, "\"$thumbs\" in -s 1000 -o out -j1 -u") else { return };
    let between: Vec<usize> = counts(&seen, 30).into_iter().filter(|count| (1..30).contains(count)).collect();
    assert!(between.len() >= 2, "it stands at {:?}", counts(&seen, 30));
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let world = slow(2);
    let script = "TERM=dumb \"$thumbs\" in -s 1000 -o out --progress always";
    let Some(seen) = on_a_terminal(&world, 80, script) else { return };
    assert!(!seen.contains('\x1b') && seen.contains("2 done"), "{seen:?}");
}

#[test]
fn lines_off_a_terminal_have_a_total() {
    let world = slow(400);
    // The first line that holds one of these words.
    let line_with = |args: &[&str], words: &[&str]| {
        let mut child = world.thumbs().args(args).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let found = lines.into_iter().find(|line| words.iter().any(|word| line.contains(word)));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        found.expect("a line")
    };
    let args = ["in", "-s", "1000", "-f", "png", "-o", "out", "-j1", "--progress", "always"];
    let line = line_with(&args, &["ETA", "done"]);
    assert!(line.starts_with("thumbs: ") && line.contains(" of 400, ") && line.contains(", ETA "), "{line:?}");
    // Lists are not counted.
    let list: String = (0..400).map(|at| format!("in/{at:03}.jpg\n")).collect();
    world.write("list", list.as_bytes());
    let args = ["--files-from", "list", "-s", "1000", "-f", "png", "-o", "out2", "-j1", "--progress", "always"];
    let line = line_with(&args, &["thumbs: "]);
    assert!(line.contains(" so far, ") && !line.contains("ETA"), "{line:?}");
}
