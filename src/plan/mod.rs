//! Which output for which input.

mod ledger;
mod path_log;
mod template;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

pub use ledger::{Admission, ClaimError, Ledger};
pub use template::{Fields, Template, TemplateError};

use crate::format::Format;
use crate::policy::Existing;
use crate::recipe::FormatChoice;
use crate::render::PlannedVariant;

/// Where outputs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Beside each input.
    Beside,
    /// Into this directory, mirroring.
    Directory(PathBuf),
    /// To this very file.
    File(PathBuf),
    /// To standard output.
    Stdout,
    /// Into an archive, mirroring; None is one on standard output.
    Archive(Option<PathBuf>),
}

/// How outputs are named, and what they may replace.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Where outputs go.
    pub destination: Destination,
    /// Their names.
    pub template: Template,
    /// The sizes as typed, in the recipe's order.
    pub labels: Vec<String>,
    /// The recipe's formats.
    pub formats: Vec<FormatChoice>,
    /// What stands there already.
    pub existing: Existing,
    /// Real paths of directory INPUTs and of patterns' literal prefixes.
    pub roots: Vec<PathBuf>,
}

/// An output with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Which of the picture's variants.
    pub variant: usize,
    /// Its final name; for standard output `-`.
    pub path: PathBuf,
    /// Whether a file of this name may be replaced.
    pub replace: bool,
    /// With `--update`, the digest of what decides its bytes beside the source.
    pub digest: i64,
}

/// Why an input's outputs cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Another's, or an input.
    #[error("{0}{hint}", hint = hint(.0))]
    Claim(#[from] ClaimError),
    /// Variants of one picture under one name.
    #[error("two of its outputs would be {0:?}; let --name hold {{size}}, {{width}} or {{ext}}")]
    Ambiguous(PathBuf),
    /// Out of the archive.
    #[error("{0:?} would lead out of the archive; use --relative-to")]
    Outside(PathBuf),
    /// Something stands there.
    #[error("{0:?} exists and may not be ours to replace (--existing replace or skip)")]
    Exists(PathBuf),
    /// Something stands there, and that is to fail.
    #[error("{0:?} exists")]
    ExistsFail(PathBuf),
}

fn hint(error: &ClaimError) -> &'static str {
    match error {
        ClaimError::Taken { namesakes: true, .. } => "; a mirrored tree (--relative-to) keeps them apart",
        ClaimError::Taken { .. } => "; --name '{name}.{ext}' or a mirrored tree (--relative-to) keeps them apart",
        ClaimError::IsInput(_) => "; choose another -o or --name",
    }
}

/// What becomes of an input's outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// To be made.
    Make(Vec<PlannedOutput>),
    /// All of them exist and stay.
    AllExist,
}

impl Naming {
    /// Whether outputs go beside inputs.
    pub fn is_beside(&self) -> bool {
        self.destination == Destination::Beside
    }

    /// Names the outputs of the input `path` (None is standard input), whose directory below its
    /// root is `below`. Variants that come out equal under one name collapse into one.
    ///
    /// # Errors
    /// Different variants under one name.
    pub fn name(
        &self,
        path: Option<&Path>,
        below: &Path,
        variants: &[PlannedVariant],
    ) -> Result<Vec<PlannedOutput>, PlanError> {
        let mut outputs: Vec<PlannedOutput> = Vec::with_capacity(variants.len());
        for (index, variant) in variants.iter().enumerate() {
            let path = self.output_path(path, below, variant);
            let parent = |c| c == Component::ParentDir;
            if matches!(self.destination, Destination::Archive(_)) && self.member_of(&path).components().any(parent) {
                return Err(PlanError::Outside(path));
            }
            if let Some(same) = outputs.iter().find(|o| o.path == path) {
                let first = &variants[same.variant];
                if (first.size, first.format) == (variant.size, variant.format) {
                    continue;
                }
                return Err(PlanError::Ambiguous(path));
            }
            outputs.push(PlannedOutput { variant: index, path, replace: false, digest: 0 });
        }
        Ok(outputs)
    }

