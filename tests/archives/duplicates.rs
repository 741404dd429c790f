//! Pictures that are left out because an earlier one is the same (`--drop-duplicates`).

use std::path::Path;

use crate::stage::{Stage, jpeg, stderr};
use serde_json::Value;
use thumbs::internal::TarReader;

const PHOTOS: [&str; 9] = [
    "astronaut.jpg",
    "camera.jpg",
    "chelsea.jpg",
    "coffee.png",
    "hopper.jpg",
    "hubble.jpg",
    "raccoon.jpg",
    "retina.jpg",
    "rocket.webp",
];

fn photo(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos").join(name)).unwrap()
}

fn lines(report: &[u8]) -> Vec<Value> {
    report.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
}

/// The sources that were skipped, with the reason and the first that is the same.
fn dropped(report: &[u8]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let skipped = lines(report).into_iter().filter(|line| line["type"] == "skipped");
    skipped.map(|line| (text(&line["source"]), text(&line["reason"]), text(&line["duplicate_of"]))).collect()
}

fn sources(tar: &[u8]) -> Vec<String> {
    let (mut tar, mut found) = (TarReader::new(tar), Vec::new());
    while let Some(entry) = tar.next_entry().unwrap() {
        let mut content = Vec::new();
        tar.read_into(&mut content, u64::MAX).unwrap();
        if entry.name.ends_with(b".json") {
            let json: Value = serde_json::from_slice(&content).unwrap();
            found.push(json["source"].as_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn of_the_same_bytes_the_first_is_made_with_any_number_of_workers() {
    let stage = Stage::new();
    for i in 0..40_u32 {
        stage.write(format!("in/{i:02}.jpg"), &jpeg(80, 60, i % 7));
    }
    let mut last = None;
    for jobs in ["1", "8"] {
        let out = format!("out{jobs}/");
        let args = ["in", "-s", "32", "-o", &out, "-j", jobs, "--drop-duplicates", "sha256", "--report", "-"];
        let report = stage.ends(0, &args).stdout;
        assert_eq!(stage.names(&out), (0..7).map(|i| format!("{i:02}.jpg")).collect::<Vec<_>>());
        let dropped = dropped(&report);
        assert_eq!(dropped.len(), 33);
        assert!(dropped.contains(&("in/15.jpg".into(), "same-bytes".into(), "in/01.jpg".into())), "{dropped:?}");
        assert_eq!(*last.get_or_insert_with(|| dropped.clone()), dropped);
        // A rerun finds the same.
        assert_eq!(self::dropped(&stage.ends(0, &args).stdout), dropped);
    }
    let planned = stage.ends(0, &["in", "-s", "32", "-o", "new/", "-n", "--drop-duplicates", "sha256"]);
    assert_eq!(String::from_utf8(planned.stdout).unwrap().lines().count(), 7);
}

#[test]
fn the_same_bytes_do_not_fight_for_a_name() {
    let stage = Stage::new();
    for name in ["1/x.jpg", "2/x.jpg"] {
        stage.write(name, &jpeg(80, 60, 1));
    }
    let args = ["1/x.jpg", "2/x.jpg", "-s", "32", "-o", "out/"];
    stage.ends(1, &args);
    stage.ends(0, &[&args[..], &["--drop-duplicates", "sha256"]].concat());
    // Also where the first output exists already.
    stage.ends(0, &[&args[..], &["--drop-duplicates", "sha256", "--existing", "skip"]].concat());
}

#[test]
fn a_picture_that_fails_makes_no_other_a_duplicate() {
    let stage = Stage::new();
    stage.write("a/x.jpg", &jpeg(80, 60, 1));
    stage.write("b/x.jpg", &jpeg(80, 60, 2));
    stage.write("c/y.jpg", &jpeg(80, 60, 2));
    let args = ["a/x.jpg", "b/x.jpg", "c/y.jpg", "-s", "32", "-o", "out/", "--drop-duplicates", "sha256"];
    let ran = stage.ends(1, &args);
    assert!(stderr(&ran).contains("b/x.jpg: failed"), "{}", stderr(&ran));
    assert_eq!(stage.names("out"), ["x.jpg", "y.jpg"]);
}

#[test]
fn photographs_that_look_the_same_are_left_out() {
    let stage = Stage::new();
    for name in PHOTOS {
        stage.write(format!("in/a/{name}"), &photo(name));
    }
    for (dir, options) in [
        ("b", &["-s", "300", "-q", "60"][..]),
        ("c", &["-s", "original", "-q", "50"]),
        ("d", &["-s", "200", "-f", "webp"]),
        ("e", &["-s", "150", "-f", "png"]),
        ("f", &["-s", "120", "-f", "jpeg", "-q", "40"]),
    ] {
        stage.ends(0, &[&["in/a", "-o", &format!("in/{dir}/")], options].concat());
    }
    let mut last = None;
    for (options, out) in
        [(["-s", "256", "-j", "1"], "o1/"), (["-s", "256", "-j", "4"], "o2/"), (["-s", "90,400", "-j", "2"], "o3/")]
    {
        let same = ["--drop-duplicates", "perceptual", "--report", "-"];
        let report = stage.ends(0, &[&["in", "-o", out][..], &options, &same].concat()).stdout;
        let done: Vec<Value> = lines(&report).into_iter().filter(|line| line["type"] == "done").collect();
        let made: Vec<&str> = done.iter().map(|line| line["source"].as_str().unwrap()).collect();
        assert_eq!(made, PHOTOS.map(|name| format!("in/a/{name}")), "{out}");
        let dropped = dropped(&report);
        assert_eq!(dropped.len(), 5 * PHOTOS.len());
        for (source, reason, first) in &dropped {
            let stem = |path: &str| Path::new(path).file_stem().unwrap().to_owned();
            assert_eq!((reason.as_str(), stem(source)), ("looks-alike", stem(first)), "{source}");
        }
        assert_eq!(*last.get_or_insert_with(|| dropped.clone()), dropped, "{out}");
    }
    // Also where the pixels are not decoded for the output.
    let args =
        ["in/a/hopper.jpg", "in/c/hopper.jpg", "-s", "original", "--lossless", "--relative-to", "in", "-o", "l/"];
    stage.ends(0, &[&args[..], &["--drop-duplicates", "phash"]].concat());
    assert_eq!((stage.names("l"), stage.names("l/a")), (vec!["a".to_owned()], vec!["hopper.jpg".to_owned()]));
}

#[test]
fn flat_pictures_are_the_same_only_by_their_bytes() {
    let stage = Stage::new();
    for (name, colour) in [("a", 10), ("b", 120), ("c", 10)] {
        let mut bytes = Vec::new();
        let pixels = vec![colour; 64 * 64];
        jpeg_encoder::Encoder::new(&mut bytes, 80).encode(&pixels, 64, 64, jpeg_encoder::ColorType::Luma).unwrap();
        stage.write(format!("in/{name}.jpg"), &bytes);
    }
    let args = ["in", "-s", "32", "-o", "out/", "--drop-duplicates", "perceptual", "--report", "-"];
    let dropped = dropped(&stage.ends(0, &args).stdout);
    assert_eq!(dropped, [("in/c.jpg".into(), "same-bytes".into(), "in/a.jpg".into())]);
}

#[test]
fn reruns_of_a_data_set_drop_the_same() {
    for how in ["sha256", "perceptual"] {
        let stage = Stage::new();
        for (i, name) in PHOTOS.iter().enumerate() {
            stage.write(format!("in/{i}.jpg"), &photo(name));
        }
        // Of each, a copy comes after all others.
        for (i, name) in PHOTOS[..5].iter().enumerate() {
            stage.write(format!("in/x{i}.jpg"), &photo(name));
        }
        if how == "perceptual" {
            stage.ends(0, &["in/6.jpg", "-s", "300", "-f", "jpeg", "-q", "70", "-o", "in/y.jpg"]);
        }
        stage.write("in/z.jpg", &jpeg(80, 60, 3));
        let args = ["in", "-s", "128", "--webdataset", "set", "--shard-size", "4", "--drop-duplicates", how];
        let report = stage.ends(0, &[&args[..], &["--report", "-"]].concat()).stdout;
        let first = dropped(&report);
        assert_eq!(first.len(), if how == "sha256" { 5 } else { 6 }, "{first:?}");
        assert_eq!(first[0], ("in/x0.jpg".into(), "same-bytes".into(), "in/0.jpg".into()));
        let shards: Vec<_> = stage.names("set").iter().map(|name| stage.read(format!("set/{name}"))).collect();
        assert_eq!(shards.iter().map(|tar| sources(tar).len()).collect::<Vec<_>>(), [4, 4, 2]);
        // Nothing is missing; then each shard is, and the others say what it must not hold.
        for missing in [None, Some(0), Some(1), Some(2)] {
            if let Some(missing) = missing {
                std::fs::remove_file(stage.path(format!("set/{missing:06}.tar"))).unwrap();
            }
            let report = stage.ends(0, &[&args[..], &["--report", "-"]].concat()).stdout;
            let again: Vec<_> = dropped(&report).into_iter().filter(|(_, reason, _)| reason != "exists").collect();
            assert_eq!(again, first, "{missing:?}");
            let now: Vec<_> = stage.names("set").iter().map(|name| stage.read(format!("set/{name}"))).collect();
            assert!(now == shards, "{missing:?}");
        }
        let other = ["in", "-s", "128", "--webdataset", "set", "--shard-size", "4"];
        assert!(stderr(&stage.ends(3, &other)).contains("made with other options"));
    }
}

#[test]
fn runs_that_do_not_open_all_pictures_find_no_duplicates() {
    let stage = Stage::with_pictures(1);
    for (args, words) in [
        (&["-o", "out/", "--update"][..], "not with --update, which does not open unchanged pictures"),
        (&["-o", "out/", "--existing", "skip"], "not with --existing skip, which does not decode what it skips"),
        (&["--in-place"], "not with --in-place, which has no outputs to leave out"),
    ] {
        let ran = stage.ends(2, &[&["in", "--drop-duplicates", "perceptual"], args].concat());
        assert!(stderr(&ran).contains(words), "{}", stderr(&ran));
    }
}
