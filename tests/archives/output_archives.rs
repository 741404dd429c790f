//! Archives that are written, read back with the programs that people have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::stage::{Stage, has, jpeg, stderr};

const KINDS: [&str; 5] = ["tar", "tar.gz", "tgz", "tar.zst", "zip"];

/// Unpacks with GNU tar, bsdtar or unzip, and holds that the files are those of `want`.
fn same_as_folder(stage: &Stage, archive: &str, want: &str) {
    let readers: &[&str] = if archive.ends_with("zip") { &["unzip", "bsdtar"] } else { &["tar", "bsdtar"] };
    for reader in readers.iter().filter(|r| has(r)) {
        let into = format!("unpacked-{reader}-{archive}");
        std::fs::create_dir(stage.path(&into)).unwrap();
        match *reader {
            "unzip" => stage.other("unzip", &["-q", archive, "-d", &into]),
            reader => stage.other(reader, &["-xf", archive, "-C", &into]),
        };
        stage.other("diff", &["-r", &into, want]);
    }
}

#[test]
fn every_kind_reads_back() {
    let stage = Stage::with_pictures(20);
    stage.ends(0, &["in", "-s", "16", "-o", "want"]);
    for kind in KINDS {
        let archive = format!("small.{kind}");
        let ran = stage.ends(0, &["in", "-s", "16", "-o", &archive]);
        assert_eq!(stderr(&ran), "");
        same_as_folder(&stage, &archive, "want");
    }
    assert!(stage.names(".").iter().all(|n| !n.starts_with('.')), "no temporary is left");
}

#[test]
fn the_same_bytes_for_any_number_of_workers() {
    let stage = Stage::with_pictures(60);
    // One large picture first: everything else is ready before it.
    stage.write("in/0/000.jpg", &jpeg(1600, 1200, 5));
    for kind in KINDS {
        let mut first = None;
        for (jobs, memory) in [("1", "64M"), ("2", "64M"), ("7", "64M"), ("8", "12M")] {
            let archive = format!("j{jobs}.{kind}");
            stage.ends(0, &["in", "-s", "24", "-j", jobs, "--memory", memory, "-o", &archive]);
            let bytes = stage.read(&archive);
            assert!(first.get_or_insert_with(|| bytes.clone()) == &bytes, "{kind} -j {jobs}");
        }
        if kind != "tgz" && kind != "zip" {
            let pipe = stage.ends(0, &["in", "-s", "24", "-o", "-", "--archive", kind]).stdout;
            assert!(first.as_deref() == Some(&pipe), "{kind} through a pipe");
        }
    }
}

#[test]
fn members_are_plain_files_in_the_order_of_the_inputs() {
    let stage = Stage::with_pictures(6);
    stage.ends(0, &["in", "-s", "16", "-o", "a.tar"]);
    if !has("tar") {
        return;
    }
    let list = String::from_utf8(stage.other("tar", &["--numeric-owner", "--utc", "-tvf", "a.tar"])).unwrap();
    let mut names = Vec::new();
    for line in list.lines() {
        assert!(line.starts_with("-rw-r--r-- 0/0 "), "{line}");
        let (head, name) = line.rsplit_once(' ').unwrap();
        assert!(head.ends_with(" 1970-01-01 00:00"), "{line}");
        names.push(name.to_owned());
    }
    assert_eq!(names, ["0/000.jpg", "0/002.jpg", "0/004.jpg", "1/001.jpg", "1/003.jpg", "1/005.jpg"]);
}

#[test]
fn levels_are_obeyed() {
    let stage = Stage::with_pictures(4);
    for (kind, option) in [("tar.zst", "--zstd-level"), ("tar.gz", "--gzip-level")] {
        let of = |level: &str| {
            stage.ends(0, &["in", "-f", "png", "-s", "40", option, level, "-o", "-", "--archive", kind]).stdout
        };
        assert_ne!(of("1"), of("9"), "{kind}");
    }
    for wrong in [
        &["in", "-o", "x.tar", "--zstd-level", "3"][..],
        &["in", "-o", "x.tar.zst", "--gzip-level", "3"],
        &["in", "-o", "x.tar.zst", "--zstd-level", "20"],
        &["in", "-o", "out", "--partial"],
        &["in", "-o", "out", "--archive", "tar"],
        &["in", "-o", "x.tar", "--archive", "tar"],
        &["in", "-o", "-", "--archive", "zip"],
        &["in", "-o", "x.tar", "--existing", "skip"],
    ] {
        stage.ends(2, wrong);
    }
    assert_eq!(stage.names("."), ["in"]);
}

