//! Checks before a run whether it can read its lists and write its destination, report and metrics.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::net::{is_stored, is_url};
use crate::pipeline::{List, RunConfig};
use crate::plan::Destination;
use crate::policy::Existing;
use crate::sink::{self, Store};
use crate::source::HEAD;
use crate::walk::{Input, Walker, has_picture_extension, is_pattern, real_path, scheme};
use crate::words::{self, system_words};
use anyhow::{Result, bail, ensure};
use thumbs_render::format::{self, Format};

use super::conflict::Conflict;

/// Creates the destination and checks that it is writable, so that an unusable one is reported once and not for every
/// input. A dry run only looks.
pub fn prepare(run: &RunConfig) -> Result<()> {
    let (output, dir) = match &run.naming.destination {
        Destination::Directory(dir) => (dir, dir.as_path()),
        Destination::Store(place) | Destination::Object(place) => return prepare_store(run, place),
        Destination::Archive(Some(file)) if is_stored(file) => return prepare_store(run, file),
        Destination::File(file) | Destination::Archive(Some(file)) => (file, file.parent().unwrap_or(Path::new(""))),
        Destination::Beside | Destination::InPlace | Destination::Stdout | Destination::Archive(None) => return Ok(()),
    };
    let option = if run.dataset.is_some() { "--webdataset" } else { "-o" };
    let shown = words::path(output);
    let refuse =
        |error: io::Error| Err(anyhow::anyhow!("{option} {shown}: cannot be written: {}", system_words(&error)));
    // A trailing slash would hide a file of that name.
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
        // Writing the file creates missing directories.
        sink::try_out(&stands)
    };
    tried.or_else(refuse)
}

/// Checks that a store answers, so that a bucket that is missing is reported once and not for every input.
fn prepare_store(run: &RunConfig, place: &Path) -> Result<()> {
    let option = if run.dataset.is_some() { "--webdataset" } else { "-o" };
    let shown = words::path(place);
    let store = Store::new(&run.walker.downloads);
    if let Err(problem) = store.shared().check(place) {
        bail!("{option} {shown}: cannot be written: {}", problem.words);
    }
    if run.archive.is_none() || run.naming.existing == Existing::Replace {
        return Ok(());
    }
    // An archive is refused before its pictures are made.
    match store.shared().standing_at(place) {
        Err(problem) => bail!("{option} {shown}: cannot be written: {}", problem.words),
        Ok(Some(_)) if run.naming.existing == Existing::Fail => bail!(Conflict(format!("{option} {shown}: it exists"))),
        Ok(Some(object)) if !object.is_ours() => {
            let why = "exists and thumbs did not write it (--existing replace)";
            bail!(Conflict(format!("{option} {shown}: {why}")))
        }
        Ok(_) => Ok(()),
    }
}

/// The longest existing prefix of `dir`; "." for a relative path of which nothing exists.
fn standing(dir: &Path) -> PathBuf {
    let exists = |dir: &&Path| dir.symlink_metadata().is_ok();
    let found = dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()).find(exists);
    found.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Checks that an option's file or directory is not an object.
pub fn check_local(option: &str, file: &Path) -> Result<()> {
    ensure!(
        !is_stored(file),
        "{option} {}: it is on this machine; only outputs go to an object store",
        words::path(file)
    );
    Ok(())
}

/// Checks that an option's file can be written. The run may create its directory.
pub fn check_file(option: &str, file: &Path, destination: &Destination) -> Result<()> {
    check_local(option, file)?;
    let shown = words::path(file);
    ensure!(!file.is_dir(), "{option} {shown}: a directory, not a file");
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if file.symlink_metadata().is_ok_and(|m| !m.is_file()) {
        // A pipe or a device; errors show when it is written.
        return Ok(());
    }
    match fs::metadata(dir) {
        Ok(metadata) if !metadata.is_dir() => {
            bail!("{option} {shown}: {} is a file, not a directory", words::path(dir))
        }
        // A report overwrites the file; the others are renamed into place.
        Ok(_) if option == "--report" && file.exists() => {
            sink::may_write_to(file).or_else(|error| bail!("{option} {shown}: {}", system_words(&error)))
        }
        Ok(_) => sink::may_write(dir).or_else(|error| bail!("{option} {shown}: {}", system_words(&error))),
        Err(_) if matches!(destination, Destination::Directory(made) if real_path(made).starts_with(real_path(dir))) => {
            Ok(())
        }
        Err(error) => bail!("{option} {shown}: {}: {}", words::path(dir), system_words(&error)),
    }
}

/// Checks that an option's file, which the run replaces, is neither an input nor a picture.
pub fn check_not_source(option: &str, file: &Path, inputs: &[Input], lists: &[List]) -> Result<()> {
    if !file.is_file() {
        return Ok(());
    }
    let (shown, real) = (words::path(file), real_path(file));
    let named = inputs.iter().any(|input| matches!(input, Input::Path(path) if real_path(path) == real));
    let listed = lists.iter().filter_map(|list| list.file.as_deref()).any(|list| real_path(list) == real);
    ensure!(!named && !listed, "{option} {shown}: an INPUT of this run");
    let mut head = Vec::new();
    // Other errors show when it is written.
    let _ = fs::File::open(file).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    match format::sniff(&head) {
        Some(_) => bail!("{option} {shown}: a picture stands there, which it would replace"),
        None => Ok(()),
    }
}

