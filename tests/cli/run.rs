//! Jobs, memory, limits, failures, rehearsals.

use crate::testenv::{World, report};

/// Every file below a folder with its bytes.
fn contents(world: &World, folder: &str) -> Vec<(String, Vec<u8>)> {
    let below = |f: &String| f.strip_prefix(&format!("{folder}/")).map(str::to_owned);
    world.tree().iter().filter_map(|f| Some((below(f)?, world.read(f)))).collect()
}

#[test]
fn the_same_bytes_whatever_the_jobs_and_the_memory() {
    let world = World::new();
    for at in 0..12 {
        world.write(format!("in/{at}.jpg"), &oddities::jpeg::grainy(200 + at * 37, 150, 90));
        world.sized(format!("in/{at}.png"), 100 + at, 70);
    }
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos");
    let sets = [("one", ["-j1", "--memory=1G"]), ("eight", ["-j8", "--memory=1G"]), ("tight", ["-j8", "--memory=8M"])];
    for (out, how) in sets {
        let args = [
            "in",
            photos,
            "-s",
            "120,40",
            "-f",
            "keep,webp",
            "--name",
            "{name}-{size}.{ext}",
            "-o",
            out,
            how[0],
            how[1],
        ];
        world.run(&args).ok();
    }
    let one = contents(&world, "one");
    assert_eq!(one.len(), (24 + 9) * 4 - 2, "WebP inputs and keep,webp give one file, not two");
    assert!(one == contents(&world, "eight"), "-j1 and -j8 differ");
    assert!(one == contents(&world, "tight"), "--memory changes bytes");
}

