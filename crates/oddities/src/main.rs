//! `oddities DIR` writes the collection into DIR/good, DIR/bad and DIR/names.

use std::{env, fs, io, path::Path, process::ExitCode};

fn write(dir: &Path) -> io::Result<()> {
    for part in ["good", "bad", "names"] {
        fs::create_dir_all(dir.join(part))?;
    }
    for oddity in oddities::all() {
        fs::write(dir.join(if oddity.good { "good" } else { "bad" }).join(&oddity.name), &oddity.bytes)?;
    }
    #[cfg(unix)]
    for (_, name) in oddities::names::hostile("jpg") {
        fs::write(dir.join("names").join(name), oddities::jpeg::plain(96, 64))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let Some(dir) = env::args_os().nth(1) else {
        eprintln!("usage: oddities DIR");
        return ExitCode::from(2);
    };
    match write(Path::new(&dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oddities: {error}");
            ExitCode::FAILURE
        }
    }
}
