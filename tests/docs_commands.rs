//! The commands in docs/ run as they stand.

mod stage;

use stage::{Stage, binary, has, jpeg, stderr};

/// The blocks of shell commands in a page.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for part in page.split("\n```sh\n").skip(1) {
        blocks.push(part.split("\n```").next().unwrap().to_owned());
    }
    blocks
}

fn run(page: &str) {
    let stage = Stage::new();
    stage.write("in.jpg", &jpeg(300, 200, 1));
    for i in 0..10 {
        stage.write(format!("photos/{}/{i}.jpg", ["summer", "winter"][i as usize % 2]), &jpeg(300 + i as u16, 200, i));
    }
    std::fs::create_dir(stage.path("bin")).unwrap();
    std::os::unix::fs::symlink(binary(), stage.path("bin/thumbs")).unwrap();
    let path = format!("{}:{}", stage.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let blocks = blocks(page);
    assert!(blocks.len() >= 3);
    for block in blocks {
        if ["jq", "zstd", "tar"].iter().any(|tool| block.contains(&format!("{tool} ")) && !has(tool)) {
            continue;
        }
        let script = format!("set -eo pipefail\n{block}");
        let ran = stage.command("bash").arg("-c").arg(script).env("PATH", &path).output().unwrap();
        assert!(ran.status.success(), "{block}\n{}", stderr(&ran));
        assert_eq!(stderr(&ran), "", "{block}");
    }
}

#[test]
fn pipelines() {
    run(include_str!("../docs/pipelines.md"));
}

#[test]
fn datasets() {
    run(include_str!("../docs/datasets.md"));
}

#[test]
fn guide() {
    run(include_str!("../docs/guide.md"));
}
