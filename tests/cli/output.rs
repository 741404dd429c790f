//! Where outputs go, what they are called, and in which format.

use crate::testenv::{World, decode};

#[test]
fn a_destination_directory_is_made_and_mirrors() {
    let world = World::with(&["in/a.jpg", "in/sub/b.jpg", "c.jpg"]);
    world.run(&["in", "c.jpg", "-o", "x/out"]).ok();
    assert_eq!(world.tree(), ["c.jpg", "in/a.jpg", "in/sub/b.jpg", "x/out/a.jpg", "x/out/c.jpg", "x/out/sub/b.jpg"]);
}

#[test]
fn a_pattern_mirrors_below_its_literal_prefix() {
    let world = World::with(&["in/2025/a.jpg", "in/2026/b.jpg"]);
    world.run(&["in/*/*.jpg", "-o", "out"]).ok();
    assert!(world.exists("out/2025/a.jpg") && world.exists("out/2026/b.jpg"), "{:?}", world.tree());
}

#[test]
fn relative_to_mirrors_below_a_folder() {
    let world = World::with(&["in/sub/deep/a.jpg"]);
    world.run(&["in/sub/deep/a.jpg", "--relative-to", "in", "-o", "out"]).ok();
    assert!(world.exists("out/sub/deep/a.jpg"), "{:?}", world.tree());
}

#[test]
fn what_a_destination_is() {
    let world = World::with(&["a.jpg"]);
    std::fs::create_dir(world.path("dir.png")).unwrap();
    for (destination, made) in [
        ("new", "new/a.jpg"),
        ("slash.png/", "slash.png/a.jpg"),
        ("dir.png", "dir.png/a.jpg"),
        ("b.png", "b.png"),
        ("b.WEBP", "b.WEBP"),
        ("deep/er/c.jpeg", "deep/er/c.jpeg"),
        ("with.dot", "with.dot/a.jpg"),
    ] {
        world.run(&["a.jpg", "-o", destination]).ok();
        assert!(world.exists(made), "-o {destination} made {:?}", world.tree());
    }
    assert!(world.read("b.png").starts_with(b"\x89PNG"));
    assert!(world.read("b.WEBP").starts_with(b"RIFF"));
}

#[test]
fn a_picture_destination_takes_one_of_everything() {
    let world = World::with(&["a.jpg", "b.jpg", "in/c.jpg"]);
    for args in [
        &["a.jpg", "b.jpg", "-o", "x.png"][..],
        &["in", "-o", "x.png"],
        &["*.jpg", "-o", "x.png"],
        &["a.jpg", "-s", "10,20", "-o", "x.png"],
        &["a.jpg", "-f", "png,webp", "-o", "x.png"],
        &["a.jpg", "-f", "webp", "-o", "x.png"],
    ] {
        world.run(args).code(2);
    }
    world.run(&["a.jpg", "-f", "png", "-o", "x.png"]).ok();
    world.no_leftovers(&["a.jpg", "b.jpg", "in/c.jpg", "x.png"]);
}

#[test]
fn one_picture_to_standard_output() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg", "-s", "48", "-f", "webp", "-o", "-"]);
    ran.ok();
    assert!(ran.stdout.starts_with(b"RIFF"));
    assert_eq!(decode(&ran.stdout).0, 48);
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn standard_output_has_one_user() {
    let world = World::with(&["a.jpg", "b.jpg"]);
    for args in [
        &["a.jpg", "-o", "-", "--print"][..],
        &["a.jpg", "-o", "-", "--report", "-"],
        &["a.jpg", "--print", "--report", "-"],
        &["a.jpg", "--print0", "--report", "-"],
        &["-", "--print"],
        &["-", "--report", "-"],
    ] {
        let ran = world.run(args);
        ran.code(2);
        assert!(ran.stdout.is_empty(), "{args:?}");
    }
    world.no_leftovers(&["a.jpg", "b.jpg"]);
}

#[test]
fn templates() {
    let world = World::new();
    world.sized("in/sub/a.b.jpg", 100, 80);
    for (template, made) in [
        ("{stem}.{ext}", "out/a.b.jpg"),
        ("{name}.{ext}", "out/a.b.jpg.jpg"),
        ("{stem}-{size}.{ext}", "out/a.b-50.jpg"),
        ("{stem}-{width}x{height}.{ext}", "out/a.b-50x40.jpg"),
        ("{dir}/{stem}.{ext}", "out/sub/a.b.jpg"),
        ("flat/{stem}.{ext}", "out/flat/a.b.jpg"),
        ("{size}/{dir}/{name}", "out/50/sub/a.b.jpg"),
    ] {
        let _ = std::fs::remove_dir_all(world.path("out"));
        world.run(&["in", "-s", "50", "--name", template, "-o", "out"]).ok();
        let files: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out")).collect();
        // A template that does not say {dir} still mirrors: only {dir} takes the folders' place.
        let mirrored = made.replace("out/", "out/sub/");
        assert!(files == [made] || files == [mirrored.as_str()], "{template} made {files:?}");
    }
}

#[test]
fn senseless_templates_are_usage_errors() {
    let world = World::with(&["a.jpg"]);
    for template in ["", "/abs/{stem}", "../{stem}", "x/../{stem}", "{stem}/", "{what}", "{stem", "stem}"] {
        let ran = world.run(&["a.jpg", "--name", template]);
        assert_eq!(ran.code, Some(2), "{template:?}: {}", ran.stderr);
    }
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn the_extension_keeps_its_spelling_where_it_is_valid() {
    let world = World::with(&["A.JPG", "b.jpeg", "c.jpe"]);
    world.run(&["A.JPG", "b.jpeg", "-o", "same"]).ok();
    assert!(world.exists("same/A.JPG") && world.exists("same/b.jpeg"), "{:?}", world.tree());
    world.run(&["A.JPG", "-f", "webp", "-o", "other"]).ok();
    assert!(world.exists("other/A.webp"), "{:?}", world.tree());
}

#[test]
fn several_sizes_name_the_size() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "-s", "10,20"]).ok();
    assert_eq!(world.tree(), ["a.jpg", "a_thumb_10.jpg", "a_thumb_20.jpg"]);
}

