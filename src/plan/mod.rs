//! Plans the outputs of each input.

mod error;
mod folding;
mod ledger;
mod own;
mod standing;
mod template;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

pub use error::PlanError;
pub use ledger::{Admission, ClaimError, Ledger};
pub use own::OwnOutputs;
pub use standing::{Picture, Standing};
use template::HASH;
pub use template::{Fields, Template, TemplateError};

use crate::net::Url;
use crate::policy::{Existing, Replace};
use thumbs_render::format::Format;
use thumbs_render::recipe::FormatChoice;
use thumbs_render::render::PlannedVariant;

/// The destination of outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Beside each input.
    Beside,
    /// In the place of each input.
    InPlace,
    /// Into this directory, mirroring the inputs.
    Directory(PathBuf),
    /// To this file.
    File(PathBuf),
    /// To standard output.
    Stdout,
    /// Into an object store, below this prefix, mirroring the inputs.
    Store(PathBuf),
    /// To this object.
    Object(PathBuf),
    /// Into an archive, mirroring the inputs. None means an archive on standard output.
    Archive(Option<PathBuf>),
}

impl Destination {
    /// Whether outputs are objects in a store.
    pub fn is_store(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Object(_))
    }
}

/// How outputs are named, and what they may replace.
#[derive(Clone, Debug)]
pub struct Naming {
    /// The destination.
    pub destination: Destination,
    /// The name template.
    pub template: Template,
    /// The sizes as typed, in the order of the recipe.
    pub labels: Vec<String>,
    /// The formats of the recipe.
    pub formats: Vec<FormatChoice>,
    /// The formats that `auto` may choose.
    pub allowed: Vec<Format>,
    /// What to do with existing files.
    pub existing: Existing,
    /// Real paths of directory INPUTs and of the literal prefixes of patterns.
    pub roots: Vec<PathBuf>,
    /// Prefixes of a store that are INPUTs below the destination. No output goes there.
    pub sources: Vec<PathBuf>,
}

/// Stands for the extension of an output whose format is not chosen yet.
pub const OPEN: &str = "auto";

/// An output with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Index into the variants of the picture.
    pub variant: usize,
    /// The final path; `-` for standard output.
    pub path: PathBuf,
    /// Which existing file may be replaced.
    pub replace: Replace,
    /// With `--update`, the digest of everything but the source that decides its bytes.
    pub digest: i64,
    /// The names of which it gets one when its format is chosen. Until then, `path` only stands for them. Empty where its
    /// format is settled.
    pub names: Vec<Possible>,
}

/// A name that an output may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// The format that gives it this name.
    pub format: Format,
    /// The name.
    pub path: PathBuf,
    /// Which existing file may be replaced.
    pub replace: Replace,
}

impl PlannedOutput {
    /// An output with one name.
    pub fn named(variant: usize, path: PathBuf) -> Self {
        Self { variant, path, replace: Replace::Never, digest: 0, names: Vec::new() }
    }

    /// All names that it may get.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let settled = self.names.is_empty().then_some(self.path.as_path());
        settled.into_iter().chain(self.names.iter().map(|name| name.path.as_path()))
    }

    /// Gives it the name that it has in this format.
    pub fn settle(&mut self, format: Format) {
        if let Some(name) = std::mem::take(&mut self.names).into_iter().find(|name| name.format == format) {
            (self.path, self.replace) = (name.path, name.replace);
        }
    }
}

/// The plan for an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Make these outputs.
    Make(Vec<PlannedOutput>),
    /// All outputs exist and are kept.
    AllExist,
}

impl Naming {
    /// Whether outputs go beside inputs.
    pub fn is_beside(&self) -> bool {
        self.destination == Destination::Beside
    }

    /// Names the outputs of the input `path` (None is standard input), whose directory relative to
    /// its root is `below`. Equal variants with the same name are merged.
    ///
    /// # Errors
    /// Different variants with the same name.
    pub fn name(
        &self,
        path: Option<&Path>,
        below: &Path,
        variants: &[PlannedVariant],
    ) -> Result<Vec<PlannedOutput>, PlanError> {
        self.name_by(path, below, variants, &|_, _| String::new())
    }

