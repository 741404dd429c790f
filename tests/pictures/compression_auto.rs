//! `-f auto`: the smallest of the formats that are allowed.

use std::io::Cursor;

use crate::testenv::{World, line, report};
use image::{ExtendedColorType, ImageEncoder};
use serde_json::Value;

/// A diagram: boxes of a few colours, transparent outside if `alpha`.
fn diagram(alpha: bool) -> Vec<u8> {
    let pixel = |x: u32, y: u32| match (x / 37 % 4, y / 29 % 3) {
        (1, 1) => [200, 40, 40, 255],
        (2, 2) => [30, 90, 180, 255],
        (3, _) if x.abs_diff(y) % 31 < 2 => [0, 0, 0, 255],
        _ => [250, 250, 245, if alpha { 0 } else { 255 }],
    };
    let samples: Vec<u8> = (0..200 * 300).flat_map(|i| pixel(i % 300, i / 300)).collect();
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(Cursor::new(&mut out));
    encoder.write_image(&samples, 300, 200, ExtendedColorType::Rgba8).expect("a PNG");
    out
}

/// A photograph, the same as PNG, and diagrams.
fn world() -> World {
    let world = World::new();
    for name in ["chelsea.jpg", "coffee.png"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos").join(name);
        world.write(name, &std::fs::read(path).expect("a photograph"));
    }
    world.write("diagram.png", &diagram(false));
    world.write("logo.png", &diagram(true));
    world
}

/// The output of one picture, 100 pixels wide unless a size is among the options.
fn output(world: &World, input: &str, options: &[&str]) -> Value {
    let args = [input, "-f", "auto", "--effort", "0", "-o", "out/", "--existing", "replace", "--report", "r"];
    let size = if options.contains(&"-s") { &[][..] } else { &["-s", "100"] };
    world.run(&[&args[..], size, options].concat()).ok();
    line(&report(&world.read("r")), "done", input)["outputs"][0].clone()
}

/// The format of a file by its first bytes.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'R', b'I', b'F', b'F', ..] => "webp",
        _ if bytes[4..].starts_with(b"ftypavif") => "avif",
        _ => panic!("no picture"),
    }
}

#[test]
fn a_photograph_becomes_the_smallest_that_is_allowed() {
    let world = world();
    // A score that half of the chroma reaches, as WebP has it.
    let aimed = |input: &str, options: &[&str]| output(&world, input, &[&["--target", "70"], options].concat());
    for input in ["chelsea.jpg", "coffee.png"] {
        let mut bytes = Vec::new();
        for (allow, wanted) in [("jpeg", "jpeg"), ("webp", "webp"), ("avif", "avif"), ("jpeg,png", "jpeg")] {
            let made = aimed(input, &["--allow", allow]);
            assert_eq!(made["format"], wanted, "{made}");
            assert!(made["score"].as_f64().unwrap() >= 70.0, "{made}");
            assert_eq!(kind(&world.read(made["path"].as_str().unwrap())), wanted);
            bytes.push((made["bytes"].as_u64().unwrap(), wanted));
        }
        let smallest = |list: &[(u64, &str)]| list.iter().min().map(|(bytes, format)| (*bytes, (*format).to_owned()));
        for (allow, list) in [("webp,jpeg", &bytes[..2]), ("jpeg,webp,avif,png", &bytes[..])] {
            let made = aimed(input, &["--allow", allow]);
            let found = (made["bytes"].as_u64().unwrap(), made["format"].as_str().unwrap().to_owned());
            assert_eq!(Some(found), smallest(list), "{allow}: {bytes:?}");
        }
        assert_eq!(aimed(input, &[]), aimed(input, &["--allow", "avif", "--allow", "png,webp,jpeg"]));
    }
}

#[test]
fn a_graphic_stays_without_loss() {
    let world = world();
    for (allow, wanted) in [("jpeg,png", "png"), ("jpeg,webp,avif", "webp"), ("jpeg,avif,png", "png")] {
        let made = output(&world, "diagram.png", &["-s", "original", "--allow", allow]);
        assert_eq!((&made["format"], &made["score"]), (&wanted.into(), &100.0.into()), "{allow}: {made}");
        let path = made["path"].as_str().unwrap();
        let same = image::load_from_memory(&world.read(path)).unwrap().into_rgba8();
        assert!(same == image::load_from_memory(&diagram(false)).unwrap().into_rgba8(), "{allow}");
    }
    // Where nothing without loss is allowed, the score decides.
    let made = output(&world, "diagram.png", &["--allow", "jpeg,avif"]);
    assert!(made["score"].as_f64().unwrap() >= 80.0 && made["format"] != "png", "{made}");
}

