//! Writes the man page and the shell completions into a directory: `cargo run -p thumbs-manual -- DIR`.
//! `make install` does so. Not an option of the program, which has no use for it after that.

use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};

#[path = "../../../src/cli/args.rs"]
mod args;
#[allow(dead_code, reason = "only the definitions are used here")]
#[path = "../../../src/cli/args_nightly.rs"]
mod args_nightly;
#[allow(dead_code, reason = "only the definitions are used here")]
#[path = "../../../src/cli/typed.rs"]
mod typed;

fn main() -> std::io::Result<()> {
    let dir = PathBuf::from(std::env::args_os().nth(1).expect("usage: manual DIR"));
    fs::create_dir_all(&dir)?;
    let mut command = args::Args::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).date("").render(&mut page)?;
    fs::write(dir.join("thumbs.1"), page)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, "thumbs", &dir)?;
    }
    Ok(())
}
