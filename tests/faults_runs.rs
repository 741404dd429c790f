//! Runs that ended well only by their exit status.

mod testenv;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use testenv::World;

#[test]
fn a_name_that_is_not_utf8_beside_a_patterns_matches_costs_nothing() {
    let world = World::with(&["p/a.jpg", "p/b.jpg", "images/c.jpg"]);
    world.write(OsStr::from_bytes(b"p/caf\xe9.jpg"), &oddities::jpeg::plain(20, 20));
    world.write(OsStr::from_bytes(b"p/na\xefve.txt"), b"text");
    world.run(&["p/*.jpg", "images", "-s", "10", "-o", "out"]).ok();
    for name in [&b"out/a.jpg"[..], b"out/b.jpg", b"out/caf\xe9.jpg", b"out/c.jpg"] {
        assert!(world.exists(OsStr::from_bytes(name)), "{name:?}: {:?}", world.tree());
    }
    world.run(&["**/*.jpg", "-s", "10", "-o", "all.tar"]).ok().never_says("internal");
}

#[test]
fn a_pattern_that_is_not_utf8_finds_its_names() {
    let world = World::new();
    world.write(OsStr::from_bytes(b"caf\xe9 1.jpg"), &oddities::jpeg::plain(20, 20));
    world.write("other.jpg", &oddities::jpeg::plain(20, 20));
    let args = [OsStr::from_bytes(b"caf\xe9*"), OsStr::new("-o"), OsStr::new("out")];
    world.run(&args).ok();
    assert!(world.exists(OsStr::from_bytes(b"out/caf\xe9 1.jpg")));
    assert!(!world.exists("out/other.jpg"));
}

#[test]
fn braces_in_a_quoted_pattern_are_alternatives() {
    let world = World::with(&["p/a.jpg", "p/b.png", "p/c.webp"]);
    world.run(&["p/*.{jpg,png}", "-o", "out"]).ok();
    assert_eq!(world.tree(), ["out/a.jpg", "out/b.png", "p/a.jpg", "p/b.png", "p/c.webp"]);
}

#[test]
fn a_deep_pattern_leaves_out_what_the_run_writes() {
    let world = World::with(&["p/a.jpg", "p/sub/b.jpg"]);
    for _ in 0..2 {
        world.run(&["**/*.jpg", "-s", "10", "-o", "out", "--existing", "replace"]).ok();
        assert_eq!(world.tree(), ["out/p/a.jpg", "out/p/sub/b.jpg", "p/a.jpg", "p/sub/b.jpg"]);
    }
}
