//! Data sets in shards.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use crate::stage::{Stage, has, jpeg, stderr};
use sha2::Digest;
use thumbs::internal::TarReader;

fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut tar = TarReader::new(bytes);
    let mut members = Vec::new();
    while let Some(entry) = tar.next_entry().unwrap() {
        let mut content = Vec::new();
        tar.read_into(&mut content, u64::MAX).unwrap();
        members.push((String::from_utf8(entry.name).unwrap(), content));
    }
    members
}

#[test]
fn shards_hold_pictures_and_what_is_known_of_them() {
    let stage = Stage::with_pictures(25);
    stage.write("in/0/notes.txt", b"no picture");
    stage.ends(0, &["in", "-s", "32x16", "--webdataset", "set", "--shard-size", "10", "-j", "1"]);
    assert_eq!(stage.names("set"), ["000000.tar", "000001.tar", "000002.tar"]);
    let mut seen = BTreeMap::new();
    for (shard, samples) in [("set/000000.tar", 10), ("set/000001.tar", 10), ("set/000002.tar", 5)] {
        let members = members(&stage.read(shard));
        assert_eq!(members.len(), 2 * samples);
        assert!(members.is_sorted_by_key(|m| &m.0));
        for pair in members.chunks(2) {
            let (key, _) = pair[0].0.split_once('.').unwrap();
            assert_eq!((pair[0].0.clone(), pair[1].0.clone()), (format!("{key}.jpg"), format!("{key}.json")));
            let json: serde_json::Value = serde_json::from_slice(&pair[1].1).unwrap();
            let source = json["source"].as_str().unwrap().to_owned();
            let digest: String = sha2::Sha256::digest(stage.read(&source)).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(json["sha256"], digest);
            assert_eq!((&json["key"], &json["original_height"]), (&key.into(), &48.into()));
            assert!(json["width"].as_u64().unwrap() <= 32 && json["height"] == 16);
            seen.insert(source, key.to_owned());
        }
    }
    assert_eq!(seen.len(), 25);
    if has("tar") {
        let list =
            String::from_utf8(stage.other("tar", &["--utc", "--numeric-owner", "-tvf", "set/000002.tar"])).unwrap();
        assert!(list.lines().all(|l| l.starts_with("-rw-r--r-- 0/0 ") && l.contains(" 1970-01-01 00:00 ")), "{list}");
    }
    stage.ends(0, &["in", "-s", "32x16", "--webdataset", "set8", "--shard-size", "10", "-j", "8"]);
    stage.other("diff", &["-r", "set", "set8"]);
}

