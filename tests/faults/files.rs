//! Whose a file is that stands under an output's name: an original survives, and a rerun needs no option.

use std::fs;
use std::os::unix::fs::symlink;

use crate::testenv::{World, has, line, report};

/// The same bytes in a new file, as a copy to a file system without extended attributes leaves them.
fn unmark(world: &World, name: &str) {
    let bytes = world.read(name);
    fs::remove_file(world.path(name)).unwrap();
    world.write(name, &bytes);
}

/// All files below the folder without their marks.
fn unmark_all(world: &World, folder: &str) {
    for name in world.tree().into_iter().filter(|name| name.starts_with(folder)) {
        unmark(world, &name);
    }
}

/// Whether marks hold where tests write.
fn has_marks(world: &World) -> bool {
    world.picture("marks/a.jpg");
    world.run(&["marks/a.jpg", "-s", "10"]).ok();
    let path = world.path("marks/a_thumb.jpg");
    let marked = rustix::fs::getxattr(&path, "user.thumbs", &mut [0u8; 256][..]).is_ok();
    fs::remove_dir_all(world.path("marks")).unwrap();
    if !marked {
        crate::testenv::skip("the file system has no extended attributes");
    }
    marked
}

#[test]
fn an_original_in_the_destination_survives() {
    let world = World::new();
    world.sized("phone/IMG_1.jpg", 96, 64);
    world.sized("phone/IMG_2.jpg", 96, 64);
    // Larger than the source, of another shape, a text, and a small copy with metadata.
    for original in [
        oddities::jpeg::plain(400, 300),
        oddities::jpeg::plain(40, 40),
        b"precious".to_vec(),
        oddities::png::rgb(30, 20),
        oddities::jpeg::oriented(6, 20, 30),
    ] {
        world.write("photos/IMG_1.jpg", &original);
        let ran = world.run(&["phone", "-s", "64", "-o", "photos"]);
        ran.code(1).says("IMG_1.jpg").says("exists and thumbs did not write it (--existing replace or skip)");
        assert_eq!(world.read("photos/IMG_1.jpg"), original);
        assert_eq!(world.size("photos/IMG_2.jpg").0, 64, "the others are made, and made again");
    }
    world.run(&["phone", "-s", "64", "-o", "photos", "--existing", "skip"]).ok();
    assert_eq!(world.read("photos/IMG_1.jpg"), oddities::jpeg::oriented(6, 20, 30));
    world.run(&["phone", "-s", "64", "-o", "photos", "--existing", "replace"]).ok();
    assert_eq!(world.size("photos/IMG_1.jpg").0, 64);
    world.run(&["phone", "-s", "32", "-o", "photos"]).ok();
    assert_eq!(world.size("photos/IMG_1.jpg").0, 32, "from then on it is ours");
}

#[test]
fn an_original_survives_as_the_one_output_and_beside_its_like() {
    let world = World::new();
    world.sized("x/hopper.jpg", 96, 113);
    let camera = oddities::jpeg::plain(80, 80);
    world.write("x/camera.jpg", &camera);
    world.write("keep.jpg", b"a text");
    world.write("x/hopper_thumb.jpg", &camera);
    world.write("x/small.jpg", &camera);
    for args in [
        &["x/hopper.jpg", "-o", "x/camera.jpg", "-s", "64"][..],
        &["x/hopper.jpg", "-o", "keep.jpg"],
        &["x/hopper.jpg", "-s", "64"],
        &["x", "-s", "64", "--include", "hopper.jpg"],
        &["x/hopper.jpg", "-s", "64", "--name", "small.{ext}"],
        &["x/hopper.jpg", "-s", "64", "--fsync"],
        &["x/hopper.jpg", "-s", "64", "-u", "--state", "state"],
    ] {
        world.run(args).code(1).says("exists and thumbs did not write it");
        assert_eq!(world.read("x/camera.jpg"), camera, "{args:?}");
        assert_eq!(world.read("x/hopper_thumb.jpg"), camera, "{args:?}");
        assert_eq!(world.read("x/small.jpg"), camera, "{args:?}");
        assert_eq!(world.read("keep.jpg"), b"a text", "{args:?}");
    }
    // As mktemp makes it.
    world.write("new.jpg", b"");
    world.run(&["x/hopper.jpg", "-o", "new.jpg"]).ok();
    world.run(&["x/hopper.jpg", "-o", "new.jpg", "-s", "50%", "-q", "30"]).ok();
    assert_eq!(world.size("new.jpg"), (48, 57));
}

