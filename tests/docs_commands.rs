//! The commands in the README and in docs/ run as they stand.

mod stage;

use stage::{Stage, binary, has, jpeg, stderr};

const DRY_RUN: &str = "thumbs: only headers were decoded; pictures damaged further on are not noticed\n";

/// The blocks of shell commands in a page.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for part in page.split("\n```sh\n").skip(1) {
        blocks.push(part.split("\n```").next().unwrap().to_owned());
    }
    blocks
}

/// Runs every block of a page, of which there are at least `least`.
fn run(page: &str, least: usize) {
    let stage = Stage::new();
    stage.write("in.jpg", &jpeg(300, 200, 1));
    for i in 0..10 {
        stage.write(format!("photos/{}/{i}.jpg", ["summer", "winter"][i as usize % 2]), &jpeg(300 + i as u16, 200, i));
    }
    stage.write("photo.jpg", &jpeg(300, 200, 2));
    stage.write("images/a.jpg", &jpeg(300, 200, 3));
    stage.ends(0, &["in.jpg", "-s", "original", "-o", "scan.png"]);
    std::fs::create_dir(stage.path("bin")).unwrap();
    std::os::unix::fs::symlink(binary(), stage.path("bin/thumbs")).unwrap();
    let path = format!("{}:{}", stage.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let blocks = blocks(page);
    assert!(blocks.len() >= least);
    for block in blocks {
        if ["jq", "zstd", "tar"].iter().any(|tool| block.contains(&format!("{tool} ")) && !has(tool)) {
            continue;
        }
        let script = format!("set -eo pipefail\n{block}");
        let ran = stage.command("bash").arg("-c").arg(script).env("PATH", &path).output().unwrap();
        assert!(ran.status.success(), "{block}\n{}", stderr(&ran));
        // A dry run without --measure says that it decoded headers only.
        let mut said = stderr(&ran);
        if block.contains(" -n ") {
            said = said.replacen(DRY_RUN, "", 1);
        }
        // On a busy machine.
        let is_progress = |line: &&str| line.starts_with("thumbs: ") && line.contains(" so far, ");
        // A plan, and its end, say what they have counted.
        let is_count =
            |line: &&str| line.starts_with("thumbs: plan/: 10 inputs") || line.contains("10 done, 0 skipped, 0 failed");
        let said: Vec<&str> = said.lines().filter(|line| !is_progress(line) && !is_count(line)).collect();
        assert!(said.is_empty(), "{said:?}\n{block}");
    }
}

#[test]
fn pages() {
    run(include_str!("../docs/pages.md"), 1);
}

#[test]
fn pipelines() {
    run(include_str!("../docs/pipelines.md"), 3);
}

#[test]
fn datasets() {
    run(include_str!("../docs/datasets.md"), 3);
}

#[test]
fn scale() {
    run(include_str!("../docs/scale.md"), 1);
}

#[test]
fn guide() {
    run(include_str!("../docs/guide.md"), 3);
}

#[test]
fn compression() {
    run(include_str!("../docs/compression.md"), 1);
}

#[test]
fn readme() {
    run(include_str!("../README.md"), 1);
}