#[test]
fn transparent_pixels_stay_transparent() {
    let world = world();
    for allow in ["jpeg,png", "jpeg,webp", "jpeg,webp,png"] {
        let made = output(&world, "logo.png", &["--allow", allow]);
        assert_ne!(made["format"], "jpeg", "{made}");
        let shown = image::load_from_memory(&world.read(made["path"].as_str().unwrap())).unwrap().into_rgba8();
        assert_eq!(shown.get_pixel(2, 2)[3], 0, "{allow}");
    }
    // Opaque pixels in a format with alpha are no reason against JPEG.
    let made = output(&world, "coffee.png", &["--allow", "jpeg,png"]);
    assert_eq!(made["format"], "jpeg");
    // JPEG alone is what `-f jpeg` makes.
    assert_eq!(output(&world, "logo.png", &["--allow", "jpeg"])["format"], "jpeg");
    assert!(String::from_utf8_lossy(&world.read("r")).contains("alpha flattened"));
}

#[test]
fn the_target_and_the_bytes_count() {
    let world = world();
    let size = |options: &[&str]| {
        let made = output(&world, "chelsea.jpg", &[&["--allow", "jpeg,webp"], options].concat());
        (made["bytes"].as_u64().unwrap(), made["score"].as_f64().unwrap())
    };
    let (low, high) = (size(&["--target", "60"]), size(&["--target", "85"]));
    assert!(low.0 < high.0 && low.1 >= 60.0 && high.1 >= 85.0, "{low:?} {high:?}");
    assert_eq!(size(&[]), size(&["-q", "auto"]));
    let small = size(&["--max-bytes", "1500B"]);
    assert!(small.0 <= 1500 && small.1 < 80.0, "{small:?}");
}

#[test]
fn the_source_itself_may_be_the_smallest() {
    let world = World::new();
    let source = oddities::jpeg::grainy(96, 64, 20);
    world.write("a.jpg", &source);
    let made = output(&world, "a.jpg", &["-s", "original", "--target", "95", "--allow", "jpeg,webp,png"]);
    assert_eq!((&made["format"], &made["score"]), (&"jpeg".into(), &100.0.into()), "{made}");
    assert!(world.read("out/a.jpg").len() <= source.len());
}

#[test]
fn two_inputs_that_may_get_one_name_do_not() {
    let world = World::with(&["in/a.jpg", "in/a.png"]);
    let ran = world.run(&["in", "-f", "auto", "--allow", "webp,jpeg", "-o", "out/", "-j", "1"]);
    ran.code(1).says("already makes").says("a.webp");
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("out/")).count(), 1, "{:?}", world.tree());
    // The name of the source keeps them apart.
    world.run(&["in", "-f", "auto", "--allow", "webp,jpeg", "-o", "all/", "--name", "{name}.{ext}"]).ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("all/")).count(), 2, "{:?}", world.tree());
}

#[test]
fn a_name_that_somebody_has_is_left_alone() {
    let world = World::with(&["a.jpg"]);
    world.write("out/a.png", b"precious");
    world.run(&["a.jpg", "-f", "auto", "-o", "out/"]).code(1).says("out/a.png").says("--existing");
    world.run(&["a.jpg", "-f", "auto", "-o", "out/", "--existing", "fail"]).code(1).says("exists");
    world.run(&["a.jpg", "-f", "auto", "-o", "out/", "--existing", "skip", "--report", "r"]).ok();
    assert_eq!(line(&report(&world.read("r")), "skipped", "a.jpg")["reason"], "exists");
    assert_eq!(world.read("out/a.png"), b"precious");
    world.run(&["a.jpg", "-f", "auto", "--allow", "webp,jpeg", "-o", "out/"]).ok();
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("out/")).count(), 2);
    assert_eq!(world.read("out/a.png"), b"precious");
}

#[test]
fn beside_its_input_an_output_is_known_again() {
    let world = World::with(&["a.jpg"]);
    let run = || world.run(&["*", "-f", "auto", "--allow", "webp,png", "-s", "40", "--report", "r"]).ok().code;
    run();
    assert_eq!(world.tree(), ["a.jpg", "a_thumb.webp", "r"]);
    run();
    assert_eq!(world.tree(), ["a.jpg", "a_thumb.webp", "r"]);
    let lines = report(&world.read("r"));
    assert_eq!(line(&lines, "skipped", "a_thumb.webp")["reason"], "own-output");
}

