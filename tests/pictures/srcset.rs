//! Files that tell a page of all outputs.

use std::path::Path;

use serde_json::Value;

use crate::testenv::{World, report};

/// The arguments of a command line without quotes.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

fn json(world: &World, name: &str) -> Vec<Value> {
    let page: Value = serde_json::from_slice(&world.read(name)).unwrap();
    assert_eq!(page["generator"], "thumbs");
    page["pictures"].as_array().unwrap().clone()
}

fn sources(pictures: &[Value]) -> Vec<&str> {
    let mut sources: Vec<&str> = pictures.iter().map(|picture| picture["source"].as_str().unwrap()).collect();
    sources.sort_unstable();
    sources
}

/// A JPEG with a description in EXIF.
fn described(text: &str) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0".to_vec();
    exif.extend((text.len() as u32).to_le_bytes());
    exif.extend(26_u32.to_le_bytes());
    exif.extend([0; 4]);
    exif.extend(text.as_bytes());
    let plain = oddities::jpeg::plain(300, 200);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

#[test]
fn each_picture_has_its_variants_its_size_and_its_words() {
    let world = World::new();
    world.write("in/a b/boat, red.jpg", &described("A <red> \"boat\" & more"));
    world.sized("in/small.png", 150, 100);
    let run = words("in -s 100x,200x,400x -f webp,jpeg -o site/img --srcset site/img.json --placeholder color");
    assert_eq!(world.run(&run).ok().stderr, "");
    let pictures = json(&world, "site/img.json");
    assert_eq!(sources(&pictures), ["in/a b/boat, red.jpg", "in/small.png"]);
    let boat = &pictures[0];
    assert_eq!((&boat["width"], &boat["height"], &boat["ratio"]), (&200.into(), &133.into(), &1.5038.into()));
    assert_eq!(boat["alt"], "A <red> \"boat\" & more");
    assert_eq!(boat["src"], "img/a%20b/boat%2C%20red-200.jpg");
    assert!(boat["color"].as_str().unwrap().starts_with('#'));
    let types: Vec<&str> = boat["sources"].as_array().unwrap().iter().map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["image/webp", "image/jpeg"]);
    assert_eq!(
        boat["sources"][0]["srcset"],
        "img/a%20b/boat%2C%20red-100.webp 100w, img/a%20b/boat%2C%20red-200.webp 200w"
    );
    for variant in pictures.iter().flat_map(|picture| picture["variants"].as_array().unwrap()) {
        let path = variant["path"].as_str().unwrap().replace("%20", " ").replace("%2C", ",");
        let name = format!("site/{path}");
        assert_eq!(world.read(&name).len() as u64, variant["bytes"], "{name}");
        let (width, height) = world.size(&name);
        assert_eq!(
            (u64::from(width), u64::from(height)),
            (variant["width"].as_u64().unwrap(), variant["height"].as_u64().unwrap())
        );
    }
    let small = &pictures[1];
    assert_eq!(
        (small["variants"].as_array().unwrap().len(), &small["alt"]),
        (2, &Value::Null),
        "200 and 400 are larger"
    );
    assert!(!world.tree().iter().any(|name| name.contains(".thumbs-") && name.ends_with(".tmp")));
}

#[test]
fn sizes_that_are_left_out_are_named_and_the_first_is_always_made() {
    let world = World::new();
    world.sized("in/a.jpg", 150, 100);
    let run = ["in", "-s", "100x,200x,400x", "-o", "out", "--srcset", "out.json", "--report", "-"];
    let lines = report(&world.run(&run).ok().stdout);
    let notes = lines[0]["notes"].to_string();
    assert!(notes.contains("200x left out") && notes.contains("400x left out") && !notes.contains("100x"), "{notes}");
    world.run(&["in", "-s", "200x,400x", "-o", "large", "--srcset", "large.json"]).ok();
    assert_eq!(json(&world, "large.json")[0]["width"], 150);
    assert_eq!(world.tree().iter().filter(|name| name.starts_with("large/")).count(), 1);
}

