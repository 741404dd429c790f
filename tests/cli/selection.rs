//! Lists, patterns, depth, hidden files and links.

use crate::testenv::World;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

fn outputs(world: &World) -> Vec<String> {
    world.tree().into_iter().filter_map(|f| f.strip_prefix("out/").map(str::to_owned)).collect()
}

#[test]
fn lists_of_lines_and_of_nul() {
    let world = World::with(&["a.jpg", "b c.jpg", "new\nline.jpg"]);
    world.write("lines", b"a.jpg\nb c.jpg\n");
    world.write("nuls", b"a.jpg\0new\nline.jpg\0");
    world.run(&["--files-from", "lines", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["a.jpg", "b c.jpg"]);
    world.run(&["--files0-from", "nuls", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["a.jpg", "b c.jpg", "new\nline.jpg"]);
}

#[test]
fn lists_from_standard_input() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.feed(&["--files-from", "-", "-o", "out"], b"a.jpg\nb.jpg").ok();
    assert_eq!(outputs(&world), ["a.jpg", "b.jpg"]);
    std::fs::remove_dir_all(world.path("out")).unwrap();
    world.feed(&["--files0-from", "-", "-o", "out"], b"a.jpg\0b.jpg").ok();
    assert_eq!(outputs(&world), ["a.jpg", "b.jpg"]);
}

#[test]
fn lists_and_arguments_together() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.write("list", b"a.jpg\n");
    world.run(&["b.jpg", "--files-from", "list", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["a.jpg", "b.jpg"]);
}

#[test]
fn lines_of_a_list_are_literal() {
    let world = World::with(&["a.jpg", "b.jpg", "*.png"]);
    world.feed(&["--files-from", "-", "-o", "out"], b"*.jpg\n*.png\n").code(1).says("*.jpg").says("No such file");
    assert_eq!(outputs(&world), ["*.png"]);
}

#[test]
fn an_entry_of_a_list_that_is_missing_or_no_picture_fails() {
    let world = World::with(&["a.jpg"]);
    world.write("notes.txt", b"words");
    world
        .feed(&["--files-from", "-", "-o", "out"], b"gone.jpg\nnotes.txt\na.jpg\n")
        .code(1)
        .says("gone.jpg")
        .says("notes.txt");
    assert_eq!(outputs(&world), ["a.jpg"]);
}

#[test]
fn an_empty_list_is_no_failure_and_a_missing_one_is() {
    let world = World::new();
    world.feed(&["--files-from", "-", "-o", "out"], b"").ok();
    let ran = world.run(&["--files-from", "gone", "-o", "out"]);
    assert!(matches!(ran.code, Some(1..=3)), "{:?}", ran.code);
    ran.says("gone");
}

#[test]
fn lists_hold_names_that_are_not_utf8() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9.jpg");
    world.picture(name);
    world.feed(&["--files0-from", "-", "-o", "out"], name.as_bytes()).ok();
    assert!(world.path("out").join(name).exists());
}

#[test]
fn standard_input_has_one_reader() {
    let world = World::new();
    world.run(&["-", "--files-from", "-"]).code(2);
    world.run(&["--files0-from", "-", "--files-from", "-"]).code(2);
}

#[test]
fn include_and_exclude() {
    let world = World::with(&["in/a.jpg", "in/b.png", "in/sub/c.jpg", "in/cache/d.jpg"]);
    let run = |args: &[&str]| {
        let _ = std::fs::remove_dir_all(world.path("out"));
        let all: Vec<&str> = ["in", "-o", "out"].iter().chain(args).copied().collect();
        world.run(&all).ok();
        outputs(&world)
    };
    assert_eq!(run(&["--include", "*.jpg"]), ["a.jpg", "cache/d.jpg", "sub/c.jpg"]);
    assert_eq!(run(&["--exclude", "*.jpg"]), ["b.png"]);
    assert_eq!(run(&["--exclude", "cache"]), ["a.jpg", "b.png", "sub/c.jpg"]);
    assert_eq!(run(&["--exclude", "cache/**"]), ["a.jpg", "b.png", "sub/c.jpg"]);
    assert_eq!(run(&["--include", "*.jpg", "--exclude", "sub"]), ["a.jpg", "cache/d.jpg"]);
    world.run(&["in", "--include", "[", "-o", "out"]).code(2);
}

#[test]
fn depth() {
    let world = World::with(&["in/a.jpg", "in/1/b.jpg", "in/1/2/c.jpg"]);
    for (depth, count) in [("1", 1), ("2", 2), ("3", 3), ("9", 3)] {
        let _ = std::fs::remove_dir_all(world.path("out"));
        world.run(&["in", "--max-depth", depth, "-o", "out"]).ok();
        assert_eq!(outputs(&world).len(), count, "depth {depth}");
    }
}

