//! `--in-place`: pictures are replaced by smaller ones, and nothing else of them changes.

mod testenv;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use testenv::{World, has, line, report, root, skip};

/// A JPEG that gets a good deal smaller at quality 80.
fn large() -> Vec<u8> {
    oddities::jpeg::grainy(300, 200, 97)
}

fn world() -> World {
    let world = World::new();
    world.write("in/a.jpg", &large());
    world
}

#[test]
fn a_picture_gets_smaller_and_keeps_its_pixels_size_and_format() {
    let world = world();
    world.sized("in/b.png", 64, 48);
    world.run(&["in", "--in-place"]).ok();
    let after = world.read("in/a.jpg");
    assert!(after.len() < large().len() * 95 / 100, "{}", after.len());
    assert_eq!(world.size("in/a.jpg"), (300, 200));
    assert_eq!(world.size("in/b.png"), (64, 48));
    let (_, _, old) = testenv::decode(&large());
    let (_, _, new) = world.pixels("in/a.jpg");
    assert!(testenv::mean(&old, &new) < 8.0);
    world.no_leftovers(&["in/a.jpg", "in/b.png"]);
}

#[test]
fn what_saves_too_little_stays_to_the_byte() {
    let world = world();
    let before = fs::metadata(world.path("in/a.jpg")).unwrap();
    let ran = world.run(&["in", "--in-place", "--min-savings", "99%", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    let kept = line(&lines, "skipped", "a.jpg");
    assert_eq!(kept["reason"], "not-worth-it");
    assert_eq!(kept["source_bytes"].as_u64(), Some(large().len() as u64));
    assert!(kept["outputs"][0]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    assert_eq!(world.read("in/a.jpg"), large());
    let after = fs::metadata(world.path("in/a.jpg")).unwrap();
    assert_eq!((before.ino(), before.ctime_nsec()), (after.ino(), after.ctime_nsec()), "it was not touched");
    world.run(&["in", "--in-place", "--min-savings", "900k"]).ok();
    assert_eq!(world.read("in/a.jpg"), large());
    world.run(&["in", "--in-place", "--min-savings", "1k"]).ok();
    assert!(world.read("in/a.jpg").len() < large().len() - 1024);
    world.no_leftovers(&["in/a.jpg"]);
}

#[test]
fn mode_owner_attributes_and_times_stay() {
    let world = world();
    let path = world.path("in/a.jpg");
    let old = SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, 123_456_789);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    if root() {
        std::os::unix::fs::chown(&path, Some(1234), Some(2345)).unwrap();
    }
    let attributes = has("setfattr") && world.shell("setfattr -n user.rating -v five in/a.jpg").code == Some(0);
    let acl = has("setfacl") && world.shell("setfacl -m u:4321:r in/a.jpg").code == Some(0);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_times(fs::FileTimes::new().set_modified(old).set_accessed(old)).unwrap();
    let before = fs::metadata(&path).unwrap();
    world.run(&["in", "--in-place"]).ok();
    let after = fs::metadata(&path).unwrap();
    assert_ne!(before.ino(), after.ino(), "it was replaced");
    assert_eq!((before.mode(), before.uid(), before.gid()), (after.mode(), after.uid(), after.gid()));
    assert_eq!(after.modified().unwrap(), old);
    assert_eq!(after.nlink(), 1);
    if attributes {
        let value = world.shell("getfattr --only-values -n user.rating in/a.jpg");
        assert_eq!(value.ok().text(), "five");
    }
    if acl {
        assert!(world.shell("getfacl -n in/a.jpg").ok().text().contains("user:4321:r--"));
    }
    // A new time on request.
    let world = self::world();
    let path = world.path("in/a.jpg");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(old).unwrap();
    world.run(&["in", "--in-place", "--touch"]).ok();
    assert!(fs::metadata(&path).unwrap().modified().unwrap().elapsed().unwrap() < Duration::from_secs(600));
}

/// Rather than to give somebody's picture to another owner.
#[test]
fn an_owner_that_cannot_be_kept_keeps_the_picture() {
    if !root() || !has("setpriv") {
        return skip("only root can become somebody else");
    }
    let world = world();
    fs::copy(testenv::binary(), world.path("thumbs")).unwrap();
    world.shell("chmod 755 . && chmod 777 in && chown 1234:1234 in/a.jpg && chmod 666 in/a.jpg").ok();
    let ran = world.shell("setpriv --reuid 4321 --regid 4321 --clear-groups ./thumbs in --in-place");
    ran.code(1).says("its owner cannot be kept");
    assert_eq!(world.read("in/a.jpg"), large());
    world.no_leftovers(&["in/a.jpg", "thumbs"]);
    // One's own is replaced.
    world.shell("chown 4321:4321 in/a.jpg").ok();
    world.shell("setpriv --reuid 4321 --regid 4321 --clear-groups ./thumbs in --in-place").ok();
    assert!(world.read("in/a.jpg").len() < large().len());
}

#[test]
fn a_second_run_does_nothing() {
    let world = world();
    world.run(&["in", "--in-place"]).ok();
    let (first, before) = (world.read("in/a.jpg"), fs::metadata(world.path("in/a.jpg")).unwrap());
    // By its mark; without one, it is not worth it.
    for round in 0..2 {
        let ran = world.run(&["in", "--in-place", "--report", "-"]);
        let lines = report(&ran.ok().stdout);
        let reason = &line(&lines, "skipped", "a.jpg")["reason"];
        assert!(reason == "compressed" && round == 0 || reason == "not-worth-it", "{reason}");
        assert_eq!(world.read("in/a.jpg"), first);
        let after = fs::metadata(world.path("in/a.jpg")).unwrap();
        assert_eq!(before.ino(), after.ino());
        if !has("setfattr") || world.shell("setfattr -x user.thumbs.compressed in/a.jpg").code != Some(0) {
            return skip("extended attributes cannot be removed here");
        }
    }
    // Other options are another wish.
    world.run(&["in", "--in-place", "-q", "30"]).ok();
    assert!(world.read("in/a.jpg").len() < first.len());
}

#[test]
fn with_a_state_a_second_run_opens_nothing() {
    let world = world();
    world.sized("in/small.png", 8, 8);
    world.run(&["in", "--in-place", "-u"]).ok();
    let first = world.read("in/a.jpg");
    std::thread::sleep(Duration::from_millis(120));
    for round in 0..3 {
        let ran = world.run(&["in", "--in-place", "-u", "--report", "-"]);
        let lines = report(&ran.ok().stdout);
        for name in ["a.jpg", "small.png"] {
            let reason = &line(&lines, "skipped", name)["reason"];
            // A time that is as fresh as the clock is coarse is not trusted; then the mark tells.
            assert!(reason == "up-to-date" || (round == 0 && reason == "compressed"), "{name}: {reason}");
        }
        assert_eq!(world.read("in/a.jpg"), first);
    }
    // Another job that prunes with the same state removes no picture.
    world.run(&["in", "-s", "10", "-u", "--prune", "--exclude", "a.jpg"]).ok();
    world.run(&["in", "-s", "10", "-u", "--prune-all", "--exclude", "*"]).ok();
    assert_eq!(world.read("in/a.jpg"), first);
    assert!(world.exists("in/small.png"));
    // A picture that a person puts there is compressed.
    world.write("in/a.jpg", &large());
    world.run(&["in", "--in-place", "-u"]).ok();
    assert!(world.read("in/a.jpg").len() < large().len() * 95 / 100);
}

#[test]
fn a_link_is_followed_to_its_file_and_stays_a_link() {
    let world = world();
    fs::create_dir(world.path("links")).unwrap();
    symlink("../in/a.jpg", world.path("links/one.jpg")).unwrap();
    symlink("../in/a.jpg", world.path("links/two.jpg")).unwrap();
    let ran = world.run(&["links/one.jpg", "links/two.jpg", "in/a.jpg", "--in-place", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    assert_eq!(lines.iter().filter(|l| l["type"] == "done").count(), 1);
    assert_eq!(lines.iter().filter(|l| l["reason"] == "duplicate").count(), 2);
    assert!(fs::symlink_metadata(world.path("links/one.jpg")).unwrap().is_symlink());
    assert!(world.read("in/a.jpg").len() < large().len());
    // A walk leaves links out, and does not lead out of what was named.
    let world = self::world();
    fs::create_dir(world.path("links")).unwrap();
    symlink("../in/a.jpg", world.path("links/one.jpg")).unwrap();
    world.run(&["links", "--in-place"]).ok();
    assert_eq!(world.read("in/a.jpg"), large());
}

#[test]
fn hard_links_stay_unless_asked() {
    let world = world();
    fs::hard_link(world.path("in/a.jpg"), world.path("other.jpg")).unwrap();
    let ran = world.run(&["in", "--in-place", "--report", "-"]);
    assert_eq!(line(&report(&ran.ok().stdout), "skipped", "a.jpg")["reason"], "hard-link");
    assert_eq!(world.read("in/a.jpg"), large());
    world.run(&["in", "--in-place", "--hard-links"]).ok();
    assert!(world.read("in/a.jpg").len() < large().len());
    assert_eq!(world.read("other.jpg"), large());
}

#[test]
fn backups_are_mirrored_and_never_replaced() {
    let world = world();
    world.write("in/sub/a.jpg", &oddities::jpeg::grainy(200, 300, 97));
    let before = fs::metadata(world.path("in/a.jpg")).unwrap();
    world.run(&["in", "--in-place", "--backup", "old"]).ok();
    assert_eq!(world.read("old/a.jpg"), large());
    assert_eq!(world.read("old/sub/a.jpg"), oddities::jpeg::grainy(200, 300, 97));
    let kept = fs::metadata(world.path("old/a.jpg")).unwrap();
    assert_eq!((kept.mtime(), kept.mode(), kept.nlink()), (before.mtime(), before.mode(), 1));
    // A later version does not take the place of the first.
    let second = oddities::jpeg::grainy(310, 200, 97);
    world.write("in/a.jpg", &second);
    world.run(&["in", "--in-place", "--backup", "old"]).ok();
    assert_eq!(world.read("old/a.jpg"), large());
    assert_eq!(world.read("old/a.jpg.~1~"), second);
    assert_eq!(world.tree(), ["in/a.jpg", "in/sub/a.jpg", "old/a.jpg", "old/a.jpg.~1~", "old/sub/a.jpg"]);
}

#[test]
fn a_backup_within_the_pictures_is_not_walked_and_beside_them_it_is_numbered() {
    let world = world();
    world.run(&["in", "--in-place", "--backup", "in/old"]).ok();
    let first = world.read("in/a.jpg");
    world.run(&["in", "--in-place", "--backup", "in/old", "-q", "30"]).ok();
    assert_eq!(world.read("in/old/a.jpg"), large());
    assert_eq!(world.read("in/old/a.jpg.~1~"), first);
    let world = self::world();
    world.run(&["in", "--in-place", "--backup", "in"]).ok();
    assert_eq!(world.read("in/a.jpg.~1~"), large());
    assert!(world.read("in/a.jpg").len() < large().len());
}

#[test]
fn a_backup_on_another_disk_is_a_copy() {
    if !root() {
        return skip("only root can mount a small disk");
    }
    let world = world();
    fs::create_dir(world.path("old")).unwrap();
    if world.shell("mount -t tmpfs -o size=4m tmpfs old").code != Some(0) {
        return skip("no tmpfs can be mounted");
    }
    let before = fs::metadata(world.path("in/a.jpg")).unwrap();
    let ran = world.run(&["in", "--in-place", "--backup", "old"]);
    let kept = (world.read("old/a.jpg"), fs::metadata(world.path("old/a.jpg")).unwrap().mtime_nsec());
    world.shell("umount old").ok();
    ran.ok();
    assert_eq!(kept, (large(), before.mtime_nsec()));
    assert!(world.read("in/a.jpg").len() < large().len());
    // Where no backup can be made, nothing is replaced.
    let world = self::world();
    world.write("old", b"a file");
    world.run(&["in", "--in-place", "--backup", "old"]).code(2).says("--backup old: not a directory");
    world.write("dir/a.jpg/x", b"");
    fs::create_dir_all(world.path("ro")).unwrap();
    if world.shell("mount -t tmpfs -o ro tmpfs ro").code == Some(0) {
        let ran = world.run(&["in", "--in-place", "--backup", "ro"]);
        world.shell("umount ro").ok();
        assert!(matches!(ran.code, Some(1 | 3)), "{:?}", ran.code);
        ran.says("Read-only");
        assert_eq!(world.read("in/a.jpg"), large());
        assert!(world.tree().iter().all(|name| !name.contains(".thumbs-")), "{:?}", world.tree());
    }
}

#[test]
fn pictures_that_nobody_may_write_to_stay() {
    let world = world();
    fs::set_permissions(world.path("in/a.jpg"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = world.run(&["in", "--in-place", "--report", "-"]);
    assert_eq!(line(&report(&ran.ok().stdout), "skipped", "a.jpg")["reason"], "read-only");
    assert_eq!(world.read("in/a.jpg"), large());
}

#[test]
fn what_cannot_be_written_again_stays() {
    let world = World::new();
    world.write("in/a.gif", &oddities::others::gif(8, 8));
    world.write("in/b.bmp", &oddities::others::bmp(64, 64));
    let ran = world.run(&["in", "--in-place", "--report", "-"]);
    let lines = report(&ran.ok().stdout);
    for name in ["a.gif", "b.bmp"] {
        assert_eq!(line(&lines, "skipped", name)["reason"], "format-not-written");
    }
    world.no_leftovers(&["in/a.gif", "in/b.bmp"]);
}

#[test]
fn stores_of_version_control_are_never_touched() {
    let world = world();
    world.write("in/.git/annex/objects/x.jpg", &large());
    world.write("in/.svn/pristine/y.jpg", &large());
    symlink(".git/annex/objects/x.jpg", world.path("in/annexed.jpg")).unwrap();
    let args = ["in", "in/.svn/pristine/y.jpg", "--in-place", "--hidden", "--follow"];
    let ran = world.run(&[&args[..], &["--report", "-"]].concat());
    let lines = report(&ran.ok().stdout);
    assert_eq!(lines.iter().filter(|l| l["reason"] == "version-control").count(), 2, "{lines:#?}");
    assert_eq!(world.read("in/.git/annex/objects/x.jpg"), large());
    assert_eq!(world.read("in/.svn/pristine/y.jpg"), large());
    assert!(world.read("in/a.jpg").len() < large().len());
    world.run(&["in/.git", "--in-place"]).code(2).says("version control");
    world.write("list", b"in/.git\n");
    world.run(&["--files-from", "list", "--in-place"]).code(1).says("version control");
    assert_eq!(world.read("in/.git/annex/objects/x.jpg"), large());
}

#[test]
fn everything_at_once_is_refused() {
    let world = world();
    let home = |args: &[&str]| world.finish(world.thumbs().env("HOME", world.root()).args(args));
    for args in [&["/"][..], &["."], &[".."], &["in/.."], &["/usr"], &["**/*.jpg"]] {
        let ran = home(&[args, &["--in-place"]].concat());
        ran.code(2).says("--in-place").says("name a directory of pictures");
    }
    world.write("list", b".\n");
    home(&["--files-from", "list", "--in-place"]).code(1).says("your home directory");
    assert_eq!(world.read("in/a.jpg"), large());
    home(&["in", "--in-place"]).ok();
    assert!(world.read("in/a.jpg").len() < large().len());
}

#[test]
fn what_contradicts_it_is_refused() {
    let world = world();
    for args in [
        &["-o", "out"][..],
        &["--name", "{stem}.{ext}"],
        &["-f", "webp"],
        &["--existing", "replace"],
        &["--webdataset", "set"],
        &["--allow-truncated"],
        &["-u", "--prune"],
        &["-u", "--prune-all"],
        &["--touch", "--keep-times"],
        &["-s", "10,20"],
        &["--relative-to", "."],
        &["-o", "x.tar"],
    ] {
        world.run(&[&["in", "--in-place"], args].concat()).code(2).says("--in-place");
    }
    for args in [&["--min-savings", "5%"][..], &["--backup", "x"], &["--hard-links"], &["--touch"]] {
        world.run(&[&["in"], args].concat()).code(2).says("without --in-place");
    }
    for value in ["x", "100%", "-1%", "5 %"] {
        world.run(&["in", "--in-place", &format!("--min-savings={value}")]).code(2).says("savings are");
    }
    world.feed(&["-", "--in-place"], &large()).code(2).says("standard input has no place");
    world.no_leftovers(&["in/a.jpg"]);
    assert_eq!(world.read("in/a.jpg"), large());
}

#[test]
fn a_dry_run_counts_and_a_measured_one_says_what_would_be_saved() {
    let world = world();
    let ran = world.run(&["in", "--in-place", "-n", "-v"]);
    assert!(ran.ok().text().contains("in/a.jpg"));
    ran.says("1 to be done");
    let ran = world.run(&["in", "--in-place", "-n", "--measure", "--report", "told", "-v"]);
    ran.ok().says("1 to be done").says(" out, ").never_says("only headers");
    assert!(ran.text().contains("300x200 JPEG, 38.0 kB -> "), "{}", ran.text());
    let lines = report(&world.read("told"));
    let planned = line(&lines, "planned", "a.jpg")["outputs"][0]["bytes"].as_u64().unwrap();
    assert_eq!(world.read("in/a.jpg"), large());
    world.run(&["in", "--in-place"]).ok();
    assert_eq!(world.read("in/a.jpg").len() as u64, planned);
    world.run(&["in", "--measure", "-o", "x"]).code(2).says("without -n");
}

#[test]
fn a_damaged_picture_stays() {
    let world = world();
    let half = &large()[..large().len() / 2];
    world.write("in/half.jpg", half);
    world.run(&["in", "--in-place"]).code(1).says("half.jpg");
    assert_eq!(world.read("in/half.jpg"), half);
    world.no_leftovers(&["in/a.jpg", "in/half.jpg"]);
}

/// A file that bears our mark may be replaced by other runs; a person's picture may not, compressed or not.
#[test]
fn a_compressed_picture_is_no_output_that_others_may_replace() {
    let world = world();
    world.write("other/a.jpg", &oddities::jpeg::plain(640, 480));
    world.run(&["in", "--in-place"]).ok();
    let compressed = world.read("in/a.jpg");
    world.run(&["other", "-o", "in/", "-s", "50"]).code(1).says("thumbs did not write it");
    assert_eq!(world.read("in/a.jpg"), compressed);
    // And an output that is compressed stays one.
    world.run(&["other", "-o", "out/", "-s", "300", "-q", "98"]).ok();
    let made = world.read("out/a.jpg");
    world.run(&["out", "--in-place", "-q", "40"]).ok();
    assert!(world.read("out/a.jpg").len() < made.len());
    world.run(&["other", "-o", "out/", "-s", "300", "-q", "98"]).ok();
    assert_eq!(world.read("out/a.jpg"), made);
}

#[test]
fn outputs_get_their_sources_time_on_request() {
    let world = world();
    let old = SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, 0);
    fs::File::options().write(true).open(world.path("in/a.jpg")).unwrap().set_modified(old).unwrap();
    let time = |name: &str| fs::metadata(world.path(name)).unwrap().modified().unwrap();
    world.run(&["in", "-o", "out/", "-s", "50", "--keep-times"]).ok();
    assert_eq!(time("out/a.jpg"), old);
    // Its mark fits: it is ours, and replaced.
    world.run(&["in", "-o", "out/", "-s", "60"]).ok();
    assert_ne!(time("out/a.jpg"), old);
    world.run(&["in", "-o", "night/", "-s", "50", "--keep-times", "-u"]).ok();
    assert_eq!(time("night/a.jpg"), old);
    let ran = world.run(&["in", "-o", "night/", "-s", "50", "--keep-times", "-u", "--report", "-"]);
    assert_eq!(line(&report(&ran.ok().stdout), "skipped", "a.jpg")["reason"], "up-to-date");
    world.run(&["in", "-o", "x.tar", "--keep-times"]).code(2).says("--keep-times");
}

#[test]
fn orientation_and_metadata_stay() {
    let world = World::new();
    let picture = oddities::jpeg::grainy(300, 200, 97);
    let tag = oddities::exif::app1(&oddities::exif::orientation(6));
    let bytes = [&picture[..2], &[0xff, 0xe1, 0, tag.len() as u8 + 2], &tag, &picture[2..]].concat();
    world.write("in/a.jpg", &bytes);
    world.run(&["in", "--in-place"]).ok();
    assert!(world.read("in/a.jpg").len() < bytes.len());
    assert_eq!(world.size("in/a.jpg"), (300, 200), "as stored");
    let ran = world.run(&["in", "-o", "out/", "-s", "original"]);
    ran.ok();
    assert_eq!(world.size("out/a.jpg"), (200, 300), "its tag still turns it");
    // Without the tag, the pixels are turned.
    world.write("in/a.jpg", &bytes);
    world.run(&["in", "--in-place", "--metadata", "none"]).ok();
    assert_eq!(world.size("in/a.jpg"), (200, 300));
    world.write("in/a.jpg", &bytes);
    world.run(&["in", "--in-place", "--auto-orient"]).ok();
    assert_eq!(world.size("in/a.jpg"), (200, 300));
}
