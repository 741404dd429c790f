//! `oddities DIR` writes the collection to DIR/good, DIR/bad and DIR/names. `oddities many COUNT
//! DIR` writes COUNT tiny pictures, a thousand per folder.

use std::{env, fs, io, path::Path, process::ExitCode};

fn collection(dir: &Path) -> io::Result<()> {
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

fn many(count: usize, dir: &Path) -> io::Result<()> {
    let picture = oddities::jpeg::plain(32, 24);
    for at in 0..count {
        let folder = dir.join(format!("{:04}", at / 1000));
        if at % 1000 == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{at:07}.jpg")), &picture)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let written = match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["many", count, dir] if count.parse::<usize>().is_ok() => many(count.parse().unwrap_or(0), Path::new(dir)),
        [dir] => collection(Path::new(dir)),
        _ => {
            eprintln!("usage: oddities DIR\n       oddities many COUNT DIR");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oddities: {error}");
            ExitCode::FAILURE
        }
    }
}
