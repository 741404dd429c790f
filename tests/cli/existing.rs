//! What is replaced, what is kept, and what is never touched.

use crate::testenv::{World, line, report};
use std::os::unix::fs::symlink;

#[test]
fn a_second_run_replaces_its_own() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "-s", "40"]).ok();
    world.run(&["a.jpg", "-s", "20"]).ok();
    assert_eq!(world.size("a_thumb.jpg").0, 20);
    world.run(&["a.jpg", "-s", "40", "-o", "out"]).ok();
    world.run(&["a.jpg", "-s", "20", "-o", "out"]).ok();
    assert_eq!(world.size("out/a.jpg").0, 20);
}

#[test]
fn a_file_without_the_mark_is_not_replaced() {
    // The template's mark is lost, so nothing says that small.jpg is ours.
    let world = World::with(&["a.jpg"]);
    world.write("a.png", b"precious");
    world.run(&["a.jpg", "-f", "png", "--name", "{stem}.{ext}"]).code(1).says("a.png").says("--existing");
    assert_eq!(world.read("a.png"), b"precious");
    world.run(&["a.jpg", "-f", "png", "--name", "{stem}.{ext}", "--existing", "replace"]).ok();
    assert!(world.read("a.png").starts_with(b"\x89PNG"));
}

#[test]
fn a_destination_inside_an_input_root_is_careful() {
    let world = World::with(&["in/a.jpg"]);
    world.write("in/out/a.jpg", &oddities::jpeg::plain(20, 20));
    let before = world.read("in/out/a.jpg");
    world.run(&["in/a.jpg", "in/out/a.jpg", "-o", "in/out"]).code(1);
    assert_eq!(world.read("in/out/a.jpg"), before, "an input of the run is never replaced");
}

#[test]
fn skip_and_fail() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    world.write("out/a.jpg", b"old");
    world.run(&["a.jpg", "b.jpg", "-o", "out", "--existing", "skip", "--report", "r"]).ok();
    assert_eq!(world.read("out/a.jpg"), b"old");
    assert!(world.exists("out/b.jpg"));
    let lines = report(&world.read("r"));
    assert_eq!(line(&lines, "skipped", "a.jpg")["reason"], "exists");
    world.run(&["a.jpg", "-o", "out", "--existing", "fail"]).code(1).says("exists");
    assert_eq!(world.read("out/a.jpg"), b"old");
    world.run(&["a.jpg", "--existing", "perhaps"]).code(2);
}

#[test]
fn thumbnails_of_thumbnails_are_not_made() {
    let world = World::with(&["a.jpg", "b.jpg", "lonely_thumb.jpg"]);
    world.run(&["a.jpg", "b.jpg"]).ok();
    let ran = world.run(&["*.jpg", "--report", "-"]);
    ran.ok();
    let expected = ["a.jpg", "a_thumb.jpg", "b.jpg", "b_thumb.jpg", "lonely_thumb.jpg", "lonely_thumb_thumb.jpg"];
    assert_eq!(world.tree(), expected, "only what has a sibling is own output");
    let lines = report(&ran.stdout);
    assert_eq!(line(&lines, "skipped", "a_thumb.jpg")["reason"], "own-output");
    // Asked for, they are made; and then a_thumb.jpg is an input, which nothing replaces.
    world.run(&["a_thumb.jpg", "--no-skip-own"]).ok();
    assert!(world.exists("a_thumb_thumb.jpg"));
    let before = world.read("a_thumb.jpg");
    world.run(&["a.jpg", "a_thumb.jpg", "--no-skip-own", "-s", "10"]).code(1).says("is an input of this run");
    assert_eq!(world.read("a_thumb.jpg"), before);
}

#[test]
fn own_outputs_are_recognised_in_a_walk() {
    let world = World::with(&["in/a.jpg", "in/sub/b.png"]);
    for _ in 0..3 {
        world.run(&["in"]).ok();
        assert_eq!(world.tree(), ["in/a.jpg", "in/a_thumb.jpg", "in/sub/b.png", "in/sub/b_thumb.png"]);
    }
}