#[test]
fn a_rerun_of_an_ordinary_job_needs_no_option() {
    for marked in [true, false] {
        let world = World::new();
        if marked && !has_marks(&world) {
            continue;
        }
        world.sized("images/a.jpg", 200, 100);
        world.sized("images/sub/b.png", 200, 100);
        world.write("images/sub/c.jpg", &oddities::jpeg::oriented(6, 200, 100));
        for job in [
            &["images", "-o", "out"][..],
            &["images", "-o", "images/thumbs"],
            &[".", "-o", "here", "--exclude", "out", "--exclude", "thumbs"],
            &["images"],
            &["images", "--name", "t/{name}.{ext}"],
            &["images/a.jpg", "-o", "images/one.jpg"],
        ] {
            for more in [
                &["-s", "100"][..],
                &["-s", "100"],
                &["-s", "50"],
                &["-s", "80x30", "-q", "40"],
                &["--fsync", "-s", "60"],
            ] {
                world.run(&[job, more].concat()).ok();
                if !marked {
                    unmark_all(&world, "");
                }
            }
            // Not resized, so of the same size as the source: then the bytes decide.
            world.run(&[job, &["-s", "400"]].concat()).ok();
            if marked {
                world.run(&[job, &["-s", "400", "--quality", "30"]].concat()).ok();
                world.run(&[job, &["-s", "40x20", "--fit", "cover"]].concat()).ok();
            } else {
                unmark_all(&world, "");
                world.run(&[job, &["-s", "400"]].concat()).ok();
            }
        }
        assert_eq!(world.size("images/a.jpg"), (200, 100));
    }
}

#[test]
fn another_format_and_a_source_that_changed_are_made_again() {
    let world = World::with(&["in/a.jpg"]);
    if !has_marks(&world) {
        return;
    }
    world.run(&["in", "-s", "50", "-o", "out", "--name", "{stem}.thumb"]).ok();
    world.run(&["in", "-s", "50", "-o", "out", "--name", "{stem}.thumb", "-f", "webp"]).ok();
    assert!(world.read("out/a.thumb").starts_with(b"RIFF"));
    world.sized("in/a.jpg", 20, 70);
    world.run(&["in", "-s", "50", "-o", "out", "--name", "{stem}.thumb"]).ok();
    assert_eq!(world.size("out/a.thumb"), (14, 50));
    // Edited by another program, it is somebody's.
    world.write("out/a.thumb", &oddities::jpeg::plain(50, 50));
    world.run(&["in", "-s", "50", "-o", "out", "--name", "{stem}.thumb"]).code(1).says("did not write it");
    assert_eq!(world.size("out/a.thumb"), (50, 50));
}

#[test]
fn an_input_is_never_replaced_however_it_looks() {
    let world = World::new();
    // A small copy without metadata, which could be an output, comes later in the walk.
    world.sized("in/a.jpg", 200, 100);
    let small = world.read(world.sized("in/sub/a.png", 20, 10));
    let same = world.read(world.sized("in/a.png", 20, 10));
    for args in [
        &["in/a.jpg", "in/sub", "-s", "50", "-f", "png", "-o", "in/sub"][..],
        &["in", "-s", "50", "-f", "png", "--name", "{stem}.{ext}"],
        &["in/a.jpg", "in", "-s", "50", "-f", "png", "-o", "in"],
        &["in/*.jpg", "in/*.png", "-s", "50", "-f", "png", "-o", "in"],
    ] {
        world.run(args).code(1);
        assert_eq!(world.read("in/sub/a.png"), small, "{args:?}");
        assert_eq!(world.read("in/a.png"), same, "{args:?}");
    }
}

#[test]
fn outputs_in_the_walked_directory_itself_are_known() {
    let world = World::with(&["in/a.jpg", "in/sub/b.png"]);
    if !has_marks(&world) {
        return;
    }
    for _ in 0..3 {
        world.run(&["in", "-s", "50", "-f", "webp", "-o", "in"]).ok();
        assert_eq!(world.tree(), ["in/a.jpg", "in/a.webp", "in/sub/b.png", "in/sub/b.webp"]);
    }
}

