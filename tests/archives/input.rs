//! Archives that are read: good ones made by the programs that people have, and hostile ones.

use std::io::Write;

use crate::stage::{Stage, has, jpeg, stderr};
use thumbs::internal::{TarWriter, tar_header as header};

fn tar(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut tar = TarWriter(Vec::new());
    for (name, bytes) in entries {
        tar.add(name, bytes).unwrap();
    }
    tar.end().unwrap()
}

/// A header of another kind: `2` is a symbolic link, `1` a hard link.
fn special(name: &[u8], kind: u8, target: &[u8]) -> Vec<u8> {
    let mut block = header(name, 0);
    block[156] = kind;
    block[157..157 + target.len()].copy_from_slice(target);
    seal(&mut block);
    block
}

fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block[..512].iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// One picture beside the archives, so that a run without any picture is seen.
fn victim(stage: &Stage) {
    stage.write("secret.jpg", &jpeg(40, 30, 77));
}

#[test]
fn archives_of_other_programs_are_inputs() {
    let stage = Stage::with_pictures(12);
    stage.write("in/notes.txt", b"no picture");
    stage.write(format!("in/{}/deep.jpg", "long-name-of-a-directory/".repeat(8)), &jpeg(30, 20, 99));
    stage.ends(0, &["in", "-s", "16", "-o", "want"]);
    let mut made = Vec::new();
    for (program, archive, script) in [
        ("tar", "gnu.tar", "tar -C in --format=gnu -cf gnu.tar ."),
        ("tar", "pax.tar.gz", "tar -C in --format=posix -czf pax.tar.gz ."),
        ("tar", "ustar.tar", "tar -C in --format=ustar -cf ustar.tar ."),
        ("bsdtar", "bsd.tar", "bsdtar -C in -cf bsd.tar ."),
        ("zstd", "z.tar.zst", "tar -C in -c . | zstd -q -o z.tar.zst"),
        ("zip", "zip.zip", "cd in && zip -qr ../zip.zip ."),
        ("bsdtar", "bsd.zip", "bsdtar -C in --format zip -cf bsd.zip ."),
    ] {
        if has(program) {
            stage.shell(0, script);
            made.push(archive);
        }
    }
    for archive in made {
        let out = format!("out-{archive}.d");
        let ran = stage.ends(0, &[archive, "-s", "16", "-o", &out]);
        assert_eq!(stderr(&ran), "");
        stage.other("diff", &["-r", &out, "want"]);
        if !archive.ends_with("zip") {
            stage.shell(0, &format!("cat {archive} | \"$thumbs\" - --archive-in -s 16 -o pipe-{archive}.d"));
            stage.other("diff", &["-r", &format!("pipe-{archive}.d"), "want"]);
        }
    }
}