#[test]
fn a_second_update_does_nothing() {
    let world = world();
    let all = ["chelsea.jpg", "coffee.png", "diagram.png", "logo.png"];
    let run = |options: &[&str]| -> Vec<Value> {
        let args = ["-f", "auto", "-s", "100", "-o", "out/", "--update", "--report", "r", "--effort", "0"];
        world.run(&[&all[..], &args, options].concat()).ok();
        report(&world.read("r"))
    };
    let few = ["--allow", "webp,jpeg,png"];
    let first = run(&few);
    assert_eq!(first.last().unwrap()["done"], 4);
    assert_eq!(run(&few).last().unwrap()["skipped"], 4);
    // An output that is gone is made again, and only that.
    let gone = line(&first, "done", "coffee.png")["outputs"][0]["path"].as_str().unwrap().to_owned();
    std::fs::remove_file(world.path(&gone)).expect("removed");
    let again = run(&few);
    assert_eq!((&again.last().unwrap()["done"], &again.last().unwrap()["skipped"]), (&1.into(), &3.into()));
    assert!(world.exists(&gone));
    // A touched source is the same by its content.
    std::fs::File::options()
        .append(true)
        .open(world.path("chelsea.jpg"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    let touched = run(&[&few[..], &["--checksum"]].concat());
    assert_eq!(touched.last().unwrap()["skipped"], 4, "{touched:#?}");
    // Other formats: the outputs of before are superseded, as those of `-f` are.
    let other = run(&["--allow", "jpeg", "--prune"]);
    assert_eq!(other.last().unwrap()["done"], 4);
    let left: Vec<String> =
        world.tree().into_iter().filter(|name| name.starts_with("out/") && !name.contains("state")).collect();
    assert_eq!(left, ["out/chelsea.jpg", "out/coffee.jpg", "out/diagram.jpg", "out/logo.jpg"]);
}

#[test]
fn a_plan_says_auto() {
    let world = World::with(&["a.jpg"]);
    let args = ["a.jpg", "-s", "40", "-f", "auto", "--allow", "png,jpeg", "-o", "out/", "-n"];
    let ran = world.run(&args);
    assert_eq!(ran.ok().text(), "a.jpg -> out/a.auto (40x27 auto)\n");
    world.run(&[&args[..], &["--report", "r"]].concat()).ok();
    let plan = line(&report(&world.read("r")), "planned", "a.jpg")["outputs"][0].clone();
    assert_eq!((&plan["format"], &plan["path"]), (&"auto".into(), &"out/a.auto".into()));
    assert_eq!(plan["may_be"], serde_json::json!(["out/a.png", "out/a.jpg"]));
    let ran = world.run(&[&args[..], &["--measure"]].concat());
    let text = ran.ok().text();
    assert!(text.starts_with("a.jpg -> out/a.") && text.contains(" B -> ") || text.contains("kB -> "), "{text}");
    assert!(!text.contains("auto"), "{text}");
    assert_eq!(world.tree(), ["a.jpg", "r"], "no output is written");
}

#[test]
fn pipes_archives_and_data_sets_take_what_is_chosen() {
    let world = world();
    let args = ["-s", "100", "-f", "auto", "--allow", "webp,png"];
    let photo = world.read("chelsea.jpg");
    assert_eq!(kind(&world.feed(&[&["-"], &args[..]].concat(), &photo).ok().stdout), "webp");
    world.run(&[&["chelsea.jpg", "logo.png", "-o", "all.tar"], &args[..]].concat()).ok();
    let members = world.shell("tar tf all.tar").text();
    let mut members: Vec<&str> = members.lines().collect();
    members.sort_unstable();
    assert_eq!(members[0], "chelsea.webp");
    assert!(members[1] == "logo.webp" || members[1] == "logo.png", "{members:?}");
    world.run(&[&["chelsea.jpg", "coffee.png", "--webdataset", "set"], &args[..]].concat()).ok();
    let list = world.shell("tar tf set/000000.tar").text();
    assert_eq!(
        list.lines().collect::<Vec<_>>(),
        ["000000000.json", "000000000.webp", "000000001.json", "000000001.webp"]
    );
}

#[test]
fn options_are_checked() {
    let world = World::with(&["a.jpg"]);
    for (args, said) in [
        (&["--allow", "webp"][..], "--allow: it has no effect without -f auto"),
        (&["-f", "auto,webp"], "-f auto: not together with other formats"),
        (&["-f", "auto", "-q", "70"], "-f auto: not together with -q"),
        (&["-f", "auto", "--allow", "gif"], "--allow gif: GIF is read, not written"),
        (&["-f", "auto", "--allow", "wepb"], "did you mean webp?"),
        (&["-f", "auto", "--allow", "auto"], "a format is one of jpeg, png, webp"),
        (
            &["-f", "auto", "-o", "a.webp"],
            "-o a.webp: its extension asks for WebP, -f auto for a name that follows the format",
        ),
        (&["-f", "auto", "--name", "{stem}.png"], "its extension asks for PNG"),
        (&["-f", "auto", "--in-place"], "-f: not together with --in-place"),
    ] {
        world.run(&[&["a.jpg"], args].concat()).code(2).says(said);
    }
    assert_eq!(world.tree(), ["a.jpg"]);
}