#[test]
fn a_link_in_the_way_is_not_ours() {
    let world = World::with(&["a.jpg", "picture.jpg"]);
    world.run(&["a.jpg", "-s", "20", "-o", "ours.jpg"]).ok();
    for target in ["picture.jpg", "nowhere", "ours.jpg"] {
        symlink(target, world.path("a_thumb.jpg")).unwrap();
        let before = world.exists(target).then(|| world.read(target));
        world.run(&["a.jpg"]).code(1).says("did not write it");
        assert!(world.path("a_thumb.jpg").is_symlink());
        world.run(&["a.jpg", "--existing", "replace"]).ok();
        assert!(world.path("a_thumb.jpg").symlink_metadata().unwrap().is_file());
        assert_eq!(world.exists(target).then(|| world.read(target)), before);
        fs::remove_file(world.path("a_thumb.jpg")).unwrap();
    }
}

#[test]
fn a_fifo_in_the_way_holds_nobody() {
    let world = World::with(&["a.jpg"]);
    let ran = world.shell("mkfifo a_thumb.jpg && timeout 60 \"$thumbs\" a.jpg");
    ran.code(1).says("did not write it");
}

#[test]
fn a_file_of_another_kind_survives_an_archive_of_its_name() {
    let world = World::with(&["in/a.jpg", "in/b.png"]);
    for kind in ["tar", "tar.gz", "tgz", "tar.zst", "zip"] {
        let name = format!("x.{kind}");
        for foreign in
            [&b"a text"[..], &oddities::jpeg::plain(8, 8), b"PK\x03\x04 of somebody", b"\x1f\x8b\x08 of somebody"]
        {
            world.write(&name, foreign);
            world.run(&["in", "-s", "20", "-o", &name]).code(2).says("exists and thumbs did not write it");
            assert_eq!(world.read(&name), foreign, "{kind}");
        }
        world.write(&name, b"");
        for size in ["20", "30"] {
            world.run(&["in", "-s", size, "-o", &name]).ok();
        }
        unmark(&world, &name);
        world.run(&["in", "-s", "20", "-o", &name]).ok();
        // Nor is an empty one in the way of a full one.
        world.run(&["in", "-s", "20", "--exclude", "*", "-o", &name]).ok();
        unmark(&world, &name);
        world.run(&["in", "-s", "20", "-o", &name]).ok();
        assert!(!world.read(&name).is_empty());
    }
    if has("tar") {
        world.shell("tar cf x.tar in && cp x.tar before").ok();
        world.run(&["in", "-s", "20", "-o", "x.tar"]).code(2).says("did not write it");
        assert_eq!(world.read("x.tar"), world.read("before"));
    }
}

#[test]
fn a_read_only_source_has_a_thumbnail_that_is_ours() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with(&["in/a.jpg"]);
    fs::set_permissions(world.path("in/a.jpg"), fs::Permissions::from_mode(0o444)).unwrap();
    for size in ["50", "40x40"] {
        world.run(&["in", "-o", "out", "-s", size, "--fit", "cover"]).ok();
    }
    assert_eq!(world.path("out/a.jpg").metadata().unwrap().permissions().mode() & 0o777, 0o444);
}

#[test]
fn two_runs_at_once_do_not_take_each_other_for_strangers() {
    let world = World::new();
    for at in 0..30 {
        world.write(format!("in/{at}.jpg"), &oddities::jpeg::grainy(200, 150, 80));
    }
    for more in [&[][..], &["--fsync"]] {
        let args = [&["in", "-s", "100", "-o", "out", "-j2"], more].concat();
        let runs: Vec<_> = (0..3).map(|_| world.start(&args)).collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn a_dry_run_says_what_would_be_in_the_way() {
    let world = World::with(&["a.jpg"]);
    world.write("out/a.jpg", b"precious");
    let ran = world.run(&["a.jpg", "-o", "out", "-n"]);
    ran.code(1).says("did not write it");
}

#[test]
fn an_interrupted_night_without_marks_is_still_known() {
    // The state knows what it wrote, also where neither mark nor looks tell.
    let world = World::with(&["in/a.jpg"]);
    world.run(&["in", "-u", "-s", "40x40", "--fit", "cover", "-o", "out"]).ok();
    let path = world.path("out/a.jpg");
    let _ = rustix::fs::removexattr(&path, "user.thumbs");
    let ran = world.run(&["in", "-u", "-s", "30x30", "--fit", "cover", "-o", "out", "--report", "-"]);
    ran.ok();
    line(&report(&ran.stdout), "done", "a.jpg");
    assert_eq!(world.size("out/a.jpg"), (30, 30));
}