#[test]
fn a_failed_run_leaves_no_archive_and_the_old_one() {
    let stage = Stage::with_pictures(6);
    stage.write("in/0/001bad.jpg", b"no picture");
    for kind in KINDS {
        let archive = format!("out.{kind}");
        let ran = stage.ends(1, &["in", "-s", "16", "-o", &archive]);
        assert!(stderr(&ran).contains(&format!("{archive} was not made")), "{}", stderr(&ran));
        assert!(!stage.exists(&archive));
        stage.ends(0, &["in/1", "-s", "16", "-o", &archive]);
        let old = stage.read(&archive);
        stage.ends(1, &["in", "-s", "16", "-o", &archive]);
        assert_eq!(stage.read(&archive), old);
        // With --partial all the others are in it.
        let ran = stage.ends(1, &["in", "-s", "16", "--partial", "-o", &archive]);
        assert!(!stderr(&ran).contains("was not made"));
        if kind.starts_with("tar") && has("bsdtar") {
            assert_eq!(stage.other("bsdtar", &["-tf", &archive]).iter().filter(|b| **b == b'\n').count(), 6);
        }
    }
    assert_eq!(stage.names(".").len(), 1 + KINDS.len(), "no temporary is left: {:?}", stage.names("."));
}

#[test]
fn a_failed_run_ends_a_pipe_without_its_end() {
    let stage = Stage::with_pictures(6);
    stage.write("in/1/zz-bad.jpg", b"no picture");
    let ran = stage.ends(1, &["in", "-s", "16", "-o", "-", "--archive", "tar"]);
    assert!(!ran.stdout.is_empty() && !ran.stdout.ends_with(&[0; 1024]));
    assert!(stderr(&ran).contains("the archive on standard output has no end"));
    let ran = stage.ends(1, &["in", "-s", "16", "-o", "-", "--archive", "tar", "--partial"]);
    assert!(ran.stdout.ends_with(&[0; 1024]));
    for (kind, program) in [("tar.gz", "gzip"), ("tar.zst", "zstd")] {
        if has(program) {
            let script = |partial| {
                format!(
                    "\"$thumbs\" in -s 16 -o - --archive {kind} {partial} > x.{kind}; {program} -tq x.{kind} 2> said"
                )
            };
            stage.shell(1, &script(""));
            assert!(!stage.read("said").is_empty());
            stage.shell(0, &script("--partial"));
        }
    }
}

#[test]
fn two_members_never_share_a_name() {
    let stage = Stage::new();
    for folder in ["1", "2"] {
        stage.write(format!("{folder}/x.jpg"), &jpeg(30, 20, 1));
    }
    for archive in ["a.tar", "a.zip"] {
        let ran = stage.ends(1, &["1/x.jpg", "2/x.jpg", "--partial", "-s", "16", "-o", archive]);
        assert!(stderr(&ran).contains("2/x.jpg: failed:") && stderr(&ran).contains("1/x.jpg"), "{}", stderr(&ran));
    }
    stage.ends(0, &["1/x.jpg", "2/x.jpg", "--relative-to", ".", "-s", "16", "-o", "b.tar"]);
    if has("tar") {
        assert_eq!(stage.other("tar", &["-tf", "b.tar"]), b"1/x.jpg\n2/x.jpg\n");
    }
    // A member is no file of the current directory.
    std::fs::copy(stage.path("1/x.jpg"), stage.path("x.jpg")).unwrap();
    stage.ends(0, &["x.jpg", "-s", "16", "-o", "c.tar"]);
    stage.ends(0, &["x.jpg", "-s", "16", "-o", "-", "--archive", "tar"]);
    // Nor does the archive replace an input.
    std::fs::rename(stage.path("x.jpg"), stage.path("x.tar")).unwrap();
    stage.ends(2, &["./x.tar", "-o", "x.tar"]);
}

#[test]
fn hard_names_read_back() {
    let stage = Stage::new();
    let long = format!("{}/{}.jpg", ["directory-of-thirty-characters"; 6].join("/"), "n".repeat(200));
    let names: Vec<Vec<u8>> = vec![
        long.into_bytes(),
        "ünïcödé/日本.jpg".into(),
        b"not-utf8-\xff\xfe.jpg".to_vec(),
        [b"d/".to_vec(), vec![0xe9; 150], b".jpg".to_vec()].concat(),
        b"line\nfeed and blank.jpg".to_vec(),
        b"-dash.jpg".to_vec(),
        [vec![b'x'; 96], b".jpg".to_vec()].concat(),
        [vec![b'y'; 97], b".jpg".to_vec()].concat(),
    ];
    for (i, name) in names.iter().enumerate() {
        stage.write(Path::new("in").join(OsStr::from_bytes(name)), &jpeg(30, 20, i as u32));
    }
    stage.ends(0, &["in", "-s", "16", "-o", "want"]);
    stage.ends(0, &["in", "-s", "16", "-o", "a.tar"]);
    stage.ends(0, &["in", "-s", "16", "-o", "a.zip"]);
    for (reader, archive) in [("tar", "a.tar"), ("bsdtar", "a.tar"), ("bsdtar", "a.zip")] {
        if !has(reader) {
            continue;
        }
        let into = format!("{reader}-{archive}");
        std::fs::create_dir(stage.path(&into)).unwrap();
        // Which words the reader has about bytes that are not UTF-8 is its own affair.
        let ran = stage.command(reader).env("LC_ALL", "C.UTF-8").args(["-xf", archive, "-C", &into]).output().unwrap();
        println!("{reader} {archive}: {} {}", ran.status, stderr(&ran));
        stage.other("diff", &["-r", &into, "want"]);
    }
}