#[test]
fn other_sizes_are_own_outputs_by_this_runs_template() {
    let world = World::with(&["a.jpg"]);
    for _ in 0..2 {
        world.run(&["*.jpg", "-s", "10,20"]).ok();
        assert_eq!(world.tree(), ["a.jpg", "a_thumb_10.jpg", "a_thumb_20.jpg"]);
    }
}

#[test]
fn a_source_is_never_written_to() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    let before = world.read("a.jpg");
    for args in [
        &["a.jpg", "-o", "a.jpg"][..],
        &["a.jpg", "-o", "./a.jpg"],
        &["a.jpg", "-o", "."],
        &["a.jpg", "-o", ".", "--existing", "replace"],
        &["a.jpg", "--name", "{name}", "--existing", "replace"],
        &["a.jpg", "b.jpg", "--name", "a.jpg", "--existing", "replace"],
    ] {
        world.run(args).code(1).says("a.jpg");
        assert_eq!(world.read("a.jpg"), before, "{args:?}");
    }
    // Through a hard link and a symlink too.
    symlink("a.jpg", world.path("link.jpg")).unwrap();
    world.run(&["link.jpg", "-o", "a.jpg"]).code(1);
    assert_eq!(world.read("a.jpg"), before);
}

#[test]
fn what_links_lead_to_is_never_replaced() {
    let world = World::with(&["originals/a.jpg", "originals/b.jpg"]);
    let before = world.read("originals/a.jpg");
    std::fs::create_dir(world.path("album")).unwrap();
    // Crosswise, so that each output would fall on the other's source.
    symlink("../originals/a.jpg", world.path("album/b.jpg")).unwrap();
    symlink("../originals/b.jpg", world.path("album/a.jpg")).unwrap();
    for args in
        [&["album", "--follow", "-s", "10", "-o", "originals"][..], &["album/*.jpg", "-s", "10", "-o", "originals"]]
    {
        world.run(args).code(1);
        assert_eq!(world.read("originals/a.jpg"), before, "{args:?}");
    }
}

#[test]
fn an_input_that_failed_is_still_an_input() {
    let world = World::with(&["in/x.png"]);
    world.write("in/x.jpg", b"a picture that only its owner can read");
    world.run(&["in", "-f", "jpeg", "--name", "{stem}.{ext}", "--existing", "replace"]).code(1).says("x.jpg");
    assert_eq!(world.read("in/x.jpg"), b"a picture that only its owner can read");
}

#[test]
fn a_link_is_replaced_and_its_target_untouched() {
    let world = World::with(&["a.jpg"]);
    world.write("target", b"precious");
    symlink("target", world.path("a_thumb.jpg")).unwrap();
    world.run(&["a.jpg", "--existing", "replace"]).ok();
    assert_eq!(world.read("target"), b"precious");
    assert!(world.path("a_thumb.jpg").symlink_metadata().unwrap().is_file());
}

#[test]
fn an_output_name_that_is_a_directory_is_a_failure() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    std::fs::create_dir(world.path("a_thumb.jpg")).unwrap();
    world.run(&["a.jpg", "b.jpg"]).code(1).says("a_thumb.jpg");
    assert!(world.path("a_thumb.jpg").is_dir());
    assert!(world.exists("b_thumb.jpg"));
    world.no_leftovers(&["a.jpg", "b.jpg", "b_thumb.jpg"]);
}

#[test]
fn two_sizes_never_half_replace() {
    // One of two outputs may not be written: then the input fails, and neither is.
    let world = World::with(&["a.jpg"]);
    std::fs::create_dir_all(world.path("out/a_20.jpg")).unwrap();
    world.run(&["a.jpg", "-s", "10,20", "-o", "out"]).code(1);
    world.no_leftovers(&["a.jpg"]);
}
