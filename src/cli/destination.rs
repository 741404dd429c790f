//! Where outputs go: a directory, a file, a stream, an archive, or an object store.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::archive::Kind;
use crate::net::{Url, is_stored};
use crate::plan::Destination;
use crate::walk::{Input, Walker};
use crate::words;
use anyhow::{Result, bail, ensure};
use thumbs_render::format::Format;

use super::args::Args;
use super::{archives, place};

/// Where outputs go.
pub fn of(args: &Args, only_stdin: bool) -> Result<Destination> {
    if let Some(dir) = &args.webdataset {
        if let Some(store) = store("--webdataset", dir)? {
            return Ok(store);
        }
        if !dir.is_dir() {
            place::check_address("--webdataset", dir)?;
        }
        return Ok(Destination::Directory(dir.clone()));
    }
    if args.compress.in_place {
        return Ok(Destination::InPlace);
    }
    let Some(output) = &args.output else {
        return Ok(if only_stdin { Destination::Stdout } else { Destination::Beside });
    };
    if output.as_os_str().is_empty() {
        bail!("-o: a value is missing");
    }
    if output.as_os_str() == "-" {
        return Ok(archives::destination(args, output).unwrap_or(Destination::Stdout));
    }
    if let Some(store) = store("-o", output)? {
        return Ok(store);
    }
    let slash = output.as_os_str().as_encoded_bytes().ends_with(b"/");
    let is_dir = output.is_dir();
    if !is_dir {
        place::check_address("-o", output)?;
    }
    if is_dir || slash {
        return Ok(Destination::Directory(output.clone()));
    }
    if let Some(archive) = archives::destination(args, output) {
        return Ok(archive);
    }
    let extension = output.extension().unwrap_or_default();
    match Format::from_extension(extension.as_encoded_bytes()) {
        Some(format) if format.writes() => Ok(Destination::File(output.clone())),
        _ => {
            place::check_written(extension, || format!("-o {}", words::path(output)))?;
            place::check_packed(output)?;
            Ok(Destination::Directory(output.clone()))
        }
    }
}

/// The destination in a store that `-o` names, if it does. A directory of such a name, which is rare, comes first.
fn store(option: &str, output: &Path) -> Result<Option<Destination>> {
    if !is_stored(output) || output.is_dir() {
        return Ok(None);
    }
    let shown = words::path(output);
    let url =
        Url::of_store(output.as_os_str().as_bytes()).map_err(|error| anyhow::anyhow!("{option} {shown}: {error}"))?;
    let key = url.object_key();
    let names = key.strip_suffix('/').unwrap_or(&key);
    ensure!(
        key.is_empty() || !names.split('/').any(str::is_empty),
        "{option} {shown}: an empty name between slashes, which outputs do not have"
    );
    let text = url.masked();
    if url.is_prefix() {
        return Ok(Some(Destination::Store(PathBuf::from(text))));
    }
    if Kind::from_name(output).is_some() && option == "-o" {
        return Ok(Some(Destination::Archive(Some(PathBuf::from(text)))));
    }
    let extension = output.extension().unwrap_or_default();
    match Format::from_extension(extension.as_encoded_bytes()) {
        Some(format) if format.writes() && option == "-o" => Ok(Some(Destination::Object(PathBuf::from(text)))),
        _ => {
            place::check_written(extension, || format!("{option} {shown}"))?;
            place::check_packed(output)?;
            Ok(Some(Destination::Store(PathBuf::from(text + "/"))))
        }
    }
}

/// Refuses options that an object cannot follow.
pub fn check(args: &Args, destination: &Destination) -> Result<()> {
    if !destination.is_store() {
        return Ok(());
    }
    ensure!(!args.nightly.fsync, "--fsync: an object in a store is safe once it is reported");
    ensure!(!args.keep_times, "--keep-times: an object in a store has the time of its upload");
    Ok(())
}

/// Keeps what is written apart from what is read: the walk leaves out the destination, and no output goes below an INPUT.
/// Returns the INPUTs below the destination.
pub fn separate(inputs: &[Input], destination: &Destination, walker: &mut Walker) -> Result<Vec<PathBuf>> {
    let Destination::Store(prefix) = destination else { return Ok(Vec::new()) };
    let Ok(outputs) = Url::of_store(prefix.as_os_str().as_bytes()) else { return Ok(Vec::new()) };
    let mut below = Vec::new();
    for input in inputs.iter().filter(|input| input.is_listed()) {
        let Input::Path(path) = input else { continue };
        let Ok(input) = Url::parse(path.as_os_str().as_bytes()) else { continue };
        if input.top() != outputs.top() {
            continue;
        }
        if input == outputs {
            bail!(
                "-o {}: an INPUT, so that the next run would read what this one writes; choose a prefix below it, or another",
                words::path(prefix)
            );
        }
        if input.object_key().starts_with(&outputs.object_key()) {
            below.push(PathBuf::from(input.masked()));
        }
    }
    walker.outputs = Some(outputs);
    Ok(below)
}