#[test]
fn more_entries_than_a_small_zip_can_count() {
    use std::io::Write;
    let stage = Stage::new();
    let file = std::io::BufWriter::new(std::fs::File::create(stage.path("many.zip")).unwrap());
    let mut zip = thumbs::internal::ZipWriter::new(file);
    for i in 0..70_000 {
        zip.add(format!("{i}.txt").as_bytes(), b"x").unwrap();
    }
    zip.end().unwrap().flush().unwrap();
    if has("unzip") {
        let list = stage.other("unzip", &["-Z1", "many.zip"]);
        assert_eq!(list.iter().filter(|b| **b == b'\n').count(), 70_000);
    }
    if has("bsdtar") {
        let list = stage.other("bsdtar", &["-tf", "many.zip"]);
        assert_eq!(list.iter().filter(|b| **b == b'\n').count(), 70_000);
    }
}

#[test]
fn an_entry_over_eight_gigabytes_reads_back() {
    use std::os::unix::fs::FileExt;
    let stage = Stage::new();
    let file = std::fs::File::create(stage.path("big.tar")).unwrap();
    let size = (8u64 << 30) + 3;
    let mut at = 0;
    let mut put = |bytes: &[u8], then: u64| {
        file.write_all_at(bytes, at).unwrap();
        at += bytes.len() as u64 + then.next_multiple_of(512);
        at
    };
    // A hole stands for its bytes.
    put(&thumbs::internal::tar_header(b"big.bin", size), size);
    put(&thumbs::internal::tar_header(b"after", 0), 0);
    let end = put(&[0; 1024], 0);
    file.set_len(end).unwrap();
    for reader in ["tar", "bsdtar"] {
        if has(reader) {
            let list = String::from_utf8(stage.other(reader, &["-tvf", "big.tar"])).unwrap();
            assert!(list.contains(&size.to_string()) && list.contains("big.bin") && list.contains("after"), "{list}");
        }
    }
}

#[test]
fn nobody_reads_more_than_before() {
    let stage = Stage::with_pictures(4);
    stage.shell(
        0,
        "chmod 640 in/0/*; chmod 600 in/1/001.jpg; umask 022; \"$thumbs\" in -o a.tar; \"$thumbs\" in/0 -o b.tar",
    );
    let mode = |name| std::fs::metadata(stage.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("a.tar"), mode("b.tar")), (0o600, 0o640));
    stage.shell(0, "chmod 666 in/*/*; umask 027; \"$thumbs\" in -o c.tar");
    assert_eq!(mode("c.tar"), 0o640);
}

#[test]
fn a_full_disk_or_a_size_limit_ends_the_run() {
    let stage = Stage::with_pictures(40);
    stage.ends(0, &["in/0", "-s", "8", "-o", "out.tar"]);
    let old = stage.read("out.tar");
    let ran = stage.shell(3, "ulimit -f 16; \"$thumbs\" in -s 40 -o out.tar");
    assert!(stderr(&ran).contains("stopped:"), "{}", stderr(&ran));
    assert_eq!(stage.read("out.tar"), old);
    assert_eq!(stage.names("."), ["in", "out.tar"]);
    let ran = stage.shell(3, "\"$thumbs\" in -s 40 -o - --archive tar > /dev/full");
    assert!(stderr(&ran).contains("No space left"), "{}", stderr(&ran));
    let ran = stage.ends(3, &["in", "-o", "in/0/000.jpg/x.tar"]);
    assert!(stderr(&ran).contains("is a file, not a directory"), "{}", stderr(&ran));
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let stage = Stage::with_pictures(2);
    // The list has no end, so that the run is not over before the signal comes.
    let run = "sleep 20 | \"$thumbs\" in --files-from - -o out.tar.zst";
    let ran = stage.shell(143, &format!("{run} & pid=$!; sleep 0.3; kill $pid; wait $pid"));
    assert!(stderr(&ran).contains("out.tar.zst was not made: the run ended early"), "{}", stderr(&ran));
    assert_eq!(stage.names("."), ["in"]);
}

#[test]
fn the_report_names_members_below_their_archive() {
    let stage = Stage::with_pictures(2);
    let ran = stage.ends(0, &["in", "-s", "16", "-o", "a.zip", "--print"]);
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), "a.zip/0/000.jpg\na.zip/1/001.jpg\n");
    let ran = stage.ends(0, &["in", "-n", "-o", "never.tar"]);
    assert!(String::from_utf8(ran.stdout).unwrap().contains("in/0/000.jpg -> never.tar/0/000.jpg"));
    assert!(!stage.exists("never.tar"));
}