    /// Like [`Naming::name`], with what identifies the bytes of a variant in a format.
    ///
    /// # Errors
    /// Different variants with the same name.
    pub fn name_by(
        &self,
        path: Option<&Path>,
        below: &Path,
        variants: &[PlannedVariant],
        hash: &dyn Fn(&PlannedVariant, Format) -> String,
    ) -> Result<Vec<PlannedOutput>, PlanError> {
        let mut outputs: Vec<PlannedOutput> = Vec::with_capacity(variants.len());
        for (index, variant) in variants.iter().enumerate() {
            let name = |format: Format| {
                let path = self.output_path(path, below, variant, (format, &hash(variant, format)), None);
                self.check(&path, format).map(|()| path)
            };
            let output = match variant.candidates.is_empty() {
                true => PlannedOutput::named(index, name(variant.format)?),
                false => {
                    let shown = self.output_path(path, below, variant, (variant.format, &"0".repeat(HASH)), Some(OPEN));
                    let possible = |&format: &Format| {
                        Ok::<_, PlanError>(Possible { format, path: name(format)?, replace: Replace::Never })
                    };
                    let names = variant.candidates.iter().map(possible).collect::<Result<_, _>>()?;
                    PlannedOutput { names, ..PlannedOutput::named(index, shown) }
                }
            };
            let same = outputs.iter().find_map(|other| {
                let mut paths = output.paths();
                paths.find(|path| other.paths().any(|taken| taken == *path)).map(|path| (other.variant, path))
            });
            match same {
                None => outputs.push(output),
                Some((first, path)) => {
                    let first = &variants[first];
                    let is_same = (first.size, first.format, &first.candidates)
                        == (variant.size, variant.format, &variant.candidates);
                    if !is_same {
                        return Err(PlanError::Ambiguous(path.to_path_buf()));
                    }
                }
            }
        }
        Ok(outputs)
    }

    /// Checks a name against its format and its place.
    fn check(&self, path: &Path, format: Format) -> Result<(), PlanError> {
        let extension = path.extension().unwrap_or_default().as_bytes();
        let other = !format.takes_extension(extension) && Format::from_extension(extension).is_some();
        if other && !matches!(self.destination, Destination::Stdout | Destination::InPlace) {
            return Err(PlanError::Suffix { path: path.to_path_buf(), format });
        }
        let parent = |c| c == Component::ParentDir;
        let outside = |what| PlanError::Outside(path.to_path_buf(), what);
        match &self.destination {
            Destination::Archive(_) if self.member_of(path).components().any(parent) => Err(outside("archive")),
            Destination::Store(prefix) if path.strip_prefix(prefix).is_ok_and(|path| path.components().any(parent)) => {
                Err(outside("prefix"))
            }
            _ => Ok(()),
        }
    }

    /// Checks the address of an object.
    fn check_address(&self, path: &Path) -> Result<(), PlanError> {
        let why = match std::str::from_utf8(path.as_os_str().as_bytes()) {
            Err(_) => Some("its name is not UTF-8, as the names of objects are".to_owned()),
            Ok(text) => Url::of_store(text.as_bytes()).err().map(|error| error.to_string()),
        };
        if let Some(why) = why {
            return Err(PlanError::Key(path.to_path_buf(), why));
        }
        let is_below = |source: &&PathBuf| path.as_os_str().as_bytes().starts_with(source.as_os_str().as_bytes());
        match self.sources.iter().find(is_below) {
            Some(source) => Err(PlanError::Below(path.to_path_buf(), source.clone())),
            None => Ok(()),
        }
    }

