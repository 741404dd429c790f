//! What a page shows while a picture loads.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::testenv::{World, decode, report};

/// The arguments of a command line without quotes.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

const KINDS: [&str; 4] = ["thumbhash", "blurhash", "color", "lqip"];

/// The photographs of this repository.
fn photos() -> World {
    let world = World::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        world.write(Path::new("in").join(path.file_name().unwrap()), &std::fs::read(&path).unwrap());
    }
    world
}

fn done(world: &World, args: &[&str]) -> Vec<Value> {
    let ran = world.run(args);
    ran.ok();
    let mut lines = report(&ran.stdout);
    lines.retain(|line| line["type"] == "done");
    lines.sort_by_key(|line| line["source"].as_str().unwrap().to_owned());
    lines
}

#[test]
fn the_report_holds_every_kind_that_is_asked_for() {
    let world = photos();
    let all = done(
        &world,
        &["in", "-s", "256", "-o", "out", "--placeholder", "thumbhash,blurhash,color,lqip", "--report", "-"],
    );
    assert_eq!(all.len(), 9);
    for line in &all {
        let texts = KINDS.map(|kind| line[kind].as_str().unwrap());
        assert!((20..=40).contains(&texts[0].len()) && texts[1].len() == 28, "{texts:?}");
        assert!(texts[2].len() == 7 && texts[2].starts_with('#'), "{texts:?}");
        assert!(texts[3].len() < 300, "{} bytes", texts[3].len());
        let tiny = STANDARD.decode(texts[3].strip_prefix("data:image/webp;base64,").unwrap()).unwrap();
        let (width, height, _) = decode(&tiny);
        let output = &line["outputs"][0];
        let ratio = output["width"].as_f64().unwrap() / output["height"].as_f64().unwrap();
        assert!((f64::from(width) / f64::from(height) / ratio - 1.0).abs() < 0.06, "{width}x{height}");
    }
    let one = done(&world, &["in", "-s", "256", "-o", "out", "--placeholder", "Color", "--report", "-"]);
    for (one, all) in one.iter().zip(&all) {
        assert_eq!(one["color"], all["color"]);
        assert!(["thumbhash", "blurhash", "lqip"].iter().all(|kind| one.get(*kind).is_none()), "{one}");
    }
    let none = done(&world, &["in", "-s", "256", "-o", "out", "--report", "-"]);
    assert!(none.iter().all(|line| KINDS.iter().all(|kind| line.get(*kind).is_none())));
}

#[test]
fn the_dominant_colour_is_one_that_a_person_would_name() {
    let world = photos();
    let lines = done(&world, &["in", "-s", "256", "-o", "out", "--placeholder", "color", "--report", "-"]);
    let color = |name: &str| {
        let line = lines.iter().find(|line| line["source"].as_str().unwrap().contains(name)).unwrap();
        let text = line["color"].as_str().unwrap().to_owned();
        [1, 3, 5].map(|at| i32::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap()))
    };
    let [r, g, b] = color("retina");
    assert!(r > 2 * b && r > g + 40, "the retina is orange: {r} {g} {b}");
    let [r, g, b] = color("hubble");
    assert!(r.max(g).max(b) < 60, "space is dark: {r} {g} {b}");
    let [r, g, b] = color("camera");
    assert!(r == g && g == b, "a grey picture has a grey: {r} {g} {b}");
}

#[test]
fn placeholders_are_of_the_smallest_output_and_change_no_other() {
    let world = World::with(&["a.jpg"]);
    let both = done(
        &world,
        &words("a.jpg -s 80x40,20x20 --fit cover -f png -o both/ --placeholder thumbhash,lqip --report -"),
    );
    let small =
        done(&world, &words("a.jpg -s 20x20 --fit cover -f png -o one/ --placeholder thumbhash,lqip --report -"));
    let large = done(
        &world,
        &words("a.jpg -s 80x40 --fit cover -f png -o one/ --placeholder thumbhash,lqip --report - --name large.png"),
    );
    // The decoder reduces by another factor for the larger size, so that the hash differs a little; the square shows.
    let side =
        |line: &Value| decode(&STANDARD.decode(line["lqip"].as_str().unwrap().split(',').nth(1).unwrap()).unwrap());
    assert_eq!((side(&both[0]).0, side(&both[0]).1), (16, 16));
    assert_eq!((side(&small[0]).0, side(&small[0]).1), (16, 16));
    assert_eq!((side(&large[0]).0, side(&large[0]).1), (16, 8));
    world.run(&["a.jpg", "-s", "20x20", "--fit", "cover", "-f", "png", "-o", "plain/"]).ok();
    assert_eq!(world.read("one/a.png"), world.read("plain/a.png"));
}