    fn output_path(&self, path: Option<&Path>, below: &Path, variant: &PlannedVariant) -> PathBuf {
        let source = path.unwrap_or(Path::new("stdin"));
        let base = match &self.destination {
            Destination::File(file) => return file.clone(),
            Destination::Stdout => return PathBuf::from("-"),
            Destination::Directory(dir) => dir.clone(),
            Destination::Archive(file) => file.clone().unwrap_or_else(|| PathBuf::from("-")),
            Destination::Beside => source.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        let name = source.file_name().unwrap_or(OsStr::new("stdin"));
        let fields = Fields {
            stem: source.file_stem().unwrap_or(name),
            name,
            ext: &self.extension(source, variant.format),
            size: &self.labels[variant.size_index],
            width: variant.size.width,
            height: variant.size.height,
            dir: below,
        };
        let name = self.template.expand(&fields);
        match (&self.destination, self.template.has_dir()) {
            (Destination::Directory(_) | Destination::Archive(_), false) => base.join(below).join(name),
            // `{dir}` beside inputs starts at their root.
            (Destination::Beside, true) => {
                let up = below.components().count();
                let root = base.ancestors().nth(up).unwrap_or(Path::new(""));
                root.join(name)
            }
            _ => base.join(name),
        }
    }

    /// The input's own spelling where that is valid for the format.
    fn extension(&self, source: &Path, format: Format) -> OsString {
        match source.extension() {
            Some(own) if format.takes_extension(own.as_bytes()) => own.to_owned(),
            _ => OsString::from(format.extension()),
        }
    }

    /// Claims the outputs in the ledger and looks at what stands there; `wrote` knows of files that
    /// earlier runs wrote.
    ///
    /// # Errors
    /// Names that are taken, by this run or before it.
    pub fn settle(
        &self,
        mut outputs: Vec<PlannedOutput>,
        number: u32,
        ledger: &mut Ledger,
        wrote: &dyn Fn(&Path) -> bool,
    ) -> Result<Plan, PlanError> {
        if self.destination == Destination::Stdout {
            return Ok(Plan::Make(outputs));
        }
        if let Destination::Archive(_) = self.destination {
            let members: Vec<&Path> = outputs.iter().map(|o| self.member_of(&o.path)).collect();
            ledger.claim_members(&members, number)?;
            return Ok(Plan::Make(outputs));
        }
        let paths: Vec<&Path> = outputs.iter().map(|o| o.path.as_path()).collect();
        ledger.claim(&paths, number)?;
        if self.existing == Existing::Skip {
            outputs.retain(|o| fs::symlink_metadata(&o.path).is_err());
            return Ok(if outputs.is_empty() { Plan::AllExist } else { Plan::Make(outputs) });
        }
        for output in &mut outputs {
            output.replace = match self.existing {
                Existing::Replace => true,
                Existing::Careful => self.is_ours(&output.path, ledger) || wrote(&output.path),
                Existing::Skip | Existing::Fail => false,
            };
            // Asked before the work is done; the sink makes sure.
            if !output.replace && fs::symlink_metadata(&output.path).is_ok() {
                let path = output.path.clone();
                return Err(match self.existing {
                    Existing::Fail => PlanError::ExistsFail(path),
                    _ => PlanError::Exists(path),
                });
            }
        }
        Ok(Plan::Make(outputs))
    }

    /// The name within the archive of what is called `path` outside.
    fn member_of<'a>(&self, path: &'a Path) -> &'a Path {
        let archive = match &self.destination {
            Destination::Archive(Some(file)) => file,
            _ => Path::new("-"),
        };
        path.strip_prefix(archive).unwrap_or(path)
    }

    /// Whether a file of this name would surely be an earlier output.
    fn is_ours(&self, path: &Path, ledger: &mut Ledger) -> bool {
        match &self.destination {
            // Named by the user as the place to write to.
            Destination::File(_) | Destination::Stdout | Destination::Archive(_) => true,
            _ if self.template.has_marker() => true,
            Destination::Beside => false,
            Destination::Directory(_) => {
                let dir = path.parent().unwrap_or(Path::new(""));
                if ledger.holds_input(dir) {
                    return false;
                }
                let real = ledger.real_dir(dir);
                !self.roots.iter().any(|root| real.starts_with(root))
            }
        }
    }

    /// Whether `path` bears the name that this naming gives to a file that stands beside it.
    /// Only where outputs go beside inputs.
    pub fn is_own_output(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().filter(|_| self.is_beside()) else { return false };
        let dir = path.parent().unwrap_or(Path::new(""));
        self.template.origins(name, &self.labels).into_iter().any(|origin| {
            if let Some(source) = &origin.name {
                return fs::symlink_metadata(dir.join(source)).is_ok();
            }
            let Some(stem) = &origin.stem else { return false };
            let ext = origin.ext.as_deref().or_else(|| path.extension()).unwrap_or_default();
            self.sibling_extensions(ext).iter().any(|e| {
                let mut sibling = stem.clone();
                sibling.push(".");
                sibling.push(e);
                fs::symlink_metadata(dir.join(sibling)).is_ok()
            })
        })
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
        let own = |format: Format| {
            let out = self.extension(&Path::new("x").with_extension(source), format);
            out == ext
        };
        match (choice, from) {
            (FormatChoice::To(format), _) => own(format),
            (FormatChoice::Keep, Some(format)) if format.writes() => own(format),
            // Kept formats that cannot be written become one of these.
            (FormatChoice::Keep, _) => own(Format::Png) || own(Format::Jpeg),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