#[test]
fn html_is_ready_to_be_pasted() {
    let world = World::new();
    world.write("in/x\"><script>.jpg", &described("say \"<b>\""));
    let run = words("in -s 100x,200x -f avif,webp,jpeg -o out --srcset page.html --placeholder color,lqip,thumbhash");
    world.run(&run).ok();
    let page = String::from_utf8(world.read("page.html")).unwrap();
    let lines: Vec<&str> = page.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("<!--"), "{page}");
    let at = |text: &str| lines[1].find(text).unwrap_or_else(|| panic!("{text} in {}", lines[1]));
    assert!(
        at("image/avif") < at("image/webp") && at("image/webp") < at("<img src=\"out/x%22%3E%3Cscript%3E-200.jpg\"")
    );
    at("width=\"200\" height=\"133\" alt=\"say &quot;&lt;b&gt;&quot;\" loading=\"lazy\"");
    at("data-thumbhash=\"");
    at("style=\"background: url(data:image/webp;base64,");
    assert!(!page.contains("<script>") && lines[1].ends_with("</picture>"));
}

#[test]
fn an_update_keeps_the_lines_of_pictures_that_are_up_to_date() {
    for page in ["page.json", "page.html"] {
        let world = World::with(&["in/a.jpg", "in/b.jpg", "in/c.jpg"]);
        let run = ["in", "-s", "32x,64x", "-o", "out", "--srcset", page, "--update", "--report", "-"];
        let done = |args: &[&str]| {
            let ran = world.run(args);
            report(&ran.ok().stdout).iter().filter(|line| line["type"] == "done").count()
        };
        assert_eq!(done(&run), 3);
        let first = String::from_utf8(world.read(page)).unwrap();
        assert_eq!(done(&run), 0);
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&String::from_utf8(world.read(page)).unwrap()), lines(&first), "nothing is made, all is told");
        world.sized("in/b.jpg", 120, 90);
        world.sized("in/d.jpg", 80, 60);
        std::fs::remove_file(world.path("in/c.jpg")).unwrap();
        assert_eq!(done(&run), 2);
        let text = String::from_utf8(world.read(page)).unwrap();
        for (name, there) in [("in/a.jpg", true), ("in/b.jpg", true), ("in/c.jpg", false), ("in/d.jpg", true)] {
            assert_eq!(text.matches(name).count(), usize::from(there), "{name} in {text}");
        }
        // Another size: all variants are told, not only the new ones.
        let more = ["in", "-s", "16x,32x,64x", "-o", "out", "--srcset", page, "--update", "--report", "-"];
        assert_eq!(done(&more), 3);
        assert_eq!(String::from_utf8(world.read(page)).unwrap().matches("a-32.jpg 32w").count(), 1);
        assert!(String::from_utf8(world.read(page)).unwrap().contains("a-16.jpg 16w"));
        // A file that went away cannot be completed, and nobody should think so.
        std::fs::remove_file(world.path(page)).unwrap();
        world.run(&more).code(3).says("3 pictures are up to date, and the file of the run before lacks them");
    }
}

#[test]
fn names_with_a_digest_change_with_the_source_and_the_options_alone() {
    let world = World::with(&["in/a.jpg"]);
    world.sized("in/b.jpg", 120, 80);
    let names = |args: &[&str]| {
        let ran = world.run(&[&["in", "-o", "out", "--hash", "--print"][..], args].concat());
        ran.ok();
        ran.lines()
    };
    let first = names(&["-s", "32"]);
    let is_digest = |name: &str| name.len() == "out/a.0123456789abcdef.jpg".len() && name.ends_with(".jpg");
    assert!(first.iter().all(|name| is_digest(name)) && first[0][6..] != first[1][6..], "{first:?}");
    assert_eq!(names(&["-s", "32", "--existing", "replace", "-j", "1"]), first, "the same again");
    assert_eq!(names(&["-s", "32", "--existing", "replace", "--placeholder", "color", "--report", "r"]), first);
    assert_ne!(names(&["-s", "33"]), first);
    assert_ne!(names(&["-s", "32", "-q", "70"]), first);
    std::fs::copy(world.path("in/a.jpg"), world.path("in/c.jpg")).unwrap();
    let more = names(&["-s", "32", "--existing", "replace"]);
    assert_eq!(more[2], first[0].replace("a.", "c."), "the same content");
    assert_eq!(
        names(&["-s", "24,32", "--existing", "replace"])[1].replace("_32", ""),
        first[0],
        "another size beside it"
    );
    assert!(names(&["-s", "32", "--name", "{hash}/{stem}.png"])[0].ends_with("/a.png"));
    world.run(&["in/a.jpg", "-o", "x.jpg", "--hash"]).code(2).says("--hash: it has no effect");
    world.run(&["in/a.jpg", "--in-place", "--hash"]).code(2).says("--hash: not together");
}