#[test]
fn senseless_numbers_are_usage_errors() {
    let world = World::with(&["a.jpg"]);
    for options in [
        "-j 0",
        "-j x",
        "-j -1",
        "--memory x",
        "--memory -5",
        "--memory 0",
        "--max-pixels -1",
        "--max-pixels x",
        "--max-file-size x",
        "--max-failures x",
        "--max-failures 101%",
        "--max-depth x",
        "--no-such-option",
    ] {
        let args: Vec<&str> = std::iter::once("a.jpg").chain(options.split(' ')).collect();
        let ran = world.run(&args);
        assert_eq!(ran.code, Some(2), "{options}: {}", ran.stderr);
    }
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn sizes_of_memory_are_read_as_people_write_them() {
    let world = World::with(&["a.jpg"]);
    for memory in ["100000000", "100M", "100MB", "100MiB", "1G", "1GiB", "65536K"] {
        world.run(&["a.jpg", "--memory", memory]).ok();
    }
}

#[test]
fn a_picture_over_the_pixel_limit_fails_with_size_and_limit() {
    let world = World::with(&["ok.jpg"]);
    world.sized("big.jpg", 400, 300);
    world
        .run(&["big.jpg", "ok.jpg", "--max-pixels", "100000"])
        .code(1)
        .says("big.jpg")
        .says("400")
        .says("300")
        .says("100");
    world.no_leftovers(&["big.jpg", "ok.jpg", "ok_thumb.jpg"]);
    world.run(&["big.jpg", "--max-pixels", "120000"]).ok();
}

#[test]
fn a_file_over_the_size_limit_fails() {
    let world = World::with(&["ok.png"]);
    world.write("big.jpg", &oddities::jpeg::grainy(400, 300, 95));
    world.run(&["big.jpg", "ok.png", "--max-file-size", "4K"]).code(1).says("big.jpg").says("max-file-size");
    world.no_leftovers(&["big.jpg", "ok.png", "ok_thumb.png"]);
    let ran = world.feed(&["-", "--max-file-size", "4K"], &oddities::jpeg::grainy(400, 300, 95));
    ran.code(1);
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_picture_larger_than_the_memory_runs_alone() {
    let world = World::new();
    world.sized("a.png", 900, 700);
    world.sized("b.png", 900, 700);
    world.run(&["a.png", "b.png", "--memory", "1M", "-j4"]).ok();
    assert!(world.exists("a_thumb.png") && world.exists("b_thumb.png"));
}

fn many(bad: usize, good: usize) -> World {
    let world = World::new();
    for at in 0..bad {
        world.write(format!("in/a{at:03}.jpg"), b"no picture");
    }
    for at in 0..good {
        world.picture(format!("in/b{at:03}.jpg"));
    }
    world
}

#[test]
fn without_limits_everything_is_tried() {
    let world = many(20, 10);
    world.run(&["in", "-o", "out", "--report", "r"]).code(1);
    let lines = report(&world.read("r"));
    let summary = lines.last().unwrap();
    assert_eq!((summary["done"].as_u64(), summary["failed"].as_u64()), (Some(10), Some(20)));
}

#[test]
fn fail_fast_ends_the_run() {
    let world = many(1, 400);
    world.run(&["in", "-o", "out", "-j1", "--fail-fast"]).code(1).says("a000.jpg");
    let made = world.tree().iter().filter(|f| f.starts_with("out/")).count();
    assert!(made < 400, "the run went on to the end");
    let whole = world.tree().iter().filter(|f| f.starts_with("out/")).all(|f| world.size(f) == (96, 64));
    assert!(whole, "what was made is whole");
}

#[test]
fn max_failures_ends_the_run() {
    let world = many(50, 400);
    world.run(&["in", "-o", "out", "-j1", "--max-failures", "10"]).code(1);
    let made = world.tree().iter().filter(|f| f.starts_with("out/")).count();
    assert!(made < 400, "the run went on to the end");
    let world = many(3, 200);
    world.run(&["in", "-o", "out", "--max-failures", "3"]).code(1);
    world.run(&["in", "-o", "out", "--max-failures", "90%"]).code(1);
    let made = world.tree().iter().filter(|f| f.starts_with("out/")).count();
    assert_eq!(made, 200, "three are not more than three");
}

#[test]
fn a_rehearsal_prints_the_plan_and_writes_nothing() {
    let world = World::with(&["in/a.jpg", "in/sub/b.png"]);
    for flag in ["-n", "--dry-run"] {
        let ran = world.run(&["in", "-o", "out", "-s", "10,20", flag]);
        ran.ok();
        for name in ["out/a_10.jpg", "out/a_20.jpg", "out/sub/b_10.png", "out/sub/b_20.png"] {
            assert!(ran.text().contains(name), "{name} is missing in {}", ran.text());
        }
        world.no_leftovers(&["in/a.jpg", "in/sub/b.png"]);
    }
}

#[test]
fn a_rehearsal_finds_collisions() {
    let world = World::with(&["1/x.jpg", "2/x.jpg"]);
    world.run(&["1/x.jpg", "2/x.jpg", "-o", "out", "-n"]).code(1).says("2/x.jpg");
    world.no_leftovers(&["1/x.jpg", "2/x.jpg"]);
}

#[test]
fn truncated_pictures_fail_unless_allowed() {
    for (name, whole) in [
        ("a.jpg", oddities::jpeg::grainy(320, 240, 90)),
        ("p.jpg", oddities::jpeg::progressive(320, 240)),
        ("a.png", oddities::png::rgb(320, 240)),
    ] {
        let world = World::with(&["good.jpg"]);
        world.write(name, &oddities::cut(&whole, 60));
        let thumb = name.replace('.', "_thumb.");
        world.run(&[name, "good.jpg"]).code(1).says(name);
        assert!(!world.exists(&thumb) && world.exists("good_thumb.jpg"), "{name}: {:?}", world.tree());
        let ran = world.run(&[name, "--allow-truncated", "--report", "-"]);
        ran.ok();
        assert_eq!(world.size(&thumb), (320, 240), "{name}");
        assert!(
            ran.text().contains("truncated") || ran.text().contains("filled"),
            "the report says that rows were filled: {}",
            ran.text()
        );
    }
}

#[test]
fn what_there_is_of_other_formats() {
    let world = World::new();
    for (name, whole) in [
        ("a.gif", oddities::others::gif(96, 64)),
        ("a.tif", oddities::others::tiff(96, 64)),
        ("a.bmp", oddities::others::bmp(96, 64)),
        ("a.ppm", oddities::others::ppm(96, 64)),
    ] {
        world.write(name, &oddities::cut(&whole, 60));
        world.run(&[name, "-o", "out/"]).code(1).says(name);
        let out = format!("{name}.png");
        let ran = world.run(&[name, "-o", &out, "--allow-truncated", "--report", "-"]);
        let words = if name == "a.tif" { "26 of 64 rows filled" } else { "what is missing was filled" };
        assert!(ran.ok().text().contains(words), "{name}: {}", ran.text());
        let (width, height, pixels) = world.pixels(&out);
        assert_eq!((width, height), (96, 64), "{name}");
        // The scene's corners: red above, blue below; BMP begins below.
        let (kept, color) = if name == "a.bmp" { (60, [48, 64, 208]) } else { (4, [208, 48, 48]) };
        let at = &pixels[(kept * 96 + 4) * 3..][..3];
        assert!(crate::testenv::distance(at, &color) < 24, "{name}: {at:?}");
    }
}

/// Formats of many ways to say the same: the scene's corners are where they belong.
#[test]
fn one_scene_in_many_formats() {
    let world = World::new();
    for (name, whole) in [
        ("a.pam", oddities::others::cmyk_pam(96, 64)),
        ("a.pfm", oddities::others::pfm(96, 64)),
        ("a.hdr", oddities::others::sideways_hdr(96, 64)),
        ("a.qoi", oddities::others::qoi(96, 64)),
        ("a.ff", oddities::others::farbfeld(96, 64)),
        ("a.gif", oddities::others::gif(96, 64)),
        ("a.tga", oddities::others::tga(96, 64)),
    ] {
        world.write(name, &whole);
        for size in ["original", "24x16"] {
            world.run(&[name, "-s", size, "-f", "png", "-o", "out.png"]).ok();
            let (width, height, pixels) = world.pixels("out.png");
            let at = |x: u32, y: u32| &pixels[((y * width + x) * 3) as usize..][..3];
            let last = (width - 2, height - 2);
            for (x, y) in [(1, 1), (last.0, 1), (1, last.1), last] {
                let want = oddities::scene::pixel(x * 96 / width, y * 64 / height, 96, 64);
                assert!(crate::testenv::distance(at(x, y), &want) < 8, "{name} at {size}, {x} {y}: {:?}", at(x, y));
            }
        }
    }
}

#[test]
fn allow_truncated_does_not_change_whole_pictures() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::grainy(320, 240, 90));
    world.run(&["a.jpg", "-o", "strict/"]).ok();
    world.run(&["a.jpg", "-o", "lax/", "--allow-truncated"]).ok();
    assert_eq!(world.read("strict/a.jpg"), world.read("lax/a.jpg"));
}
