//! Command lines that are wrong: one voice, exit 2, what is accepted, and the nearest spelling.

use crate::testenv::World;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What one wrong command line says: one line that begins with our name, and nothing is written.
#[track_caller]
fn said(world: &World, args: &[&str]) -> String {
    let before = world.tree();
    let ran = world.run(args);
    ran.code(2);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{args:?}: {lines:?}");
    assert_eq!(world.tree(), before, "{args:?} wrote something");
    assert!(ran.stdout.is_empty(), "{args:?}");
    lines[0].strip_prefix("thumbs: ").unwrap_or_else(|| panic!("{args:?}: {}", lines[0])).to_owned()
}

#[test]
fn a_wrong_value_names_the_values_that_are_right() {
    let world = World::with(&["a.jpg"]);
    for (option, value, right) in [
        ("-q", "high", "-q high: quality is a whole number from 1 to 100, or auto"),
        ("--quality", "101", "--quality 101: quality is a whole number from 1 to 100"),
        ("-s", "big", "-s big: a size is 800x600, 256, 800x, x600, 50% or original"),
        ("-s", "0", "a size is"),
        ("-s", "100,", "-s '': a size is"),
        ("-f", "gif", "GIF is read, not written; a format is one of keep, auto, jpeg, png, webp"),
        ("-f", "jpeeg", "; did you mean jpeg?"),
        ("--background", "whit", "a colour is a CSS name such as white or transparent, #rgb"),
        ("--background", "whit", "; did you mean white?"),
        ("--background", "#12", "a colour is"),
        ("--fit", "covr", "one of inside, cover, contain, fill, outside; did you mean cover?"),
        ("--gravity", "norhteast", "northwest"),
        ("--gravity", "norhteast", "; did you mean northeast?"),
        ("--filter", "lancos", "; did you mean lanczos3?"),
        ("--icc", "rgb", "one of srgb, keep"),
        ("--metadata", "all", "one of none, copyright, keep"),
        ("--subsample", "411", "one of 444, 422, 420, auto"),
        ("--existing", "overwrite", "one of replace, skip, fail"),
        ("--archive", "zip", "one of tar, tar.gz, tar.zst"),
        ("--zstd-level", "20", "a whole number from 1 to 19"),
        ("--gzip-level", "x", "a whole number from 0 to 9"),
        ("--shard-size", "0", "whole number of samples from 1"),
        ("--name", "{stm}.jpg", "'{stm}' is none of {stem}"),
        ("--name", "{stm}.jpg", "; did you mean stem?"),
        ("--name", "../{stem}", "relative path"),
        ("--name", "{stem", "brace"),
        ("--include", "[a", "a pattern's [ has a ]"),
        ("--exclude", "{a", "a pattern's { has a }"),
        ("--include", "[z-a]", "range"),
        ("--include", "", "a pattern is not empty"),
        ("--max-depth", "0", "a depth is a whole number from 1"),
        ("-j", "0", "from 1 to 1024"),
        ("-j", "many", "from 1 to 1024"),
        ("--memory", "lots", "an amount of bytes is 4096, 512M, 2G or 1.5GiB"),
        ("--memory", "1k", "at least 1M"),
        ("--max-pixels", "-3", "a number of pixels is a whole number from 1"),
        ("--max-file-size", "1X", "an amount of bytes is"),
        ("--max-failures", "some", "a whole number, or a percentage"),
        ("--max-failures", "101%", "from 0% to 100%"),
        ("--timeout", "soon", "a time is 90 (seconds), 90s, 30m or 2h30m"),
        ("--max-time", "5 hours", "--max-time '5 hours': a time is"),
        ("--lock", "w", "one of skip, wait, fail"),
        ("--log-format", "xml", "one of text, json"),
        ("--progress", "sometimes", "one of auto, always, never"),
        ("--color", "yes", "one of auto, always, never"),
    ] {
        let said = said(
            &world,
            &[
                "a.jpg",
                "-u",
                &format!("{option}={value}")
                    .replace("-s=", "-s")
                    .replace("-f=", "-f")
                    .replace("-q=", "-q")
                    .replace("-j=", "-j"),
            ],
        );
        assert!(said.contains(right), "{option} {value}: {said}");
        assert!(said.starts_with(option), "{option} {value}: {said}");
        for foreign in ["error:", "invalid", "digit found", "tip:", "Usage", "choose of", "possible values"] {
            assert!(!said.contains(foreign), "{option} {value}: {said}");
        }
    }
}

