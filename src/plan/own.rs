//! Outputs of earlier runs that stand among the inputs: known by their mark, or by the name that this run's template
//! gives to a file beside them.

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

/// Tells own outputs from inputs. Holds the names of one directory at most.
#[derive(Debug)]
pub struct OwnOutputs<'a> {
    naming: &'a Naming,
    /// Outputs stand where inputs do.
    among: bool,
    /// The directory that was listed last, and its names by their stems.
    dir: PathBuf,
    names: HashMap<OsString, Vec<OsString>>,
    listed: bool,
}

impl<'a> OwnOutputs<'a> {
    /// Outputs by this naming.
    pub fn new(naming: &'a Naming) -> Self {
        let among = match &naming.destination {
            Destination::Beside => true,
            Destination::Directory(dir) => naming.roots.contains(&real_path(dir)),
            _ => false,
        };
        Self { naming, among, dir: PathBuf::new(), names: HashMap::new(), listed: false }
    }

    /// Whether `path` is the output of a file that stands beside it. Only where outputs go beside inputs.
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

    /// Whether `name` is what the template makes of another name in `dir`.
    fn is_named_so(&mut self, dir: &Path, name: &OsStr) -> bool {
        let origins = self.naming.template.origins(name, &self.naming.labels);
        origins.iter().any(|origin| self.naming.stands(dir, name, origin))
            || origins.iter().any(|origin| self.has_source(dir, name, origin))
    }

    /// Whether the source stands under a name from which its output's extension cannot be told, or one that was cut.
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
        // What cannot be read has no siblings that could be read.
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
    /// Whether a file stands in `dir` of which by its name alone an output of this origin is made.
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

    /// Whether outputs of `source` get this extension, by what it holds.
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

    /// Extensions of inputs whose output gets `ext`, the likeliest first.
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
            (FormatChoice::Keep, Some(format)) if format.writes() => own(format),
            // Kept formats that cannot be written become one of these.
            _ => own(Format::Png) || own(Format::Jpeg),
        }
    }
}