#[test]
fn hidden_files_are_left_out_unless_asked_for() {
    let world = World::with(&["in/a.jpg", "in/.b.jpg", "in/.git/c.jpg"]);
    world.run(&["in", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["a.jpg"]);
    world.run(&["in", "--hidden", "-o", "out"]).ok();
    assert_eq!(outputs(&world), [".b.jpg", ".git/c.jpg", "a.jpg"]);
    // Named, they are inputs.
    world.run(&["in/.b.jpg", "-o", "named/"]).ok();
    assert!(world.exists("named/.b.jpg"));
}

#[test]
fn links_are_followed_when_asked_and_each_file_is_done_once() {
    let world = World::with(&["in/a.jpg", "elsewhere/b.jpg"]);
    symlink("../elsewhere", world.path("in/linked")).unwrap();
    symlink("..", world.path("elsewhere/up")).unwrap();
    symlink(".", world.path("in/loop")).unwrap();
    symlink("nowhere", world.path("in/dangling.jpg")).unwrap();
    world.run(&["in", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["a.jpg"]);
    std::fs::remove_dir_all(world.path("out")).unwrap();
    let ran = world.run(&["in", "--follow", "-o", "out2", "--report", "-"]);
    ran.ok();
    let done = crate::testenv::report(&ran.stdout).iter().filter(|l| l["type"] == "done").count();
    assert_eq!(done, 2, "{}", ran.text());
}

#[test]
fn links_to_files_in_a_walk() {
    let world = World::with(&["elsewhere/b.jpg"]);
    std::fs::create_dir(world.path("in")).unwrap();
    symlink("../elsewhere/b.jpg", world.path("in/link.jpg")).unwrap();
    world.run(&["in", "--follow", "-o", "out"]).ok();
    assert_eq!(outputs(&world), ["link.jpg"]);
    // Named on the command line, a link is what it points to.
    world.run(&["in/link.jpg", "-o", "named/"]).ok();
    assert!(world.exists("named/link.jpg"));
}

#[test]
fn broken_links_that_are_named_fail() {
    let world = World::new();
    symlink("nowhere", world.path("dangling.jpg")).unwrap();
    symlink("loop.jpg", world.path("loop.jpg")).unwrap();
    world.run(&["dangling.jpg"]).code(1).says("No such file");
    world.run(&["loop.jpg"]).code(1).says("loop.jpg");
}

/// Broke once: `.*` matches `..` for the library that expands patterns, and the walk climbed out of the tree.
#[test]
fn patterns_do_not_climb() {
    let world =
        World::with(&["up.jpg", "t/a.jpg", "t/.x.jpg", "t/.h/b.jpg", "t/.h/.c.jpg", "t/in/d.jpg", "t/in/.e.jpg"]);
    let planned = |pattern: &str, more: &[&str]| {
        let mut argv = vec!["-n", "-o", "../out", pattern];
        argv.extend(more);
        let ran = world.finish(world.thumbs().current_dir(world.path("t")).args(&argv));
        let source = |line: String| line.split(" -> ").next().unwrap().trim_start_matches("./").to_owned();
        let mut out: Vec<String> = ran.lines().into_iter().map(source).collect();
        out.sort();
        out
    };
    // A directory that matches is walked as if it were named, but for what is hidden in it.
    assert_eq!(planned(".*", &[]), [".h/b.jpg", ".x.jpg"]);
    assert_eq!(planned("./.*", &[]), [".h/b.jpg", ".x.jpg"]);
    assert_eq!(planned(".*.jpg", &[]), [".x.jpg"]);
    assert_eq!(planned(".*/*.jpg", &[]), [".h/b.jpg"]);
    assert_eq!(planned(".*/.*.jpg", &[]), [".h/.c.jpg"]);
    assert_eq!(planned("in/.*", &[]), ["in/.e.jpg"]);
    assert_eq!(planned("**/.*", &[]), [".x.jpg", "in/.e.jpg"]);
    assert_eq!(planned(".*/**/*.jpg", &[]), [".h/b.jpg"]);
    assert_eq!(planned("*.jpg", &[]), ["a.jpg"]);
    assert_eq!(planned("*.jpg", &["--hidden"]), [".x.jpg", "a.jpg"]);
    assert_eq!(planned("*", &["--hidden"]), [".h/.c.jpg", ".h/b.jpg", ".x.jpg", "a.jpg", "in/.e.jpg", "in/d.jpg"]);
    assert_eq!(planned(".*", &["--hidden"]), [".h/.c.jpg", ".h/b.jpg", ".x.jpg"]);
    assert_eq!(planned("../*.jpg", &[]), ["../up.jpg"]);
    assert_eq!(planned("../t/[a]*.jpg", &[]), ["../t/a.jpg"]);
}
