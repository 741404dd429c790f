//! What is an input, and in which order.

use crate::testenv::{World, skip};
use std::os::unix::fs::symlink;

#[test]
fn nothing_to_do_is_a_usage_error() {
    let world = World::new();
    world.run::<&str>(&[]).code(2).says("INPUT").says("--help");
}

#[test]
fn a_file_gets_a_thumbnail_beside_it() {
    let world = World::new();
    world.sized("photo.jpg", 1600, 1000);
    world.run(&["photo.jpg"]).ok();
    assert_eq!(world.tree(), ["photo.jpg", "photo_thumb.jpg"]);
    assert_eq!(world.size("photo_thumb.jpg"), (800, 500));
}

#[test]
fn a_directory_is_walked_to_the_bottom() {
    let world = World::with(&["in/a.jpg", "in/sub/b.png", "in/sub/deep/c.webp"]);
    world.run(&["in", "-o", "out"]).ok();
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out")).collect();
    assert_eq!(made, ["out/a.jpg", "out/sub/b.png", "out/sub/deep/c.webp"]);
}

#[test]
fn the_order_of_a_walk_is_stable() {
    let world = World::new();
    for name in ["b", "a", "c/z", "c/y", "B", "10", "9"] {
        world.picture(format!("in/{name}.jpg"));
    }
    let plan = |_| world.run(&["in", "-o", "out", "--dry-run"]).ok().text();
    let runs: Vec<_> = (0..3).map(plan).collect();
    assert!(runs.iter().all(|r| r == &runs[0]));
    let at = |name: &str| runs[0].find(name).unwrap_or_else(|| panic!("{name} in {}", runs[0]));
    assert!(at("in/a.jpg") < at("in/b.jpg") && at("in/c/y.jpg") < at("in/c/z.jpg"));
    // Work done by one thread comes in the same order.
    let printed = world.run(&["in", "-o", "out", "-j1", "--print"]).ok().text();
    let names: Vec<_> = printed.lines().map(|l| l.trim_start_matches("out/")).collect();
    let mut by_plan = names.clone();
    by_plan.sort_by_key(|name| at(&format!("in/{name}")));
    assert_eq!(names, by_plan);
}

#[test]
fn in_a_walk_content_or_extension_makes_an_input() {
    let world = World::with(&["in/real.jpg", "in/picture.txt", "in/none"]);
    world.write("in/notes.txt", b"words");
    world.write("in/Makefile", b"all:");
    world.run(&["in", "-o", "out"]).ok().never_says("notes");
    let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out")).collect();
    assert_eq!(made.len(), 3, "{made:?}");
    world.write("in/broken.jpg", b"words");
    world.run(&["in", "-o", "out"]).code(1).says("broken.jpg").never_says("notes");
}

#[test]
fn content_decides_what_a_file_is() {
    let world = World::new();
    world.write("a.jpg", &oddities::png::rgb(96, 64));
    world.write("b.png", &oddities::jpeg::plain(96, 64));
    world.run(&["a.jpg", "b.png", "-o", "out"]).ok();
    // The extension is kept only where it is valid for the format.
    assert!(world.read("out/a.png").starts_with(b"\x89PNG"));
    let jpeg = if world.exists("out/b.jpg") { "out/b.jpg" } else { "out/b.jpeg" };
    assert!(world.read(jpeg).starts_with(b"\xff\xd8"));
}

#[test]
fn a_file_named_on_the_command_line_is_always_an_input() {
    let world = World::new();
    world.write("notes.txt", b"words");
    world.run(&["notes.txt"]).code(1).says("notes.txt");
    world.no_leftovers(&["notes.txt"]);
}

#[test]
fn a_missing_file_fails_in_the_systems_words() {
    let world = World::with(&["a.jpg"]);
    world.run(&["gone.jpg", "a.jpg"]).code(1).says("gone.jpg").says("No such file");
    assert!(world.exists("a_thumb.jpg"), "the other input is done");
}

#[test]
fn a_quoted_pattern_is_expanded() {
    let world = World::with(&["in/a.jpg", "in/b.jpg", "in/c.png", "in/sub/d.jpg"]);
    world.run(&["in/*.jpg", "-o", "flat"]).ok();
    world.run(&["in/**/*.jpg", "-o", "deep"]).ok();
    let made = |at: &str| world.tree().into_iter().filter(|f| f.starts_with(at)).collect::<Vec<_>>();
    assert_eq!(made("flat"), ["flat/a.jpg", "flat/b.jpg"]);
    assert_eq!(made("deep"), ["deep/a.jpg", "deep/b.jpg", "deep/sub/d.jpg"]);
}

