//! What outputs and inputs are called: names that lie, names that are cut, names that are one, names to leave out.

use std::process::Command;

use crate::testenv::{World, has, line, report};

#[test]
fn a_name_of_250_letters_gets_one_thumbnail() {
    for name in [format!("{}.jpg", "n".repeat(250)), format!("{}.jpg", "é".repeat(124))] {
        for unmarked in [false, true] {
            let world = World::with(&[&format!("in/{name}")]);
            for _ in 0..3 {
                world.run(&["in", "-s", "20"]).ok();
                assert_eq!(world.tree().len(), 2, "{:?}", world.tree());
                for file in world.tree().iter().filter(|_| unmarked) {
                    let bytes = world.read(file);
                    std::fs::remove_file(world.path(file)).unwrap();
                    world.write(file, &bytes);
                }
            }
        }
    }
}

#[test]
fn outputs_of_mislabelled_files_are_known() {
    for unmarked in [false, true] {
        let world = World::new();
        world.write("in/lies.jpg", &oddities::png::rgb(60, 40));
        world.write("in/bare", &oddities::jpeg::plain(60, 40));
        world.write("in/data.dat", &oddities::webp::rgb(60, 40));
        let expected =
            ["in/bare", "in/bare_thumb.jpg", "in/data.dat", "in/data_thumb.webp", "in/lies.jpg", "in/lies_thumb.png"];
        for _ in 0..3 {
            world.run(&["in", "-s", "20"]).ok();
            assert_eq!(world.tree(), expected);
            for file in expected.iter().filter(|_| unmarked) {
                let bytes = world.read(file);
                std::fs::remove_file(world.path(file)).unwrap();
                world.write(file, &bytes);
            }
        }
    }
}

#[test]
fn a_thumbnail_without_its_picture_is_a_picture() {
    let world = World::with(&["in/a.jpg"]);
    world.run(&["in", "-s", "50"]).ok();
    std::fs::remove_file(world.path("in/a.jpg")).unwrap();
    world.run(&["in", "-s", "20"]).ok();
    assert!(world.exists("in/a_thumb_thumb.jpg"));
    // So is what was written to a destination: a library that was shrunk has thumbnails, too.
    let world = World::with(&["phone/a.jpg"]);
    world.run(&["phone", "-s", "80", "-o", "photos"]).ok();
    world.run(&["photos", "-s", "20"]).ok();
    assert_eq!(world.size("photos/a_thumb.jpg").0, 20);
}

