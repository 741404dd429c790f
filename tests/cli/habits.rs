//! What newcomers type, from habit with other tools.

use crate::testenv::World;

#[test]
fn short_help_fits_on_a_screen_and_long_help_has_every_option() {
    let world = World::new();
    let (short, long) = (world.run(&["-h"]).ok().text(), world.run(&["--help"]).ok().text());
    assert!(short.lines().count() <= 45, "{short}");
    for option in ["-s, --size", "-o, --output", "-f, --format", "-n, --dry-run", "--update", "Examples:"] {
        assert!(short.contains(option), "{option}: {short}");
    }
    assert!(!short.contains("--zstd-level") && short.contains("thumbs --help lists every option"), "{short}");
    for option in ["--zstd-level", "--metrics", "--completions", "--man", "Exit status:"] {
        assert!(long.contains(option), "{option}: {long}");
    }
}

#[test]
fn the_program_prints_its_man_page_and_completions() {
    let world = World::new();
    let page = world.run(&["--man"]).ok().text();
    assert!(page.contains(".TH thumbs 1") && page.contains("zstd"), "{page}");
    for shell in ["bash", "zsh", "fish", "Fish"] {
        let script = world.run(&["--completions", shell]).ok().text();
        assert!(script.contains("thumbs") && script.contains("zstd-level"), "{shell}: {script}");
    }
    world.run(&["--completions", "csh"]).code(2).says("--completions csh: one of bash, ");
    world.run(&["--man", "a.jpg"]).code(2).says("--man: not together with other options or INPUTs");
    let cut = world.shell(r#""$thumbs" --man | head -1; exit ${PIPESTATUS[0]}"#);
    assert_eq!(cut.ok().stderr, "");
}

#[test]
fn values_are_taken_in_any_case_and_by_their_usual_names() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "-s", "32", "--fit", "Cover", "--gravity", "TOP", "-f", "PNG", "-o", "top/"]).ok();
    world.run(&["a.jpg", "-s", "32", "--fit", "cover", "--gravity", "north", "-f", "png", "-o", "north/"]).ok();
    assert!(world.read("top/a.png") == world.read("north/a.png"));
    world.run(&["a.jpg", "-s", "32", "--fit", "crop", "--gravity", "left", "-f", "png", "-o", "left/"]).ok();
    world.run(&["a.jpg", "-s", "32", "--fit", "cover", "--gravity", "west", "-f", "png", "-o", "west/"]).ok();
    assert!(world.read("left/a.png") == world.read("west/a.png"));
    assert!(world.read("left/a.png") != world.read("top/a.png"));
    world.run(&["a.jpg", "-s", "Original", "-f", "Keep", "--subsample", "4:4:4", "-o", "whole/"]).ok();
    assert_eq!(world.size("whole/a.jpg"), (96, 64));
}

#[test]
fn options_of_other_tools_name_ours() {
    let world = World::with(&["a.jpg"]);
    for (typed, answer) in [
        (&["--width", "300"][..], "-s 300x "),
        (&["--height=200"], "-s x200 "),
        (&["--recursive"], "directories are walked anyway"),
        (&["-r"], "directories are walked anyway"),
        (&["--overwrite"], "--existing replace "),
        (&["--force"], "--existing replace "),
        (&["--strip"], "metadata is dropped by default"),
        (&["--threads", "4"], "-j 4 "),
    ] {
        let ran = world.run(&[&["a.jpg"], typed].concat());
        ran.code(2).says("no such option; ").says(answer);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    assert_eq!(world.tree(), ["a.jpg"]);
}

#[test]
fn standard_input_that_is_no_picture_names_the_option_for_it() {
    let world = World::with(&["in/a.jpg"]);
    world.shell(r#"ls in/* | "$thumbs" -o out/"#).code(2).says("--files-from -");
    world.shell(r#"ls in/* | "$thumbs" - -o out/"#).code(1).says("--files-from - takes a list of names");
    world.shell(r#"tar cf - in | "$thumbs" - -o out/"#).code(1).says("--archive-in takes an archive's members");
    world.shell(r#"tar czf - in | "$thumbs" - -o out/"#).code(1).says("--archive-in takes the members of a compressed");
    world.shell(r#"tar cf - in | "$thumbs" - --archive-in -o out/"#).ok();
    assert!(world.exists("out/in/a.jpg"), "{:?}", world.tree());
}

#[test]
fn options_without_effect_are_named_once() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    for (args, said) in [
        (&["-f", "png", "-q", "50"][..], "-q has no effect: the output is lossless"),
        (&["-f", "webp", "--lossless", "-q", "50"], "-q has no effect: the output is lossless"),
        (&["-f", "png", "--lossless"], "--lossless has no effect: PNG is always lossless"),
        (&["-f", "png", "--progressive"], "--progressive has no effect: only JPEG is progressive"),
        (&["-f", "webp", "--subsample", "444"], "--subsample has no effect: "),
        (&["--gravity", "top"], "--gravity has no effect: "),
        (&["-s", "original", "--fit", "cover"], "--fit has no effect: -s original does not resize"),
    ] {
        let all = [&["a.jpg", "b.jpg", "-o", "out/", "--existing", "replace"], args].concat();
        let ran = world.run(&all);
        ran.ok().says(said);
        assert_eq!(ran.stderr.matches("no effect").count(), 1, "{}", ran.stderr);
        world.run(&[&all[..], &["--quiet"]].concat()).ok().never_says("no effect");
    }
    let silent = [&["-q", "50"][..], &["-f", "png,jpeg", "-q", "50"], &["--fit", "cover", "--gravity", "top"]];
    for args in silent {
        world
            .run(&[&["a.jpg", "b.jpg", "-o", "new/", "--existing", "replace"], args].concat())
            .ok()
            .never_says("no effect");
    }
}