    /// The name in this format. `shown` stands for an extension that is not known yet.
    fn output_path(
        &self,
        path: Option<&Path>,
        below: &Path,
        variant: &PlannedVariant,
        (format, hash): (Format, &str),
        shown: Option<&str>,
    ) -> PathBuf {
        let source = path.unwrap_or(Path::new("stdin"));
        let base = match &self.destination {
            Destination::File(file) | Destination::Object(file) => return file.clone(),
            Destination::Stdout => return PathBuf::from("-"),
            Destination::InPlace => return source.to_path_buf(),
            Destination::Directory(dir) | Destination::Store(dir) => dir.clone(),
            Destination::Archive(file) => file.clone().unwrap_or_else(|| PathBuf::from("-")),
            Destination::Beside => source.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        let name = source.file_name().unwrap_or(OsStr::new("stdin"));
        let fields = Fields {
            stem: source.file_stem().unwrap_or(name),
            name,
            ext: &shown.map_or_else(|| self.extension(source, format), OsString::from),
            size: &self.labels[variant.size_index],
            width: variant.size.width,
            height: variant.size.height,
            hash,
            dir: below,
        };
        let name = self.template.expand(&fields);
        match (&self.destination, self.template.has_dir()) {
            (Destination::Directory(_) | Destination::Store(_) | Destination::Archive(_), false) => {
                base.join(below).join(name)
            }
            // Beside inputs, `{dir}` starts at their root.
            (Destination::Beside, true) => {
                let up = below.components().count();
                let root = base.ancestors().nth(up).unwrap_or(Path::new(""));
                root.join(name)
            }
            _ => base.join(name),
        }
    }

    /// The input's own spelling, if that is valid for the format.
    fn extension(&self, source: &Path, format: Format) -> OsString {
        match source.extension() {
            Some(own) if format.takes_extension(own.as_bytes()) => own.to_owned(),
            _ => OsString::from(format.extension()),
        }
    }

    /// Claims the outputs in the ledger, with all names that they may get, and checks existing files with `look`: of a variant,
    /// in its format or in this one.
    ///
    /// # Errors
    /// Names that are taken, by this run or before it.
    pub fn settle(
        &self,
        mut outputs: Vec<PlannedOutput>,
        number: u32,
        ledger: &mut Ledger,
        look: &dyn Fn(usize, Option<Format>, &Path) -> Standing,
    ) -> Result<Plan, PlanError> {
        if self.destination == Destination::Stdout {
            return Ok(Plan::Make(outputs));
        }
        if self.destination == Destination::InPlace {
            // The input's own name needs no claim: the ledger admits each file once.
            outputs.iter_mut().for_each(|output| output.replace = Replace::Any);
            return Ok(Plan::Make(outputs));
        }
        if let Destination::Archive(_) = self.destination {
            let members: Vec<&Path> =
                outputs.iter().flat_map(PlannedOutput::paths).map(|path| self.member_of(path)).collect();
            ledger.claim_members(&members, number)?;
            return Ok(Plan::Make(outputs));
        }
        let paths: Vec<&Path> = outputs.iter().flat_map(PlannedOutput::paths).collect();
        let is_store = self.destination.is_store();
        if is_store {
            paths.iter().try_for_each(|path| self.check_address(path))?;
        }
        ledger.claim(&paths, number)?;
        let stands = |path: &Path| match is_store {
            true => look(0, None, path) != Standing::Nothing,
            false => fs::symlink_metadata(path).is_ok(),
        };
        if self.existing == Existing::Skip {
            outputs.retain(|output| !output.paths().any(stands));
            return Ok(if outputs.is_empty() { Plan::AllExist } else { Plan::Make(outputs) });
        }
        for output in &mut outputs {
            if output.names.is_empty() {
                output.replace = self.replaces(&output.path, &stands, &|path| look(output.variant, None, path))?;
            }
            for name in &mut output.names {
                name.replace =
                    self.replaces(&name.path, &stands, &|path| look(output.variant, Some(name.format), path))?;
            }
        }
        Ok(Plan::Make(outputs))
    }

    /// What an output may replace. Checked before the work is done; the sink checks again.
    fn replaces(
        &self,
        path: &Path,
        stands: &dyn Fn(&Path) -> bool,
        look: &dyn Fn(&Path) -> Standing,
    ) -> Result<Replace, PlanError> {
        let own = || path.to_path_buf();
        match self.existing {
            Existing::Replace => Ok(Replace::Any),
            Existing::Skip => Ok(Replace::Never),
            Existing::Fail if !stands(path) => Ok(Replace::Never),
            Existing::Fail => Err(PlanError::ExistsFail(own())),
            // Whether the object is ours shows when it is written, where nobody waits for the answer.
            Existing::Careful if self.destination.is_store() => Ok(Replace::Own),
            Existing::Careful => match look(path) {
                Standing::Nothing | Standing::Unsure => Ok(Replace::Own),
                Standing::Ours => Ok(Replace::Any),
                Standing::Directory => Err(PlanError::Directory(own())),
                Standing::Theirs => Err(PlanError::Exists(own())),
            },
        }
    }

    /// The name in the archive for the path outside.
    fn member_of<'a>(&self, path: &'a Path) -> &'a Path {
        let archive = match &self.destination {
            Destination::Archive(Some(file)) => file,
            _ => Path::new("-"),
        };
        path.strip_prefix(archive).unwrap_or(path)
    }

    /// Checks what exists under a name of an output.
    pub fn look(
        &self,
        path: &Path,
        variant: &PlannedVariant,
        picture: &Picture<'_>,
        is_walked: &dyn Fn(&Path) -> bool,
    ) -> Standing {
        // A file that this run reads as an input is not ours by its appearance alone.
        let seen = || match &self.destination {
            Destination::Beside => self.template.has_marker() || self.template.literal_dir().is_some(),
            _ => !is_walked(path),
        };
        standing::look(path, variant, picture, &seen)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