#[test]
fn an_empty_value_is_no_value() {
    let world = World::with(&["a.jpg"]);
    for option in [
        "--size",
        "--fit",
        "--gravity",
        "--background",
        "--filter",
        "--icc",
        "--metadata",
        "--output",
        "--archive",
        "--zstd-level",
        "--gzip-level",
        "--webdataset",
        "--shard-size",
        "--relative-to",
        "--name",
        "--format",
        "--quality",
        "--subsample",
        "--existing",
        "--files0-from",
        "--files-from",
        "--include",
        "--exclude",
        "--max-depth",
        "--jobs",
        "--memory",
        "--max-pixels",
        "--max-file-size",
        "--max-failures",
        "--state",
        "--lock",
        "--timeout",
        "--max-time",
        "--metrics",
        "--log-format",
        "--progress",
        "--color",
        "--report",
    ] {
        let said = said(&world, &["a.jpg", &format!("{option}=")]);
        assert!(said.starts_with(option), "{option}: {said}");
        let last = self::said(&world, &["a.jpg", option]);
        assert!(last.starts_with(&format!("{option}: a value is missing")), "{option}: {last}");
    }
    assert_eq!(said(&world, &[""]), "an INPUT is empty");
}

#[test]
fn a_misspelled_option_gets_the_nearest() {
    let world = World::with(&["a.jpg", "-a.jpg"]);
    for (typed, near) in [
        ("--sise", "--sise: no such option; did you mean --size?"),
        ("--out", "--out: no such option; -o DIR/ sets the directory of the outputs"),
        ("--outpt", "did you mean --output?"),
        ("--fitt=cover", "--fitt: no such option; did you mean --fit?"),
        ("-S", "-S: no such option; did you mean -s?"),
        ("--xyzzy", "--xyzzy: no such option; thumbs --help lists all"),
        ("-size", "-s ize: a size is 800x600, 256, 800x, x600, 50% or original, no side 0; did you mean --size?"),
        ("-a.jpg", "; write ./-a.jpg for the file of this name"),
    ] {
        let said = said(&world, &["a.jpg", typed]);
        assert!(said.contains(near), "{typed}: {said}");
    }
}

#[test]
fn options_that_need_or_exclude_another_say_which() {
    let world = World::with(&["a.jpg"]);
    for (args, want) in [
        (&["a.jpg", "--checksum"][..], "--checksum: it has no effect without --update"),
        (&["a.jpg", "--lock", "wait"], "--lock: it has no effect without --update"),
        (&["a.jpg", "--prune"], "--prune: it has no effect without --update"),
        (&["a.jpg", "--webdataset", "d", "-o", "e"], "--webdataset: not together with -o"),
        (&["a.jpg", "--fit", "fill", "--fit", "cover"], "--fit: given twice"),
        (&["a.jpg", "--enlarge=yes"], "--enlarge: it takes no value"),
    ] {
        assert_eq!(said(&world, args), want);
    }
}

#[test]
fn a_usage_error_is_json_where_that_is_asked_for() {
    let world = World::with(&["a.jpg"]);
    for args in [&["a.jpg", "--log-format", "json", "-q", "high"][..], &["-qhigh", "--log-format=json"]] {
        let ran = world.run(args);
        let line: serde_json::Value = serde_json::from_str(ran.code(2).stderr.trim()).expect("JSON");
        assert_eq!(line["message"], "-q high: quality is a whole number from 1 to 100, or auto");
    }
}

#[test]
fn a_value_that_is_not_utf8_or_steers_a_terminal_is_refused_in_words() {
    let world = World::with(&["a.jpg"]);
    let path = OsStr::from_bytes(b"caf\xe9.jpg");
    world.picture(path);
    let wrong = OsStr::from_bytes(b"caf\xe9");
    for (args, words) in [
        (&[OsStr::from_bytes(b"-qcaf\xe9")][..], "-qcaf\\xe9"),
        (&[path, OsStr::new("-q"), wrong], "-q caf\\xe9"),
        (&[OsStr::new("-o"), wrong, path, OsStr::new("--include"), wrong], "--include caf\\xe9"),
    ] {
        let ran = world.run(args);
        ran.code(2).says(&format!("thumbs: {words}: not UTF-8, which only paths need not be\n"));
    }
    world.run(&[path, OsStr::new("-o"), wrong]).ok();
    let said = said(&world, &["a.jpg", "--fit", "\x1b[31mred"]);
    assert!(!said.contains('\x1b') && said.contains("\\x1b"), "{said:?}");
}