#[test]
fn a_file_that_bears_the_patterns_very_name_comes_first() {
    let world = World::with(&["[ab].jpg", "a.jpg"]);
    world.run(&["[ab].jpg"]).ok();
    assert!(world.exists("[ab]_thumb.jpg"));
    assert!(!world.exists("a_thumb.jpg"));
}

#[test]
fn a_pattern_without_a_match_is_a_failure() {
    let world = World::with(&["a.jpg"]);
    world.run(&["*.webp"]).code(1).says("*.webp");
    world.run(&["*.webp", "a.jpg"]).code(1);
    assert!(world.exists("a_thumb.jpg"));
}

#[test]
fn an_empty_directory_is_no_failure() {
    let world = World::new();
    std::fs::create_dir(world.path("empty")).unwrap();
    world.run(&["empty", "-o", "out"]).ok();
}

#[test]
fn standard_input_goes_to_standard_output() {
    let world = World::new();
    let ran = world.feed(&["-", "-s", "48"], &oddities::jpeg::plain(96, 64));
    ran.ok();
    assert_eq!(crate::testenv::decode(&ran.stdout).0, 48);
    assert!(world.tree().is_empty());
}

#[test]
fn standard_input_has_the_stem_stdin() {
    let world = World::new();
    world.feed(&["-", "-o", "out/"], &oddities::png::rgb(96, 64)).ok();
    world.feed(&["-", "-o", "x.webp"], &oddities::png::rgb(96, 64)).ok();
    assert_eq!(world.tree(), ["out/stdin.png", "x.webp"]);
}

#[test]
fn standard_input_that_is_no_picture_fails() {
    let world = World::new();
    for bytes in [&b""[..], b"words"] {
        let ran = world.feed(&["-"], bytes);
        ran.code(1);
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn one_file_by_two_spellings_is_done_once() {
    let world = World::with(&["a.jpg"]);
    let absolute = world.path("a.jpg");
    symlink("a.jpg", world.path("link.jpg")).unwrap();
    world.run(&["a.jpg", "./a.jpg", absolute.to_str().unwrap()]).ok();
    assert_eq!(world.tree(), ["a.jpg", "a_thumb.jpg", "link.jpg"]);
}

#[test]
fn overlapping_roots_are_walked_once() {
    let world = World::with(&["in/a.jpg", "in/sub/b.jpg"]);
    let ran = world.run(&["in", "in/sub", "in/a.jpg", "-o", "out", "--report", "-"]);
    ran.ok();
    let done = crate::testenv::report(&ran.stdout).iter().filter(|l| l["type"] == "done").count();
    assert_eq!(done, 2, "{}", ran.text());
}

#[test]
fn a_directory_named_like_a_picture_is_walked() {
    let world = World::with(&["d.jpg/a.jpg", "in/e.png/b.jpg"]);
    world.run(&["d.jpg", "in", "-o", "out"]).ok();
    assert!(world.exists("out/a.jpg") && world.exists("out/e.png/b.jpg"));
}

#[test]
fn outputs_of_this_run_are_never_walked() {
    let world = World::with(&["a.jpg", "sub/b.jpg"]);
    for _ in 0..2 {
        // The destination lies inside an input root, so that a second run needs to be told.
        world.run(&[".", "-o", "out", "--report", "r.ndjson", "--existing", "replace"]).ok();
        assert_eq!(world.tree(), ["a.jpg", "out/a.jpg", "out/sub/b.jpg", "r.ndjson", "sub/b.jpg"]);
    }
}

#[test]
fn fixtures_all_come_out() {
    let world = World::new();
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos");
    world.run(&[photos, "-s", "200", "-o", "out"]).ok();
    let made = world.tree();
    assert_eq!(made.len(), std::fs::read_dir(photos).unwrap().count(), "{made:?}");
    // Stored sideways, shown upright.
    assert_eq!(world.size("out/raccoon.jpg"), (200, 150));
    for name in &made {
        let (width, height) = world.size(name);
        assert_eq!(width.max(height), 200, "{name}");
    }
}

#[test]
fn an_unreadable_file_fails_in_the_systems_words() {
    use std::os::unix::fs::PermissionsExt;
    if crate::testenv::root() {
        return skip("root may read everything");
    }
    let world = World::with(&["a.jpg", "b.jpg"]);
    std::fs::set_permissions(world.path("a.jpg"), std::fs::Permissions::from_mode(0o000)).unwrap();
    world.run(&["a.jpg", "b.jpg"]).code(1).says("Permission denied");
    assert!(world.exists("b_thumb.jpg"));
}
