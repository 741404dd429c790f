//! Bad input of every kind, under an address-space limit and with good neighbours.

use crate::testenv::{World, has, report, skip};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// 2 GiB, in the unit of `ulimit -v`.
const LIMIT: &str = "ulimit -v 2097152";

/// No single file here takes a debug build longer; a hang does.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_bad_file_fails_alone_with_a_reason() {
    let world = World::with(&["good.jpg"]);
    for oddity in oddities::all().into_iter().filter(|o| !o.good) {
        world.write(&oddity.name, &oddity.bytes);
        let name = &oddity.name;
        let begin = Instant::now();
        let ran = world.shell(&format!("{LIMIT}; \"$thumbs\" ./{name} good.jpg -o out/ --report r"));
        assert!(begin.elapsed() < PATIENCE, "{name} took {:?}", begin.elapsed());
        assert_eq!(ran.code, Some(1), "{name}: signal {:?}, {}", ran.signal, ran.stderr);
        ran.says(name).never_says("panicked");
        assert_eq!(world.size("out/good.jpg"), (96, 64), "{name} cost its neighbour");
        let made: Vec<_> = world.tree().into_iter().filter(|f| f.starts_with("out/")).collect();
        assert_eq!(made, ["out/good.jpg"], "{name}");
        let lines = report(&world.read("r"));
        let error = crate::testenv::line(&lines, "failed", name)["error"].as_str().unwrap().to_owned();
        assert!(error.len() > 5, "{name}: {error:?} is no reason");
        std::fs::remove_file(world.path(name)).unwrap();
    }
}

#[test]
fn every_good_oddity_comes_out() {
    let world = World::new();
    let all: Vec<_> = oddities::all().into_iter().filter(|o| o.good).collect();
    for oddity in &all {
        world.write(format!("in/{}", oddity.name), &oddity.bytes);
    }
    let ran = world.shell(&format!("{LIMIT}; \"$thumbs\" in -o out -f png --name '{{name}}.png' -j2"));
    let failed: Vec<&str> =
        all.iter().map(|o| o.name.as_str()).filter(|n| !world.exists(format!("out/{n}.png"))).collect();
    assert!(failed.is_empty(), "{failed:?} did not come out:\n{}", ran.stderr);
    for oddity in &all {
        let out = format!("out/{}.png", oddity.name);
        let (width, height, pixels) = world.pixels(&out);
        assert!((96..98).contains(&width) && (64..66).contains(&height), "{}", oddity.name);
        let at = |x: u32, y: u32| &pixels[((y * width + x) * 3) as usize..][..3];
        if oddity.name.contains("grey") {
            assert!(at(4, 4)[0] == at(4, 4)[1] && at(4, 4)[0] < 130);
        } else {
            let near = |a: &[u8], b: [u8; 3]| crate::testenv::distance(a, &b) < 24;
            assert!(near(at(4, 4), [208, 48, 48]), "{}: red corner is {:?}", oddity.name, at(4, 4));
            assert!(near(at(6, 60), [48, 64, 208]), "{}: blue corner is {:?}", oddity.name, at(6, 60));
        }
    }
}

/// By what is in them, whatever they are called.
#[test]
fn what_is_not_read_is_called_by_its_name() {
    let world = World::new();
    let known: &[(&[u8], &str)] = &[
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "unsupported: HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "unsupported: AVIF"),
        (b"\xff\x0a\xfa\x1f", "unsupported: JPEG XL"),
        (b"II*\0\x10\0\0\0CR\x02\0", "unsupported: camera raw"),
        (b"<?xml version='1.0'?><svg/>", "unsupported: SVG"),
        (b"%PDF-1.7", "unsupported: PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported: PostScript"),
        (b"gimp xcf v011\0", "unsupported: GIMP"),
        (b"\x01\xda\x01\x01\0\x03", "unsupported: SGI"),
        (b"<!DOCTYPE html>", "not a picture (HTML)"),
        (b"PK\x05\x06", "not a picture"),
    ];
    for (content, reason) in known {
        world.write("a.jpg", content);
        world.run(&["a.jpg", "-o", "out/"]).code(1).says("a.jpg").says(reason);
        assert!(!world.exists("out/a.jpg"));
    }
}

#[test]
fn bombs_tell_size_and_limit() {
    let world = World::new();
    for (name, bytes, side) in [
        ("a.png", oddities::png::header_only(65_535, 65_535), "65535"),
        ("b.jpg", oddities::bombs::jpeg(), "65535"),
        ("c.png", oddities::png::header_only(0x7fff_ffff, 0x7fff_ffff), "2147483647"),
        // Found by fuzzing: only the canvas was looked at, and 3 GB taken for the frame.
        ("d.gif", oddities::bombs::gif_frame(), "65535x11264"),
    ] {
        world.write(name, &bytes);
        world.run(&[name]).code(1).says(side).says("268");
    }
}

#[test]
fn a_picture_that_needs_more_memory_than_there_is_fails_alone() {
    let world = World::with(&["good.jpg"]);
    // 16000 x 16000 is within --max-pixels, but 768 MB of pixels do not fit into 600 MB.
    world.write("large.png", &oddities::png::flat(16_000, 16_000));
    let ran = world.shell("ulimit -v 614400; \"$thumbs\" large.png good.jpg -o out/ -s 64");
    assert!(matches!(ran.code, Some(0 | 1)), "{:?} {:?}: {}", ran.code, ran.signal, ran.stderr);
    assert!(world.exists("out/good.jpg"), "{}", ran.stderr);
}