#[test]
fn files_that_options_name_are_looked_at_before_work() {
    let world = World::with(&["in/a.jpg"]);
    world.write("file", b"x");
    std::fs::create_dir(world.path("dir")).unwrap();
    for (args, words) in [
        (&["--metrics", "no/such/m.prom"][..], "--metrics no/such/m.prom: no/such: No such file or directory"),
        (&["--metrics", "file/m.prom"], "--metrics file/m.prom: file is a file, not a directory"),
        (&["--metrics", "dir"], "--metrics dir: a directory, not a file"),
        (&["--report", "no/such/r"], "--report no/such/r: no/such: No such file or directory"),
        (&["--report", "dir"], "--report dir: a directory, not a file"),
        (&["-u", "--state", "no/such/s"], "--state no/such/s: no/such: No such file or directory"),
        (&["-u", "--state", "dir"], "--state dir: a directory, not a file"),
        (&["--files-from", "no-list"], "--files-from no-list: No such file or directory"),
        (&["--files0-from", "dir"], "--files0-from dir: a directory, not a list of names"),
        (&["--relative-to", "nowhere"], "--relative-to nowhere: No such file or directory"),
        (&["--relative-to", "file"], "--relative-to file: not a directory"),
    ] {
        assert_eq!(said(&world, &[&["in", "-o", "out"], args].concat()), words);
    }
}

#[test]
fn files_that_options_name_may_lie_in_the_destination() {
    let world = World::with(&["in/a.jpg"]);
    let args = ["in", "-o", "out", "-u", "--state", "out/s", "--report", "out/r", "--metrics", "out/m.prom"];
    world.run(&args).ok();
    world.no_leftovers(&["in/a.jpg", "out/a.jpg", "out/m.prom", "out/r", "out/s", "out/s.lock"]);
}

#[test]
fn a_list_may_be_a_pipe() {
    let world = World::with(&["in/a.jpg"]);
    let ran = world.shell("\"$thumbs\" --files-from <(echo in/a.jpg) -o out");
    ran.ok();
    assert!(world.exists("out/a.jpg"));
}

#[test]
fn addresses_are_told_from_missing_files() {
    let world = World::with(&["a.jpg"]);
    for scheme in ["s3", "gs", "az", "ftp", "sftp"] {
        let address = format!("{scheme}://example.org/a.jpg?w=1&h=[2]");
        let why = match (scheme, cfg!(feature = "stores")) {
            ("s3" | "gs" | "az", true) => continue,
            ("s3" | "gs" | "az", false) => "by this build, which has no object stores (feature stores)",
            (_, true) => "only http://, https://, s3://, gs:// and az://; download it first",
            (_, false) => "only http:// and https://; download it first",
        };
        let words = format!("{address}: failed: {scheme}:// addresses are not read");
        world.write("list", address.as_bytes());
        for args in [&["a.jpg", &address, "-o", "out"][..], &["--files-from", "list", "-o", "out"]] {
            let ran = world.run(args);
            assert_ne!(ran.code, Some(0));
            ran.says(&words).says(why).never_says("No such file");
        }
    }
    let ran = world.run(&["file:///tmp/a.jpg", "-o", "out"]);
    ran.says("file:// addresses are not read; name the path itself");
    // What exists under such a name is a file.
    world.picture("https:/host/a.jpg");
    world.run(&["https://host/a.jpg", "-o", "there"]).ok();
    assert!(world.exists("there/a.jpg"));
}

