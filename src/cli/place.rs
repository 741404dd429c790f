//! Whether what a run is to read and write can be: asked once, before any work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use thumbs::pipeline::{List, RunConfig};
use thumbs::plan::Destination;
use thumbs::sink;
use thumbs::walk::real_path;
use thumbs::words::{self, system_words};

/// Makes the destination and sees whether something can be written to it, so that one that is no good is told once
/// and not for every input. Only looks at it in a dry run.
pub fn prepare(run: &RunConfig) -> Result<()> {
    let (output, dir) = match &run.naming.destination {
        Destination::Directory(dir) => (dir, dir.as_path()),
        Destination::File(file) | Destination::Archive(Some(file)) => (file, file.parent().unwrap_or(Path::new(""))),
        Destination::Beside | Destination::Stdout | Destination::Archive(None) => return Ok(()),
    };
    let option = if run.dataset.is_some() { "--webdataset" } else { "-o" };
    let shown = words::path(output);
    let refuse =
        |error: io::Error| Err(anyhow::anyhow!("{option} {shown}: cannot be written: {}", system_words(&error)));
    // A slash at the end would hide a file that stands there.
    let stands = standing(dir.components().as_path());
    let metadata = match fs::metadata(&stands) {
        Ok(metadata) => metadata,
        Err(error) => return refuse(error),
    };
    if !metadata.is_dir() {
        bail!("{option} {shown}: {} is a file, not a directory", words::path(&stands));
    }
    let tried = if run.dry_run {
        sink::may_write(&stands)
    } else if let Destination::Directory(dir) = &run.naming.destination {
        fs::create_dir_all(dir).and_then(|()| sink::try_out(dir))
    } else {
        // What is missing of the way to a single file is made with it.
        sink::try_out(&stands)
    };
    tried.or_else(refuse)
}

/// The longest part of the way to `dir` that exists; "." is what a relative one begins at.
fn standing(dir: &Path) -> PathBuf {
    let exists = |dir: &&Path| dir.symlink_metadata().is_ok();
    let found = dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()).find(exists);
    found.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Sees whether an option's file can be written later. Its directory may be one that the run makes.
pub fn check_file(option: &str, file: &Path, destination: &Destination) -> Result<()> {
    let shown = words::path(file);
    ensure!(!file.is_dir(), "{option} {shown}: a directory, not a file");
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if file.symlink_metadata().is_ok_and(|m| !m.is_file()) {
        // A pipe or a device: what it takes is seen when it gets it.
        return Ok(());
    }
    match fs::metadata(dir) {
        Ok(metadata) if !metadata.is_dir() => {
            bail!("{option} {shown}: {} is a file, not a directory", words::path(dir))
        }
        // A report is written to the file that stands, all else beside it.
        Ok(_) if option == "--report" && file.exists() => {
            sink::may_write_to(file).or_else(|error| bail!("{option} {shown}: {}", system_words(&error)))
        }
        Ok(_) => sink::may_write(dir).or_else(|error| bail!("{option} {shown}: {}", system_words(&error))),
        Err(_) if matches!(destination, Destination::Directory(made) if real_path(dir) == real_path(made)) => Ok(()),
        Err(error) => bail!("{option} {shown}: {}: {}", words::path(dir), system_words(&error)),
    }
}

/// Sees whether the lists can be read, without opening them: a pipe can be read only once.
pub fn check_lists(lists: &[List]) -> Result<()> {
    for list in lists {
        let Some(file) = &list.file else { continue };
        let (option, shown) = (if list.nul { "--files0-from" } else { "--files-from" }, words::path(file));
        match fs::metadata(file) {
            Ok(metadata) => ensure!(!metadata.is_dir(), "{option} {shown}: a directory, not a list of names"),
            Err(error) => bail!("{option} {shown}: {}", system_words(&error)),
        }
        sink::may_read(file).or_else(|error| bail!("{option} {shown}: {}", system_words(&error)))?;
    }
    Ok(())
}
