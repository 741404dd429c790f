//! The program between other programs.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::stage::{Stage, binary, expect, has, jpeg, stderr};

#[test]
fn one_picture_through_slow_and_choppy_pipes() {
    let stage = Stage::new();
    stage.write("in.jpg", &jpeg(300, 200, 1));
    stage.shell(0, "\"$thumbs\" - -s 64 < in.jpg > want.jpg");
    assert!(stage.read("want.jpg").starts_with(&[0xff, 0xd8]));
    for (script, out) in [
        ("cat in.jpg | \"$thumbs\" - -s 64 | cat > 1.jpg", "1.jpg"),
        ("(head -c 700 in.jpg; sleep 0.3; tail -c +701 in.jpg) | \"$thumbs\" - -s 64 > 2.jpg", "2.jpg"),
        ("dd if=in.jpg bs=3 status=none | \"$thumbs\" - -s 64 | dd bs=5 status=none of=3.jpg", "3.jpg"),
        ("\"$thumbs\" - -s 64 -o 4.jpg < in.jpg", "4.jpg"),
        ("\"$thumbs\" in.jpg -s 64 -o - | (sleep 0.3; cat) > 5.jpg", "5.jpg"),
    ] {
        stage.shell(0, script);
        assert!(stage.read(out) == stage.read("want.jpg"), "{script}");
    }
    // A writer that stops half way is a failed picture, and nothing comes out.
    let ran = stage.shell(1, "head -c 900 in.jpg | \"$thumbs\" - -s 64");
    assert!(ran.stdout.is_empty() && stderr(&ran).contains("standard input: failed"), "{}", stderr(&ran));
    stage.shell(1, "\"$thumbs\" - -s 64 < /dev/null");
}

#[test]
fn standard_input_has_its_limit() {
    let stage = Stage::new();
    stage.write("in.jpg", &jpeg(300, 200, 1));
    let endless = "(cat in.jpg; head -c 200000000 /dev/zero)";
    let script = format!("ulimit -v 600000; {endless} | \"$thumbs\" - -s 64 --max-file-size 50M -o out.jpg");
    let ran = stage.command("bash").arg("-c").arg(script).output().unwrap();
    let ran = expect(1, ran);
    assert!(stderr(&ran).contains("more than the limit of 52.4 MB (--max-file-size)"), "{}", stderr(&ran));
    assert!(!stage.exists("out.jpg"));
    // What is no picture is not read to its end.
    let script = "head -c 200000000 /dev/zero | \"$thumbs\" - -s 64 -o out.jpg";
    expect(1, stage.command("bash").arg("-c").arg(script).output().unwrap());
}

#[test]
fn a_reader_that_leaves_pictures_ends_the_run_quietly() {
    let stage = Stage::with_pictures(300);
    for script in [
        "\"$thumbs\" in -s original -o - --archive tar | head -c 600 > /dev/null",
        "\"$thumbs\" in -s original -o - --archive tar.zst | true",
        "\"$thumbs\" in/0/000.jpg -f png -s 700 --enlarge -o - | true",
    ] {
        let ran = stage.command("bash").arg("-c").arg(format!("{script}; exit ${{PIPESTATUS[0]}}")).output().unwrap();
        assert_eq!((ran.status.code(), stderr(&ran).as_str()), (Some(3), ""), "{script}");
    }
}

#[test]
fn a_reader_that_leaves_names_or_the_report_does_not_matter() {
    let stage = Stage::with_pictures(200);
    for (i, telling) in ["--print", "-0", "--report -"].iter().enumerate() {
        let script =
            format!("\"$thumbs\" in -s 16 -o out{i} {telling} | head -c 30 > /dev/null; exit ${{PIPESTATUS[0]}}");
        let ran = stage.command("bash").arg("-c").arg(script).output().unwrap();
        assert_eq!((ran.status.code(), stderr(&ran).as_str()), (Some(0), ""), "{telling}");
        assert_eq!(stage.names(&format!("out{i}/0")).len(), 100);
    }
}

