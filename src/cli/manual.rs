//! The man page and the completions, from the same definitions as the options.

use std::io::{self, Write};

use clap_complete::Shell;

use super::command::command;

/// The man page, as roff.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    clap_mangen::Man::new(command()).date("").render(out)
}

/// Completions for `shell`.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // `generate` panics where `out` fails, so it writes to memory first.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "thumbs", &mut script);
    out.write_all(&script)
}