#[test]
fn variants_that_come_out_equal_collapse() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "-s", "800,1000,original", "--name", "{stem}-{width}.{ext}", "-o", "out"]).ok();
    assert_eq!(world.tree(), ["a.jpg", "out/a-96.jpg"]);
    world.run(&["a.jpg", "-s", "10,10", "-o", "twice"]).ok();
    let twice: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("twice")).collect();
    assert_eq!(twice.len(), 1, "{twice:?}");
}

#[test]
fn formats() {
    let world = World::with(&["a.jpg", "b.png", "c.webp"]);
    world.write("d.png", &oddities::png::rgba(96, 64));
    world.run(&[".", "-o", "keep"]).ok();
    for (name, start) in
        [("a.jpg", &b"\xff\xd8"[..]), ("b.png", b"\x89PNG"), ("c.webp", b"RIFF"), ("d.png", b"\x89PNG")]
    {
        assert!(world.read(format!("keep/{name}")).starts_with(start), "{name}");
    }
    world.run(&["a.jpg", "-f", "jpeg,png", "-f", "webp", "-o", "all"]).ok();
    let all: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("all")).collect();
    assert_eq!(all, ["all/a.jpg", "all/a.png", "all/a.webp"]);
    world.run(&["a.jpg", "-f", "no-such"]).code(2);
}

#[test]
fn a_format_that_cannot_be_written_becomes_jpeg_or_png() {
    let world = World::new();
    world.write("a.bmp", &oddities::others::bmp(96, 64));
    let ran = world.run(&["a.bmp", "-o", "out"]);
    if ran.code == Some(1) && (ran.stderr.contains("unsupported") || ran.stderr.contains("BMP")) {
        return crate::testenv::skip("this build does not read BMP");
    }
    ran.ok();
    assert!(world.read("out/a.jpg").starts_with(b"\xff\xd8"));
}

#[test]
fn quality_lossless_progressive_subsampling() {
    let world = World::new();
    world.write("a.png", &oddities::png::rgb(300, 200));
    world.write("g.jpg", &oddities::jpeg::grainy(300, 200, 95));
    let made = |args: &[&str]| {
        let all: Vec<&str> = args.iter().copied().chain(["-o", "-"]).collect();
        let ran = world.run(&all);
        ran.ok();
        ran.stdout
    };
    let sizes: Vec<usize> = ["20", "50", "80", "95"].iter().map(|q| made(&["g.jpg", "-q", q]).len()).collect();
    assert!(sizes.is_sorted() && sizes[0] < sizes[3], "{sizes:?}");
    assert_eq!(made(&["g.jpg"]), made(&["g.jpg", "-q", "80"]), "80 is the default");

    let lossless = made(&["a.png", "-f", "webp", "--lossless"]);
    assert_eq!(decode(&lossless).2, oddities::scene::rgb(300, 200));
    assert_ne!(made(&["g.jpg", "-f", "webp"]), made(&["g.jpg", "-f", "webp", "--lossless"]));

    let frame = |bytes: &[u8]| {
        let mut at = 2;
        while !matches!(bytes[at + 1], 0xc0..=0xc2) {
            at += 2 + u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]) as usize;
        }
        (bytes[at + 1], bytes[at + 11])
    };
    assert_eq!(frame(&made(&["g.jpg", "--progressive"])).0, 0xc2);
    assert_eq!(frame(&made(&["g.jpg", "--subsample", "444"])).1, 0x11);
    assert_eq!(frame(&made(&["g.jpg", "--subsample", "422"])).1, 0x21);
    assert_eq!(frame(&made(&["g.jpg", "--subsample", "420"])).1, 0x22);
    made(&["g.jpg", "--subsample", "auto"]);
}

#[test]
fn outputs_that_collide() {
    let world = World::with(&["1/x.jpg", "2/x.jpg", "a.jpg", "a.png"]);
    let ran = world.run(&["1/x.jpg", "2/x.jpg", "-o", "out", "-j8"]);
    ran.code(1).says("2/x.jpg").says("1/x.jpg");
    assert!(world.exists("out/x.jpg"));
    world.run(&["a.jpg", "a.png", "-f", "webp", "-o", "out2"]).code(1).says("{name}.{ext}");
    world.run(&["a.jpg", "a.png", "-f", "webp", "--name", "{name}.{ext}", "-o", "out3"]).ok();
    assert!(world.exists("out3/a.jpg.webp") && world.exists("out3/a.png.webp"));
}

#[test]
fn the_first_of_two_is_always_the_same() {
    let world = World::new();
    for at in 0..20 {
        world.sized(format!("{at:02}/x.jpg"), 60 + at, 60);
    }
    for jobs in ["-j1", "-j8", "-j8"] {
        let args: Vec<String> = (0..20).map(|at| format!("{at:02}/x.jpg")).collect();
        let mut all: Vec<&str> = args.iter().map(String::as_str).collect();
        all.extend(["-o", "out/", jobs]);
        world.run(&all).code(1);
        assert_eq!(world.size("out/x.jpg"), (60, 60), "{jobs}");
        std::fs::remove_dir_all(world.path("out")).unwrap();
    }
}