#[test]
fn an_update_follows_names_with_digests() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    let run = ["in", "-s", "32x", "-o", "out", "--hash", "--srcset", "page.json", "--update", "--prune", "--print"];
    let made = || world.run(&run).ok().lines();
    let files = || {
        world.tree().into_iter().filter(|name| name.starts_with("out/") && name.ends_with(".jpg")).collect::<Vec<_>>()
    };
    let first = made();
    assert!(first.len() == 2 && made().is_empty());
    world.sized("in/b.jpg", 120, 80);
    let second = made();
    assert!(second.len() == 1 && !first.contains(&second[0]), "{second:?}");
    assert_eq!(files(), [first[0].clone(), second[0].clone()], "the name before is pruned");
    let told: Vec<String> = json(&world, "page.json").iter().map(|p| p["src"].as_str().unwrap().to_owned()).collect();
    assert!(told.len() == 2 && told.contains(&second[0]) && told.contains(&first[0]), "{told:?}");
}

#[test]
fn a_file_appears_only_at_the_end_of_a_whole_run() {
    let world = World::with(&["in/a.jpg", "in/b.jpg"]);
    let run = ["in", "-s", "32x", "-o", "out", "--srcset", "page.json"];
    world.run(&run).ok();
    let before = world.read("page.json");
    world.write("in/0.jpg", b"words");
    world.run(&[&run[..], &["--fail-fast", "-j", "1"]].concat()).code(1);
    assert_eq!(world.read("page.json"), before, "a run that stops leaves the file as it was");
    world.run(&run).code(1);
    assert_eq!(sources(&json(&world, "page.json")), ["in/a.jpg", "in/b.jpg"], "what failed is left out");
    world.run(&[&run[..], &["-n"]].concat());
    world.write("empty/x.txt", b"");
    world.run(&["empty", "-s", "32x", "-o", "out", "--srcset", "none.json"]).ok();
    assert_eq!(json(&world, "none.json"), [] as [Value; 0]);
}

#[test]
fn the_order_is_that_of_the_inputs() {
    let world = World::new();
    for name in ["in/a.jpg", "in/b.png", "in/c.webp", "in/d.jpg", "in/e.jpg"] {
        world.sized(name, if name < "in/c" { 900 } else { 20 }, 20);
    }
    let of = |jobs: &str| {
        world.run(&["in", "-s", "16x", "-o", "out", "--srcset", "page.json", "-j", jobs, "--existing", "replace"]).ok();
        world.read("page.json")
    };
    assert_eq!(of("1"), of("4"));
}

#[test]
fn nothing_of_anybody_else_is_replaced() {
    let world = World::with(&["in/a.jpg"]);
    world.write("index.html", b"<html>mine</html>\n");
    let base = ["in", "-s", "32x", "-o", "out", "--srcset"];
    world.run(&[&base[..], &["index.html"]].concat()).code(2).says("thumbs did not make it");
    assert_eq!(world.read("index.html"), b"<html>mine</html>\n");
    world.run(&[&base[..], &["page.txt"]].concat()).code(2).says(".json or .html");
    world.run(&["in", "-s", "32x", "--srcset", "p.json"]).code(2).says("name one by -o");
    world.run(&["in", "-s", "32x", "-o", "a.tar", "--srcset", "p.json"]).code(2).says("name one by -o");
    world.run(&["in", "-s", "32x", "--trim", "10", "-o", "out", "--srcset", "p.json"]).code(2).says("use {size}");
    assert!(!Path::new(&world.path("out")).exists() && !world.exists("p.json"));
}