#[test]
fn options_that_do_not_fit_together_say_so_in_one_shape() {
    let world = World::with(&["a.jpg", "b.jpg", "in/c.jpg"]);
    world.shell("tar cf in.tar in").ok();
    for (args, want) in [
        (&[][..], "no INPUT; name pictures, directories or a list (see --help)"),
        (&["a.jpg", "b.jpg", "-o", "c.jpg"], "-o c.jpg: one picture takes exactly one INPUT, a file or -; for a"),
        (&["a.jpg", "-s", "1,2", "-o", "c.jpg"], "-o c.jpg: one picture takes one size and one format; for a"),
        (&["in", "-o", "-"], "-o -: one picture takes exactly one INPUT, a file or -; for several, add --archive tar"),
        (&["a.jpg", "-f", "png", "-o", "c.jpg"], "-o c.jpg: its extension asks for JPEG, -f for another format"),
        (&["a.jpg", "-o", "c.gif"], "-o c.gif: GIF is read, not written"),
        (&["a.jpg", "-s", "1,2", "--name", "{stem}.jpg"], "--name {stem}.jpg: several sizes get one name; let it"),
        (&["a.jpg", "-f", "png,jpeg", "--name", "{stem}"], "--name {stem}: several formats get one name; let it"),
        (&["a.jpg", "-o", "c.jpg", "--name", "{stem} x"], "--name '{stem} x': it has no effect with one picture"),
        (&["a.jpg", "--relative-to", "in"], "--relative-to: it has no effect without a directory or an archive"),
        (&["a.jpg", "--archive-in"], "--archive-in: only for the INPUT -"),
        (&["-", "-", "-o", "out"], "standard input can be read only once"),
        (&["-", "a.jpg"], "standard input has no directory to put outputs beside; use -o"),
        (&["in.tar"], "outputs cannot stand beside members of an archive; use -o"),
        (&["a.jpg", "--partial"], "--partial: it has no effect without an archive as -o"),
        (&["a.jpg", "--gzip-level", "3"], "--gzip-level: it has no effect without an archive as -o"),
        (&["in", "-o", "x.zip", "--zstd-level", "3"], "--zstd-level: it has no effect on zip"),
        (&["in", "-o", "x.tar", "--archive", "tar"], "--archive: only for -o -"),
        (&["in", "-o", "x.tar", "--existing", "skip"], "--existing skip: an archive is made as a whole"),
        (&["in", "-o", "in.tar", "--existing", "fail"], "-o in.tar: it exists"),
        (&["in", "in.tar", "-o", "in.tar"], "-o in.tar: an INPUT of this run"),
        (&["in", "--shard-size", "3"], "--shard-size: it has no effect without --webdataset"),
        (&["in", "--webdataset", "d", "-s", "1,2"], "--webdataset: it takes one size and one format"),
        (&["in", "--webdataset", "d", "-u"], "--update: not for data sets"),
        (&["in", "-u", "-o", "x.tar"], "--update: only with a directory as -o, or none"),
        (&["a.jpg", "-u"], "--update: without -o, it takes exactly one directory as INPUT"),
        (&["in.tar", "-u", "-o", "out"], "--update: not for members of archives"),
        (&["in", "--fsync", "-o", "x.tar"], "--fsync: only for outputs that are single files"),
        (&["in", "--print", "--report", "-"], "only one of pictures, --print, --dry-run and --report - can have"),
    ] {
        let said = said(&world, args);
        assert!(said.starts_with(want), "{args:?}: {said}");
    }
}

#[test]
fn reports_and_metrics_never_replace_a_picture_or_an_input() {
    let world = World::with(&["in/a.jpg", "in/b.png", "c.webp"]);
    world.write("list", b"in/a.jpg\n");
    for option in ["--report", "--metrics"] {
        for file in ["in/a.jpg", "in/b.png", "c.webp"] {
            let before = world.read(file);
            assert_eq!(
                said(&world, &["in", "-o", "out", option, file]),
                format!("{option} {file}: a picture stands there, which it would replace")
            );
            assert_eq!(world.read(file), before);
        }
        let args = ["--files-from", "list", "-o", "out", option, "./list"];
        assert_eq!(said(&world, &args), format!("{option} ./list: an INPUT of this run"));
        assert_eq!(world.read("list"), b"in/a.jpg\n");
    }
    // A report of an earlier run is replaced, also a packed one.
    for file in ["r", "r.gz", "r.zst", "m.prom"] {
        let option = if file == "m.prom" { "--metrics" } else { "--report" };
        for _ in 0..2 {
            world.run(&["in", "-o", "out", "--existing", "replace", option, file]).ok();
        }
    }
}