/// Suffixes of archives that cannot be written.
const PACKED: &[&str] = &[
    "tar.xz", "txz", "tar.bz2", "tbz", "tbz2", "tar.lz", "tlz", "tar.lzma", "tar.lz4", "tar.z", "tar.br", "tar.sz",
    "7z", "rar", "cab", "cpio", "iso", "jar", "lha", "lzh", "arj", "gz", "xz", "bz2", "zst", "lz4", "lzma",
];

/// Suffixes of pictures and similar files that are neither read nor written.
const UNWRITTEN: &[&str] = &[
    "pdf", "eps", "pcx", "xcf", "pct", "pict", "jxr", "wdp", "hdp", "xbm", "xpm", "fits", "flif", "bpg", "mng", "jng",
    "sgi", "wbmp", "emf", "wmf", "mp4", "m4v", "mov", "webm", "mkv", "avi",
];

/// Checks that an extension does not name a format that cannot be written.
pub fn check_written(extension: &OsStr, option: impl Fn() -> String) -> Result<()> {
    let choice = if Format::Avif.writes() { "choose .jpg, .png, .webp or .avif" } else { "choose .jpg, .png or .webp" };
    let known = |text: &&&str| extension.eq_ignore_ascii_case(text);
    match Format::from_extension(extension.as_encoded_bytes()) {
        Some(format) if format.writes() => Ok(()),
        Some(format) if format.reads() => bail!("{}: {format} is read, not written; {choice}", option()),
        Some(format) => bail!("{}: {format} is not written; {choice}", option()),
        None => match UNWRITTEN.iter().find(known) {
            Some(kind) => bail!("{}: {} is not written; {choice}", option(), kind.to_uppercase()),
            None => Ok(()),
        },
    }
}

/// Checks that a name is not that of an archive that cannot be written.
pub fn check_packed(output: &Path) -> Result<()> {
    let name = output.file_name().unwrap_or_default().as_encoded_bytes().to_ascii_lowercase();
    let ends =
        |kind: &&&str| name.strip_suffix(kind.as_bytes()).is_some_and(|rest| rest.len() > 1 && rest.ends_with(b"."));
    if let Some(kind) = PACKED.iter().find(ends) {
        bail!(
            "-o {}: .{kind} is not written; choose .tar, .tar.gz, .tar.zst or .zip, or for a directory of this name put / \
             at its end",
            words::path(output)
        );
    }
    Ok(())
}

/// Checks that a destination is not a network address.
pub fn check_address(option: &str, output: &Path) -> Result<()> {
    if let Some(scheme) = scheme(output) {
        let known = ["s3", "gs", "az"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let hint = match known {
            true => " by this build (feature stores)",
            false => "; name a directory or a file",
        };
        bail!("{option} {}: {scheme} addresses are not written to{hint}", words::path(output));
    }
    Ok(())
}

/// Checks whether the last of several INPUTs was meant as the destination, as with `cp`: it does not exist, all others
/// do, and there is no -o.
pub fn check_last(inputs: &[PathBuf]) -> Result<()> {
    let Some((last, others)) = inputs.split_last().filter(|(_, others)| !others.is_empty()) else { return Ok(()) };
    let is_missing = |path: &Path| fs::symlink_metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
    let slash = last.as_os_str().as_encoded_bytes().ends_with(b"/");
    let is_place = !is_pattern(last) && scheme(last).is_none() && (slash || !has_picture_extension(last));
    if is_place && is_missing(last) && !others.iter().any(|path| is_missing(path) && !is_pattern(path)) {
        let shown = words::path(last);
        bail!("{shown}: No such file or directory; to write to it: -o {}/", shown.trim_end_matches('/'));
    }
    Ok(())
}

/// Checks that the lists are readable, without opening them: a pipe can be read only once.
pub fn check_lists(lists: &[List]) -> Result<()> {
    for list in lists {
        let Some(file) = &list.file else { continue };
        let option = match (&list.table, list.nul) {
            (Some(_), _) => "--table",
            (None, true) => "--files0-from",
            (None, false) => "--files-from",
        };
        let shown = words::path(file);
        match fs::metadata(file) {
            Ok(metadata) => ensure!(!metadata.is_dir(), "{option} {shown}: a directory, not a list of names"),
            Err(error) => bail!("{option} {shown}: {}", system_words(&error)),
        }
        sink::may_read(file).or_else(|error| bail!("{option} {shown}: {}", system_words(&error)))?;
        if let Some(columns) = list.table.as_ref().filter(|_| file.is_file()) {
            // As far as the first row, which shows whether the columns exist.
            let first = &mut |_, _| ControlFlow::Break(());
            if let Err(error) = Walker::default().walk_table(Some(file), columns, first) {
                bail!("{option} {shown}: {}", system_words(&error));
            }
        }
    }
    Ok(())
}

/// The directory, or the beginning of a URL, from which paths are mirrored.
pub fn relative_to(dir: Option<&Path>, destination: &Destination) -> Result<Option<PathBuf>> {
    let Some(dir) = dir else { return Ok(None) };
    let mirrors = matches!(
        destination,
        Destination::Directory(_) | Destination::Store(_) | Destination::Archive(_) | Destination::InPlace
    );
    ensure!(mirrors, "--relative-to: it has no effect without a directory or an archive as -o");
    if is_url(dir) {
        return Ok(Some(dir.to_path_buf()));
    }
    ensure!(dir.is_dir(), "--relative-to {}: {}", words::path(dir), no_directory(dir));
    Ok(Some(dir.to_path_buf()))
}

fn no_directory(path: &Path) -> String {
    match path.metadata() {
        Ok(_) => "not a directory".to_owned(),
        Err(error) => words::system_words(&error),
    }
}