#[test]
fn work_starts_before_the_list_ends_and_names_come_at_once() {
    let stage = Stage::with_pictures(3);
    for (list, print, end) in [("--files0-from", "-0", 0u8), ("--files-from", "--print", b'\n')] {
        let out = format!("out{end}");
        let mut child = stage
            .command(binary())
            .args([list, "-", "-s", "16", "-o", &out, print])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut names = BufReader::new(child.stdout.take().unwrap());
        for name in ["in/0/000.jpg", "in/1/001.jpg", "in/0/002.jpg"] {
            input.write_all(name.as_bytes()).unwrap();
            input.write_all(&[end]).unwrap();
            // The list is still open; were the name held back, this would wait for ever.
            let mut made = Vec::new();
            names.read_until(end, &mut made).unwrap();
            let made = String::from_utf8(made).unwrap();
            assert_eq!(made.trim_end_matches(['\0', '\n']), format!("{out}/{}", &name[5..]));
            assert!(stage.exists(made.trim_end_matches(['\0', '\n'])));
        }
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_long_list_takes_no_memory() {
    let stage = Stage::with_pictures(2);
    let script = "ulimit -v 600000; for i in {1..15000}; do echo in/0/000.jpg; echo in/1/001.jpg; done | \
                  \"$thumbs\" --files-from - -s 16 -o out --memory 32M --report report.json";
    stage.shell(0, script);
    let report = String::from_utf8(stage.read("report.json")).unwrap();
    assert_eq!(report.lines().filter(|l| l.contains("\"duplicate\"")).count(), 29_998);
    // Nor does a "name" that never ends.
    let ran = stage.shell(
        1,
        "ulimit -v 600000; head -c 300M /dev/zero | tr '\\0' x | \"$thumbs\" --files-from - -o out || exit 1",
    );
    assert!(stderr(&ran).contains("the list cannot be read"), "{}", stderr(&ran));
}

#[test]
fn stages_follow_each_other() {
    let stage = Stage::with_pictures(8);
    stage.ends(0, &["in", "-s", "16", "-o", "want"]);
    stage.shell(0, "find in -name '*.jpg' -print0 | \"$thumbs\" --files0-from - --relative-to in -s 16 -o a");
    stage.other("diff", &["-r", "a", "want"]);
    stage.shell(0, "find in -name '*.jpg' -print0 | xargs -0 -n 3 \"$thumbs\" --relative-to in -s 16 -o b");
    stage.other("diff", &["-r", "b", "want"]);
    let script = "\"$thumbs\" in -s 16 -o - --archive tar.zst | cat | \"$thumbs\" - --archive-in -s original -o - --archive tar | tar -t";
    if has("tar") {
        assert_eq!(stage.shell(0, script).stdout.iter().filter(|b| **b == b'\n').count(), 8);
    }
    let ran = stage.shell(0, "\"$thumbs\" in -s 16 -o c -0 | xargs -0 -n 1 basename | wc -l");
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), "8");
}

#[test]
fn a_compressed_report_is_readable_after_a_kill() {
    let stage = Stage::with_pictures(6);
    for name in ["r.json", "r.json.gz", "r.json.zst"] {
        let mut child = stage
            .command(binary())
            .args([
                "--files-from",
                "-",
                "-s",
                "16",
                "-o",
                &format!("out-{}", name.replace('.', "-")),
                "--print",
                "--report",
                name,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut names = BufReader::new(child.stdout.take().unwrap()).lines();
        for i in 0..6 {
            writeln!(input, "in/{}/{i:03}.jpg", i % 2).unwrap();
            names.next().unwrap().unwrap();
        }
        // Flushed ten times a second.
        std::thread::sleep(std::time::Duration::from_secs(1));
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = stage.read(name);
        let mut text = Vec::new();
        // What stands is read up to where it stops.
        let _ = match name.rsplit('.').next() {
            Some("gz") => flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text),
            Some("zst") => zstd::stream::read::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut text),
            _ => (&bytes[..]).read_to_end(&mut text),
        };
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 6, "{name}: {text}");
        assert!(lines.iter().all(|l| l["type"] == "done"));
    }
}
