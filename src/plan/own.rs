//! Recognises outputs of earlier runs among the inputs: by their mark, or by the name that this
//! run's template gives to a neighbouring file.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::template::{Origin, is_shortened};
use super::{Destination, Naming};
use crate::sink::mark::Mark;
use crate::source;
use crate::walk::real_path;
use thumbs_render::format::{self, Format};
use thumbs_render::recipe::FormatChoice;

/// Tells own outputs from inputs. Holds the names of at most one directory.
#[derive(Debug)]
pub struct OwnOutputs<'a> {
    naming: &'a Naming,
    /// Whether outputs are placed among inputs.
    among: bool,
    /// The directory that was listed last, and its names by stem.
    dir: PathBuf,
    names: HashMap<OsString, Vec<OsString>>,
    listed: bool,
}

impl<'a> OwnOutputs<'a> {
    /// Recognises outputs with this naming.
    pub fn new(naming: &'a Naming) -> Self {
        let among = match &naming.destination {
            Destination::Beside => true,
            Destination::Directory(dir) => naming.roots.contains(&real_path(dir)),
            _ => false,
        };
        Self { naming, among, dir: PathBuf::new(), names: HashMap::new(), listed: false }
    }

    /// Whether `path` is the output of a file beside it. Always false unless outputs go beside
    /// inputs.
    pub fn contain(&mut self, path: &Path) -> bool {
        let Some(name) = path.file_name().filter(|_| self.among) else { return false };
        let dir = path.parent().unwrap_or(Path::new(""));
        let mark = fs::symlink_metadata(path).ok().filter(|m| m.is_file()).and_then(|m| Mark::of(path, &m));
        if let Some(source) = mark.and_then(|mark| mark.source) {
            if fs::symlink_metadata(dir.join(source)).is_ok() {
                return true;
            }
        }
        self.naming.is_beside() && self.is_named_so(dir, name)
    }

    /// Whether the template makes `name` of another name in `dir`.
    fn is_named_so(&mut self, dir: &Path, name: &OsStr) -> bool {
        let origins = self.naming.template.origins(name, &self.naming.labels);
        origins.iter().any(|origin| self.naming.stands(dir, name, origin))
            || origins.iter().any(|origin| self.has_source(dir, name, origin))
    }

    /// Whether the source exists under a name that does not determine the extension of its output,
    /// or under one that was shortened.
    fn has_source(&mut self, dir: &Path, name: &OsStr, origin: &Origin) -> bool {
        self.list(dir);
        let ext = origin.ext.as_deref().or_else(|| Path::new(name).extension()).unwrap_or_default();
        let made_by = |source: &OsString| self.naming.makes(&dir.join(source), ext);
        match (&origin.name, &origin.stem) {
            (Some(full), _) => {
                self.names.values().flatten().any(|source| is_shortened(full, source) && made_by(source))
            }
            (None, Some(stem)) => {
                let cut = |(whole, _): &(&OsString, &Vec<OsString>)| is_shortened(stem, whole);
                self.names.get(stem).into_iter().flatten().any(made_by)
                    || self.names.iter().filter(cut).flat_map(|(_, names)| names).any(made_by)
            }
            (None, None) => false,
        }
    }

    fn list(&mut self, dir: &Path) {
        if self.listed && self.dir == dir {
            return;
        }
        self.dir = dir.to_path_buf();
        self.names.clear();
        self.listed = true;
        let place = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        // An unreadable directory has no readable siblings.
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| !kind.is_dir()) {
                let name = entry.file_name();
                let stem = Path::new(&name).file_stem().unwrap_or(&name).to_owned();
                self.names.entry(stem).or_default().push(name);
            }
        }
    }
}

impl Naming {
    /// Whether `dir` contains a file whose name alone makes it the source of an output with this
    /// origin.
    fn stands(&self, dir: &Path, name: &OsStr, origin: &Origin) -> bool {
        if let Some(source) = &origin.name {
            return fs::symlink_metadata(dir.join(source)).is_ok();
        }
        let Some(stem) = &origin.stem else { return false };
        let ext = origin.ext.as_deref().or_else(|| Path::new(name).extension()).unwrap_or_default();
        self.sibling_extensions(ext).iter().any(|e| {
            let mut sibling = stem.clone();
            sibling.push(".");
            sibling.push(e);
            fs::symlink_metadata(dir.join(sibling)).is_ok()
        })
    }

    /// Whether outputs of `source` get this extension, according to its content.
    fn makes(&self, source: &Path, ext: &OsStr) -> bool {
        let holds = || {
            let file = source::open_file(source).ok()?;
            if source::kind_of(&file.metadata().ok()?).is_some() {
                return None;
            }
            let mut head = Vec::new();
            file.take(source::HEAD).read_to_end(&mut head).ok()?;
            format::sniff(&head)
        };
        let own = source.extension().unwrap_or_default();
        holds().is_some_and(|format| self.formats.iter().any(|choice| self.gives(*choice, Some(format), own, ext)))
    }

    /// Extensions of inputs whose output gets `ext`, the most likely first.
    fn sibling_extensions(&self, ext: &OsStr) -> Vec<OsString> {
        let mut likely = vec![ext.to_owned()];
        for format in Format::all() {
            for e in format.extensions() {
                likely.push(OsString::from(e));
                likely.push(OsString::from(e.to_ascii_uppercase()));
            }
        }
        likely.retain(|source| {
            let from = Format::from_extension(source.as_bytes());
            from.is_some() && self.formats.iter().any(|choice| self.gives(*choice, from, source, ext))
        });
        likely.dedup();
        likely
    }

    fn gives(&self, choice: FormatChoice, from: Option<Format>, source: &OsStr, ext: &OsStr) -> bool {
        let own = |format: Format| match self.template.literal_extension() {
            Some(_) => format.takes_extension(ext.as_bytes()) || Format::from_extension(ext.as_bytes()).is_none(),
            None => self.extension(&Path::new("x").with_extension(source), format) == ext,
        };
        match (choice, from) {
            (FormatChoice::To(format), _) => own(format),
            (FormatChoice::Auto, _) => self.allowed.iter().any(|&format| own(format)),
            (FormatChoice::Keep, Some(format)) if format.writes() => own(format),
            // Kept formats that cannot be written become one of these.
            _ => own(Format::Png) || own(Format::Jpeg),
        }
    }
}