#[test]
fn a_picture_without_loss_has_placeholders_too() {
    let world = World::with(&["a.jpg"]);
    let lines = done(
        &world,
        &["a.jpg", "-s", "original", "--lossless", "-o", "out/", "--placeholder", "color,lqip", "--report", "-"],
    );
    assert!(lines[0]["color"].is_string() && lines[0]["lqip"].is_string(), "{}", lines[0]);
}

#[test]
fn tables_and_data_sets_hold_placeholders() {
    let world = World::with(&["in/a.jpg"]);
    world.run(&["in", "-s", "32", "-o", "out", "--placeholder", "blurhash,color", "--report", "r.csv"]).ok();
    let table = String::from_utf8(world.read("r.csv")).unwrap();
    let mut rows = table.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let (head, row) = (rows.next().unwrap(), rows.next().unwrap());
    let at = |name: &str| row[head.iter().position(|column| *column == name).unwrap()];
    assert!(at("blurhash").len() == 28 && at("color").starts_with('#') && at("lqip").is_empty(), "{row:?}");
    let set = ["in", "-s", "32", "--webdataset", "set", "--placeholder", "color,thumbhash"];
    world.run(&set).ok();
    let shard = String::from_utf8_lossy(&world.read("set/000000.tar")).into_owned();
    assert!(shard.contains("\"color\":\"#") && shard.contains("\"thumbhash\":\"") && !shard.contains("lqip"));
    world.run(&set[..5]).code(3).says("made with other options");
    world.write("t.csv", b"url,color\nin/a.jpg,red\n");
    let kept = ["--table", "t.csv", "--keep-columns", "color", "--webdataset", "kept", "-s", "32"];
    world.run(&kept).ok();
    world.run(&[&kept[..], &["--placeholder", "color"]].concat()).code(2).says("--keep-columns color");
}

#[test]
fn an_update_makes_all_again_when_other_placeholders_are_asked_for() {
    let world = World::with(&["in/a.jpg"]);
    let base = ["in", "-s", "32", "-o", "out", "--update", "--report", "-"];
    let with = [&base[..], &["--placeholder", "color"]].concat();
    assert_eq!(done(&world, &base).len(), 1);
    assert_eq!(done(&world, &with).len(), 1);
    assert_eq!(done(&world, &with).len(), 0);
}

#[test]
fn what_is_compressed_in_place_stays_so_with_placeholders() {
    let world = World::new();
    world.write(
        "a.jpg",
        &std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos/camera.jpg")).unwrap(),
    );
    world.run(&["a.jpg", "--in-place", "-q", "30"]).ok();
    let bytes = world.read("a.jpg");
    let ran = world.run(&["a.jpg", "--in-place", "-q", "30", "--placeholder", "color", "--report", "-"]);
    assert_eq!(report(&ran.ok().stdout)[0]["reason"], "compressed", "{:?}", ran.stdout);
    assert_eq!(world.read("a.jpg"), bytes);
}

#[test]
fn placeholders_that_nobody_sees_are_no_secret() {
    let world = World::with(&["a.jpg"]);
    world.run(&["a.jpg", "--placeholder", "color"]).ok().says("--placeholder has no effect");
    assert_eq!(world.run(&["a.jpg", "--placeholder", "color", "--report", "r"]).ok().stderr, "");
    world.run(&["a.jpg", "--placeholder", "colr"]).code(2).says("did you mean color?");
}