#[test]
fn members_have_names_and_places() {
    let stage = Stage::new();
    let picture = jpeg(40, 30, 1);
    stage.write("sub/a.tar", &tar(&[(b"d/x.jpg", &picture), (b"d/.hidden.jpg", &picture), (b"y.jpg", &picture)]));
    let ran = stage.ends(0, &["sub/a.tar", "-o", "out", "--report", "-"]);
    let report = String::from_utf8(ran.stdout).unwrap();
    assert!(report.contains(r#""source":"sub/a.tar/d/x.jpg","outputs":[{"path":"out/d/x.jpg""#), "{report}");
    assert_eq!((stage.names("out"), stage.names("out/d")), (vec!["d".into(), "y.jpg".into()], vec!["x.jpg".into()]));
    stage.ends(0, &["sub/a.tar", "-o", "rel", "--relative-to", ".", "--hidden"]);
    assert_eq!(stage.names("rel/sub/a.tar/d"), [".hidden.jpg", "x.jpg"]);
    stage.ends(0, &["sub/a.tar", "-o", "inc", "--include", "y*"]);
    assert_eq!(stage.names("inc"), ["y.jpg"]);
    // From one archive into another.
    stage.ends(0, &["sub/a.tar", "-o", "b.zip"]);
    stage.ends(0, &["b.zip", "-o", "from-zip", "-s", "original"]);
    assert_eq!(stage.names("from-zip/d"), ["x.jpg"]);
    let ran = stage.feed(0, &["-", "--archive-in", "-o", "out2", "--print"], &stage.read("sub/a.tar"));
    // As they are finished, in any order.
    assert_eq!((ran.stdout.len(), stage.names("out2")), (24, vec!["d".into(), "y.jpg".into()]));
    // A list may name archives, and the same one counts once.
    let ran = stage.feed(0, &["--files-from", "-", "-v", "-o", "out3"], b"sub/a.tar\nsub/../sub/a.tar\n");
    assert!(stderr(&ran).contains("skipped: duplicate"));
    // There is no place beside a member.
    stage.ends(2, &["sub/a.tar"]);
    stage.ends(2, &["-", "--archive-in"]);
    stage.ends(2, &["sub/a.tar", "--archive-in", "-o", "out"]);
    let ran = stage.feed(1, &["--files-from", "-"], b"sub/a.tar\n");
    assert!(stderr(&ran).contains("use -o"), "{}", stderr(&ran));
}

#[test]
fn names_cannot_lead_out() {
    let stage = Stage::new();
    victim(&stage);
    let picture = jpeg(40, 30, 1);
    let names: [&[u8]; 6] =
        [b"../up.jpg", b"a/../../up.jpg", b"/abs.jpg", b"ok.jpg", b"..", b"deep/../../../../../../tmp/thumbs-up.jpg"];
    let entries: Vec<(&[u8], &[u8])> = names.iter().map(|n| (*n, &picture[..])).collect();
    stage.write("in/x.tar", &tar(&entries));
    let mut zip = thumbs::internal::ZipWriter::new(Vec::new());
    for (name, bytes) in &entries {
        zip.add(name, bytes).unwrap();
    }
    stage.write("in/x.zip", &zip.end().unwrap());
    for archive in ["in/x.tar", "in/x.zip"] {
        let out = format!("out/{}", &archive[5..]);
        let ran = stage.ends(1, &[archive, "-o", &out]);
        assert_eq!(stderr(&ran).matches("its name leads out of the archive").count(), 3, "{}", stderr(&ran));
        assert_eq!(stage.names(&out), ["abs.jpg", "ok.jpg"]);
        assert_eq!(stage.names("."), ["in", "out", "secret.jpg"]);
    }
    assert!(!std::path::Path::new("/tmp/thumbs-up.jpg").exists() && !std::path::Path::new("/abs.jpg").exists());
}

#[test]
fn links_read_nothing_and_write_nowhere() {
    let stage = Stage::new();
    victim(&stage);
    let picture = jpeg(40, 30, 1);
    let mut bytes = Vec::new();
    bytes.extend(special(b"link.jpg", b'2', b"../secret.jpg"));
    bytes.extend(special(b"hard.jpg", b'1', b"../secret.jpg"));
    bytes.extend(special(b"dir", b'2', b".."));
    bytes.extend(special(b"fifo.jpg", b'6', b""));
    bytes.extend(special(b"device.jpg", b'3', b""));
    bytes.extend(tar(&[(b"dir/through.jpg", &picture)]));
    stage.write("x.tar", &bytes);
    let ran = stage.ends(1, &["x.tar", "-o", "out"]);
    assert!(stderr(&ran).contains("x.tar/hard.jpg: failed: a hard link"), "{}", stderr(&ran));
    assert_eq!((stage.names("out"), stage.names("out/dir")), (vec!["dir".into()], vec!["through.jpg".into()]));
    assert_eq!(stage.names("."), ["out", "secret.jpg", "x.tar"]);
}

#[test]
fn of_two_members_of_one_name_the_second_fails() {
    let stage = Stage::new();
    stage.write("x.tar", &tar(&[(b"a.jpg", &jpeg(40, 30, 1)), (b"./a.jpg", &jpeg(50, 30, 2))]));
    let ran = stage.ends(1, &["x.tar", "-o", "out"]);
    assert!(stderr(&ran).contains("holds a member of this name before it"), "{}", stderr(&ran));
    assert_eq!(stage.names("out"), ["a.jpg"]);
}

#[test]
fn what_is_cut_or_damaged_is_told() {
    let stage = Stage::new();
    let (a, b) = (jpeg(40, 30, 1), jpeg(300, 300, 2));
    let whole = tar(&[(b"a.jpg", &a), (b"b.jpg", &b)]);
    for (name, bytes, says, made) in [
        ("cut.tar", &whole[..whole.len() - 1024 - 3000], "ends within", 1),
        ("no-end.tar", &whole[..whole.len() - 1024], "no end marker", 2),
        ("empty.tar.gz", &b"\x1f\x8b\x08"[..], "", 0),
        ("text.tar.zst", &b"\x28\xb5\x2f\xfdhello"[..], "", 0),
        ("x.zip", &b"PK\x03\x04hello"[..], "directory", 0),
    ] {
        stage.write(name, bytes);
        let out = format!("out-{name}.d");
        let ran = stage.ends(1, &[name, "-o", &out]);
        assert!(stderr(&ran).contains(says), "{}", stderr(&ran));
        assert_eq!(stage.names(&out).len(), made, "{name}: {}", stderr(&ran));
    }
    // Behind damage nothing can be found, and that is said.
    let mut damaged = whole.clone();
    let second = 512 + a.len().next_multiple_of(512);
    damaged[second] ^= 1;
    stage.write("damaged.tar", &damaged);
    let ran = stage.ends(1, &["damaged.tar", "-o", "out"]);
    assert!(stderr(&ran).contains("damaged.tar: failed: damaged: no header at byte"), "{}", stderr(&ran));
    // gzip's checksum stands behind the tar's end.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&whole).unwrap();
    let mut gz = gz.finish().unwrap();
    let crc = gz.len() - 6;
    gz[crc] ^= 1;
    stage.write("sum.tar.gz", &gz);
    stage.ends(1, &["sum.tar.gz", "-o", "out2"]);
    // A stored member whose bytes are not those of its checksum.
    let mut zip = thumbs::internal::ZipWriter::new(Vec::new());
    zip.add(b"a.jpg", &a).unwrap();
    let mut zip = zip.end().unwrap();
    zip[200] ^= 1;
    stage.write("sum.zip", &zip);
    let ran = stage.ends(1, &["sum.zip", "-o", "out3"]);
    assert!(stderr(&ran).contains("checksum"), "{}", stderr(&ran));
}

#[test]
fn lies_and_bombs_cost_no_memory() {
    let stage = Stage::new();
    let picture = jpeg(40, 30, 1);
    // Claims 900 GB, and 90 MB, which the limit lets pass.
    for (name, claims) in [("huge.tar", 900u64 << 30), ("large.tar", 90 << 20)] {
        let mut lie = header(b"lie.jpg", claims);
        lie.extend_from_slice(&picture);
        stage.write(name, &lie);
    }
    // Each of 12 members is 64 MB of zeros behind the first bytes of a picture: 800 MB in some 80 kB.
    let mut zst = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    for i in 0..12 {
        zst.write_all(&header(format!("{i}.jpg").as_bytes(), 64 << 20)).unwrap();
        zst.write_all(&picture[..512]).unwrap();
        zst.write_all(&vec![0; (64 << 20) - 512]).unwrap();
    }
    zst.write_all(&[0; 1024]).unwrap();
    stage.write("bomb.tar.zst", &zst.finish().unwrap());
    // A long name of 4 GB of zeros.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut long = header(b"././@LongLink", 4 << 30);
    long[156] = b'L';
    seal(&mut long);
    gz.write_all(&long).unwrap();
    gz.write_all(&vec![b'a'; 100 << 20]).unwrap();
    stage.write("name.tar.gz", &gz.finish().unwrap());
    for archive in ["huge.tar", "large.tar", "bomb.tar.zst", "name.tar.gz"] {
        // Address space, so with all threads' stacks and the allocator's arenas.
        let script = format!(
            "ulimit -v 700000; \"$thumbs\" {archive} -j 2 --memory 64M --max-file-size 100M -o out-{archive}.d"
        );
        let ran = stage.shell(1, &script);
        assert!(!stderr(&ran).contains("memory allocation"), "{}", stderr(&ran));
    }
}

#[test]
fn members_of_many_archives_in_little_memory() {
    let stage = Stage::with_pictures(40);
    stage.shell(0, "tar -C in -cf a.tar . && cd in && (zip -qr ../b.zip . || bsdtar -cf ../b.zip --format zip .)");
    // Files, then members, then files: drawn from one small budget by workers and feeder.
    for jobs in ["1", "8"] {
        let out = format!("out{jobs}");
        let args = ["in", "a.tar", "b.zip", "--relative-to", ".", "-s", "16", "-j", jobs, "--memory", "1M", "-o", &out];
        stage.ends(0, &args);
        for part in ["in", "a.tar", "b.zip"] {
            assert_eq!(stage.names(&format!("{out}/{part}/0")).len(), 20, "{part}");
        }
        let archive = format!("{out}.tar");
        stage.ends(
            0,
            &["in", "a.tar", "b.zip", "--relative-to", ".", "-s", "16", "-j", jobs, "--memory", "1M", "-o", &archive],
        );
    }
    assert!(stage.read("out1.tar") == stage.read("out8.tar"));
}