#[test]
fn twenty_thousand_frames_are_bounded() {
    let world = World::new();
    world.write("frames.gif", &oddities::bombs::gif_frames(20_000));
    let begin = Instant::now();
    let ran = world.shell(&format!("{LIMIT}; \"$thumbs\" frames.gif"));
    assert!(matches!(ran.code, Some(0 | 1)), "{:?}", ran.code);
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn hostile_names_work() {
    let world = World::new();
    let names = oddities::names::hostile("jpg");
    for (_, name) in &names {
        let mut path = std::ffi::OsString::from("in/");
        path.push(name);
        world.picture(path);
    }
    // One of them begins with a dot.
    world.run(&["in", "-o", "out", "--hidden"]).ok();
    for (what, name) in &names {
        assert!(world.path("out").join(name).exists(), "{what}: {:?}", world.tree());
    }
    assert_eq!(world.tree().len(), 2 * names.len());
}

#[test]
fn hostile_names_work_when_named() {
    for (what, name) in oddities::names::hostile("jpg") {
        let world = World::new();
        world.picture(&name);
        let ran = world.run(&[OsStr::new("-o"), OsStr::new("out"), OsStr::new("--"), &name]);
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.stderr);
        assert!(world.path("out").join(&name).exists(), "{what}");
    }
}

#[test]
fn names_that_become_too_long_are_shortened_and_stay_different() {
    let world = World::new();
    let mut other = oddities::names::longest("jpg").into_string().unwrap();
    world.picture(&other);
    other.replace_range(250..251, "m");
    world.picture(&other);
    for _ in 0..2 {
        world.run(&["*.jpg"]).ok();
        let made = world.tree().iter().filter(|f| f.ends_with("_thumb.jpg") && f.len() <= 255).count();
        assert_eq!((made, world.tree().len()), (2, 4), "{:?}", world.tree());
    }
}

#[test]
fn very_long_paths_work() {
    let world = World::new();
    // 3,600 bytes of folders, each entered in turn, since the whole is near the system's limit.
    let folder = "d".repeat(199);
    let deep = vec![folder.as_str(); 18].join("/");
    let made = world.write(format!("{deep}/a.jpg"), &oddities::jpeg::plain(96, 64));
    assert!(made.as_os_str().len() > 3_600);
    world.run(&[made.as_os_str(), OsStr::new("-o"), OsStr::new("out")]).ok();
    world.run(&["."]).ok();
    assert!(made.with_file_name("a_thumb.jpg").exists());
}

#[test]
fn pipes_sockets_and_devices_never_block() {
    let world = World::with(&["in/a.jpg"]);
    world.shell("mkfifo in/pipe.jpg pipe.jpg").ok();
    let _socket = std::os::unix::net::UnixListener::bind(world.path("in/socket.jpg")).unwrap();
    let begin = Instant::now();
    world.run(&["in", "-o", "out"]).ok();
    assert!(world.exists("out/a.jpg"));
    for name in ["pipe.jpg", "in/socket.jpg", "/dev/zero", "/dev/null", "/proc/self/mem"] {
        world.run(&[name, "in/a.jpg", "-o", "out2"]).code(1).says(name.rsplit('/').next().unwrap());
        assert!(world.exists("out2/a.jpg"), "{name}");
    }
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn a_sparse_terabyte_is_not_read() {
    let world = World::with(&["a.jpg"]);
    let file = std::fs::File::create(world.path("sparse.jpg")).unwrap();
    if file.set_len(1 << 40).is_err() {
        return skip("the file system has no sparse terabyte");
    }
    let begin = Instant::now();
    let ran = world.shell(&format!("{LIMIT}; \"$thumbs\" sparse.jpg a.jpg"));
    ran.code(1).says("sparse.jpg");
    assert!(world.exists("a_thumb.jpg"));
    assert!(begin.elapsed() < PATIENCE);
}

#[test]
fn nothing_is_fetched_or_executed() {
    if !has("strace") {
        return skip("there is no strace to look with");
    }
    let world = World::new();
    world.write("drawing.svg", &oddities::junk::svg());
    world.write("script.mvg", &oddities::junk::mvg());
    let probe = world.shell("strace -f -o trace -e trace=execve,connect,openat \"$thumbs\" drawing.svg script.mvg");
    if !world.exists("trace") {
        return skip("strace may not trace here");
    }
    probe.code(1);
    let trace = String::from_utf8_lossy(&world.read("trace")).into_owned();
    assert!(!trace.contains("/etc/passwd") && !trace.contains("connect("), "{trace}");
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
}

#[test]
fn names_with_escapes_in_a_list_do_not_reach_standard_error() {
    let world = World::new();
    let ran = world.feed(&["--files-from", "-", "-o", "out"], b"\x1b]0;title\x07gone.jpg\n");
    assert!(!ran.code(1).stderr.contains('\x1b'));
    let odd = OsStr::from_bytes(b"-o.jpg");
    world.picture(odd);
    world.feed(&["--files-from", "-", "-o", "out"], b"-o.jpg\n").ok();
    assert!(world.exists("out/-o.jpg"));
}