#[test]
fn a_further_run_makes_what_is_missing() {
    let stage = Stage::with_pictures(35);
    let run = ["in", "-s", "16", "--webdataset", "set", "--shard-size", "10"];
    stage.ends(0, &run);
    let before: Vec<_> = stage.names("set").iter().map(|n| stage.read(format!("set/{n}"))).collect();
    let inode = |n: &str| std::fs::metadata(stage.path(n)).unwrap().ino();
    let kept = (inode("set/000000.tar"), inode("set/000003.tar"));
    std::fs::remove_file(stage.path("set/000001.tar")).unwrap();
    std::fs::remove_file(stage.path("set/000002.tar")).unwrap();
    let ran = stage.ends(0, &[&run[..], &["--report", "-"]].concat());
    let report = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(report.lines().filter(|l| l.contains(r#""type":"skipped""#) && l.contains("exists")).count(), 15);
    assert!(report.contains("set/000001.tar/000000010.jpg"), "{report}");
    let after: Vec<_> = stage.names("set").iter().map(|n| stage.read(format!("set/{n}"))).collect();
    assert!(before == after);
    assert_eq!(kept, (inode("set/000000.tar"), inode("set/000003.tar")));
    // Nothing is missing; then more pictures come.
    stage.ends(0, &run);
    stage.write("in/z/new.jpg", &jpeg(30, 20, 3));
    stage.ends(0, &run);
    assert_eq!(stage.names("set").len(), 5);
    // Other options, and other pictures before the old ones.
    let ran = stage.ends(3, &["in", "-s", "17", "--webdataset", "set"]);
    assert!(stderr(&ran).contains("made with other options"), "{}", stderr(&ran));
    stage.write("in/0/000a.jpg", &jpeg(30, 20, 3));
    let ran = stage.ends(3, &run);
    assert!(stderr(&ran).contains("make a new data set"), "{}", stderr(&ran));
    assert_eq!(stage.names("set").len(), 5);
}

#[test]
fn failures_are_left_out_and_shards_are_whole() {
    let stage = Stage::with_pictures(12);
    stage.write("in/0/003bad.jpg", b"no picture");
    stage.ends(1, &["in", "-s", "16", "--webdataset", "set", "--shard-size", "5"]);
    let count = |n: &str| members(&stage.read(n)).len() / 2;
    assert_eq!((count("set/000000.tar"), count("set/000001.tar"), count("set/000002.tar")), (5, 5, 2));
    // By bytes; every shard but one of a single sample keeps to it.
    stage.ends(1, &["in", "-s", "48", "--webdataset", "bytes", "--shard-size", "9K"]);
    assert!(stage.names("bytes").len() > 2);
    for name in stage.names("bytes") {
        assert!(stage.read(format!("bytes/{name}")).len() <= 9 << 10, "{name}");
    }
    for wrong in [
        &["in", "--webdataset", "x", "-o", "y"][..],
        &["in", "--webdataset", "x", "-s", "1,2"],
        &["in", "--webdataset", "x", "--shard-size", "0"],
        &["in", "-o", "x", "--shard-size", "10"],
        &["in", "--webdataset", "x", "--partial"],
    ] {
        stage.ends(2, wrong);
    }
    assert!(!stage.exists("x"));
}

#[test]
fn a_killed_run_leaves_whole_shards() {
    let stage = Stage::new();
    let picture = jpeg(300, 200, 1);
    for i in 0..100 {
        stage.write(format!("in/{i:03}.jpg"), &picture);
    }
    let run = "\"$thumbs\" in -j 1 --webdataset set --shard-size 7";
    let until = "while [ ! -e set/000001.tar ]; do sleep 0.005; done";
    stage.shell(0, &format!("{run} & pid=$!; {until}; kill -9 $pid; wait $pid; true"));
    for name in stage.names("set").iter().filter(|n| !n.starts_with('.')) {
        // A run that was faster than its killer also made the last one.
        let want = if name == "000014.tar" { 4 } else { 14 };
        assert_eq!(members(&stage.read(format!("set/{name}"))).len(), want, "{name}");
    }
    stage.shell(0, run);
    stage.shell(0, "\"$thumbs\" in --webdataset want --shard-size 7");
    stage.other("diff", &["-r", "-x", ".*", "set", "want"]);
}

#[test]
fn webdataset_reads_it() {
    let stage = Stage::with_pictures(12);
    stage.ends(0, &["in", "-s", "16", "--webdataset", "set", "--shard-size", "5"]);
    let script = r#"
import glob, json, sys
try:
    import webdataset
except ImportError:
    sys.exit(77)
urls = sorted(glob.glob("set/*.tar"))
samples = list(webdataset.WebDataset(urls, shardshuffle=False))
assert len(samples) == 12, len(samples)
for sample in samples:
    assert sample["jpg"][:2] == b"\xff\xd8"
    assert json.loads(sample["json"])["key"] == sample["__key__"]
"#;
    let Ok(ran) = stage.command("python3").arg("-c").arg(script).output() else {
        println!("skipped: python3 is not installed");
        return;
    };
    match ran.status.code() {
        Some(77) => println!("skipped: the Python package webdataset is not installed"),
        code => assert_eq!(code, Some(0), "{}", stderr(&ran)),
    }
}