#[test]
fn names_that_differ_in_case_are_one_where_the_destination_says_so() {
    let world = World::with(&["in/1/IMG.JPG", "in/2/img.jpg", "in/3/other.jpg"]);
    std::fs::create_dir(world.path("folds")).unwrap();
    let Some(_mounted) = mount_folding(&world) else {
        return crate::testenv::skip("no file system that folds case can be mounted here");
    };
    std::fs::create_dir(world.path("folds/out")).unwrap();
    let list: Vec<u8> = b"in/1/IMG.JPG\nin/2/img.jpg\nin/3/other.jpg\n".to_vec();
    for _ in 0..2 {
        let ran = world.feed(&["--files-from", "-", "-s", "20", "-o", "folds/out"], &list);
        ran.code(1).says("in/1/IMG.JPG");
        assert_eq!(world.tree().iter().filter(|f| f.starts_with("folds/out")).count(), 2);
    }
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Mounts a file system on `folds` whose folder takes names that differ in case for one.
fn mount_folding(world: &World) -> Option<Mounted> {
    let dir = world.path("folds");
    let scripts = [
        "truncate -s 16M disk && mkfs.exfat -q disk && mount -o loop disk folds",
        "truncate -s 16M disk && mkfs.vfat disk && mount -o loop disk folds",
        "mount -t tmpfs -o casefold thumbs folds && mkdir folds/out && chattr +F folds/out && rmdir folds/out && chattr +F folds",
        "truncate -s 16M disk && mkfs.ext4 -q -O casefold disk && mount -o loop disk folds && rmdir folds/lost+found && chattr +F folds",
    ];
    let ran = scripts.iter().find(|script| {
        let done = world.shell(&format!("{{ {script}; }} >/dev/null 2>&1"));
        let folds =
            done.code == Some(0) && world.shell("touch folds/a && test -e folds/A && rm folds/a").code == Some(0);
        if !folds {
            world.shell("umount folds 2>/dev/null");
        }
        folds
    });
    ran.map(|_| Mounted(dir))
}

#[test]
fn a_spelled_out_extension_chooses_the_format() {
    let world = World::with(&["a.jpg", "in/b.png"]);
    for (template, start) in [
        ("{stem}.webp", &b"RIFF"[..]),
        ("{stem}.WEBP", b"RIFF"),
        ("{stem}-{width}.png", b"\x89PNG"),
        ("t/{stem}.jpeg", b"\xff\xd8"),
        ("{name}.jpg", b"\xff\xd8"),
    ] {
        let ran = world.run(&["a.jpg", "in", "-s", "20", "-o", "out", "--name", template, "--print"]);
        ran.ok();
        assert_eq!(ran.lines().len(), 2);
        for file in ran.lines() {
            assert!(world.read(&file).starts_with(start), "{file}");
        }
    }
    // It is no picture's, so it says nothing.
    world.run(&["a.jpg", "-s", "20", "-f", "webp", "--name", "{stem}.thumb"]).ok();
    assert!(world.read("a.thumb").starts_with(b"RIFF"));
    world.run(&["a.jpg", "-s", "20", "-f", "jpeg", "--name", "{stem}.JPE"]).ok();
    assert!(world.exists("a.JPE"));
    for format in ["jpeg", "jpeg,webp", "webp,jpeg"] {
        let ran = world.run(&["a.jpg", "-s", "20", "-f", format, "--name", "{stem}_x.webp"]);
        ran.code(2).says("--name");
        assert!(!world.exists("a_x.webp"));
    }
    for name in ["{stem}.gif", "{stem}.heic", "{stem}.tif", "{stem}.pdf"] {
        world.run(&["a.jpg", "--name", name]).code(2).says("not written");
    }
    // In an archive as well.
    world.run(&["a.jpg", "-s", "20", "-o", "x.tar", "--name", "{stem}.webp"]).ok();
    assert!(world.read("x.tar").windows(4).any(|w| w == b"WEBP"));
    world.run(&["a.jpg", "-s", "20", "-o", "y.tar", "-f", "png", "--name", "{stem}.webp"]).code(2);
    // A second run knows its own.
    let world = World::with(&["in/a.jpg", "in/b.png"]);
    for _ in 0..2 {
        world.run(&["in", "-s", "20", "--name", "{stem}_t.jpeg"]).ok();
        assert_eq!(world.tree(), ["in/a.jpg", "in/a_t.jpeg", "in/b.png", "in/b_t.jpeg"]);
    }
}

#[test]
fn a_name_that_keeps_the_inputs_extension_does_not_lie() {
    let world = World::with(&["a.jpg"]);
    world.write("lies.jpg", &oddities::png::rgb(60, 40));
    world.run(&["a.jpg", "-o", "out", "--name", "{name}"]).ok();
    for args in [&["a.jpg", "-f", "webp"][..], &["lies.jpg"]] {
        world.run(&[args, &["-o", "other", "--name", "{name}"]].concat()).code(1).says("{ext}");
    }
    assert!(!world.exists("other/a.jpg") && !world.exists("other/lies.jpg"));
}

#[test]
fn a_destination_that_cannot_be_meant_is_refused() {
    let world = World::with(&["a.jpg"]);
    for output in [
        "a.tar.xz",
        "a.tar.bz2",
        "A.TAR.XZ",
        "a.tbz2",
        "a.7z",
        "a.rar",
        "a.gz",
        "a.zst",
        "a.gif",
        "a.heic",
        "a.tiff",
        "a.pcx",
        "a.pdf",
        "s3://bucket/x",
        "s3://bucket/x/",
        "https://example.org/a.jpg",
        "gs://b/x.tar",
        "file:///tmp/x",
    ] {
        world.run(&["a.jpg", "-o", output]).code(2).says("written");
        assert_eq!(world.tree(), ["a.jpg"], "{output}");
        assert_eq!(std::fs::read_dir(world.root()).unwrap().count(), 1, "{output}");
    }
    world.run(&["a.jpg", "--webdataset", "s3://bucket/x"]).code(2).says("written");
    // A directory may be called anything.
    for output in ["d.7z/", "d.gif/", "v1.2", "photos.2024"] {
        world.run(&["a.jpg", "-s", "20", "-o", output]).ok();
        world.run(&["a.jpg", "-s", "20", "-o", output.trim_end_matches('/')]).ok();
        assert!(world.exists(format!("{}/a.jpg", output.trim_end_matches('/'))), "{output}");
    }
}

#[test]
fn a_missing_last_name_is_taken_for_the_destination_that_was_meant() {
    let world = World::with(&["photos/a.jpg", "b.jpg"]);
    for args in
        [&["photos/", "outdir/"][..], &["photos", "b.jpg", "outdir"], &["photos/*.jpg", "outdir"], &["b.jpg", "x.jpg/"]]
    {
        let ran = world.run(args);
        ran.code(2).says("No such file or directory").says("-o ");
        assert_eq!(world.tree(), ["b.jpg", "photos/a.jpg"], "{args:?}");
    }
    world.run(&["photos", "outdir"]).says("-o outdir/");
}

#[test]
fn other_missing_names_are_told_before_any_work() {
    let world = World::with(&["photos/a.jpg", "b.jpg"]);
    for args in [
        &["photos", "b.jpg", "gone.jpg", "-o", "out"][..],
        &["photos", "gone", "b.jpg", "-o", "out"],
        &["photos", "b.jpg", "gone", "-o", "out"],
    ] {
        let ran = world.run(&[args, &["--report", "-", "--existing", "replace"]].concat());
        ran.code(1).says("No such file or directory");
        let lines = report(&ran.stdout);
        assert_eq!(lines[0]["type"], "failed", "{lines:#?}");
        assert_eq!(lines.iter().filter(|l| l["type"] == "done").count(), 2);
    }
}

#[test]
fn backups_and_partial_downloads_are_left_out() {
    let world = World::with(&["in/a.jpg", "in/sub/b.jpg"]);
    let aside = [
        "in/a.jpg_original",
        "in/a.bak",
        "in/a.jpg.orig",
        "in/c.jpg.part",
        "in/d.crdownload",
        "in/e.tmp",
        "in/f.jpg~",
        "in/g.partial",
        "in/h.download",
        "in/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
        "in/#recycle/old.jpg",
        "in/sub/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg",
    ];
    for name in aside {
        world.write(name, &oddities::jpeg::plain(30, 20));
    }
    for (input, out) in [("in", "out"), ("in/**/*", "deep"), ("in/*", "flat")] {
        let ran = world.run(&[input, "-s", "10", "-o", out, "--report", "-", "-v"]);
        ran.ok().says("left out as backups or partial downloads (--backups)");
        let lines = report(&ran.stdout);
        assert_eq!(lines.last().unwrap()["done"], 2, "{input}");
        let left_out = lines.last().unwrap()["left_out"]["backup"].as_u64().unwrap();
        // A pattern with `**` comes to what is within a directory, too.
        assert!(left_out == 12 || (input == "in/**/*" && left_out > 12), "{input}: {left_out}");
        let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with(&format!("{out}/"))).collect();
        assert_eq!(made, [format!("{out}/a.jpg"), format!("{out}/sub/b.jpg")]);
    }
    // Asked for, or named.
    let ran = world.run(&["in", "-s", "10", "-o", "all", "--backups", "--report", "-", "--name", "{name}.{ext}"]);
    ran.ok();
    assert_eq!(report(&ran.stdout).last().unwrap()["done"], 14);
    for (name, made) in [("in/a.bak", "a.jpg"), ("in/*.bak", "a.jpg"), ("in/@eaDir/*/*", "a.jpg/SYNOPHOTO_THUMB_M.jpg")]
    {
        let _ = std::fs::remove_dir_all(world.path("named"));
        world.run(&[name, "-s", "10", "-o", "named"]).ok();
        assert!(world.exists(format!("named/{made}")), "{name}: {:?}", world.tree());
    }
    world.feed(&["--files-from", "-", "-s", "10", "-o", "listed"], b"in/a.jpg_original\n").ok();
    assert!(world.exists("listed/a.jpg"));
    if has("tar") {
        world.shell("tar cf in.tar in").ok();
        let ran = world.run(&["in.tar", "-s", "10", "-o", "unpacked", "--report", "-"]);
        ran.ok();
        assert_eq!(report(&ran.stdout).last().unwrap()["done"], 2);
    }
    // A run that finds nothing else names the option.
    world.run(&["in/@eaDir", "--exclude", "*", "-o", "none"]).ok();
    let world = World::new();
    world.write("in/a.jpg.part", &oddities::jpeg::plain(30, 20));
    world.run(&["in", "-o", "out"]).ok().says("--backups");
}

#[test]
fn the_picture_by_name_wins_over_one_by_content() {
    for jobs in ["1", "64"] {
        let world = World::new();
        world.write("in/photo", &oddities::jpeg::plain(30, 20));
        world.write("in/photo.dat", &oddities::jpeg::plain(30, 20));
        world.sized("in/photo.jpg", 96, 64);
        world.sized("in/photo-2.jpg", 96, 64);
        for input in ["in", "in/*"] {
            let out = format!("out-{}", input.len());
            let ran = world.run(&[input, "-s", "original", "-o", &out, "-j", jobs, "--report", "-"]);
            ran.code(1);
            assert_eq!(world.size(format!("{out}/photo.jpg")), (96, 64), "-j {jobs} {input}");
            let lines = report(&ran.stdout);
            line(&lines, "done", "in/photo.jpg");
            let failed = line(&lines, "failed", "in/photo.dat");
            assert!(failed["error"].as_str().unwrap().contains("in/photo.jpg"), "{failed}");
        }
    }
}
