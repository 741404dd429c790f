//! Members of archives as inputs. The feeder reads a tar front to back and charges the content of
//! each member to the budget. Of a zip, the feeder reads the central directory and the workers read
//! the content.
//!
//! Outputs are only written under names made by the naming, so a member's name can only do harm by
//! leading out of the destination. A name with `..` is rejected, a leading slash is removed, links
//! are not followed, and devices are not created.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::hand::Hand;
use super::job::Packed;
use crate::archive::detect::{self, HEAD, Packing};
use crate::archive::tar_reader::{EntryKind, TarEntry, TarError, TarReader};
use crate::archive::zip_reader::ZipReader;
use crate::outcome::Stage;
use crate::source::{self, Facts, Source, SourceError};
use crate::walk::{Found, has_picture_extension};
use thumbs_render::format;

type Flow = ControlFlow<()>;

/// The result of checking a member's name.
enum Name {
    /// A path within the archive.
    Inside(PathBuf),
    /// The name leads out of the archive, or is not a path.
    Refused(&'static str),
    /// The root of the archive.
    Nothing,
}

fn name_of(bytes: &[u8]) -> Name {
    if bytes.contains(&0) {
        return Name::Refused("its name holds a NUL");
    }
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(bytes)).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::ParentDir => return Name::Refused("its name leads out of the archive"),
            // Dropped, as tar and unzip do.
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    if path.as_os_str().is_empty() { Name::Nothing } else { Name::Inside(path) }
}

/// The members of one archive on their way to the workers.
struct Members<'h, 's> {
    hand: &'h mut Hand<'s>,
    /// The archive's name in messages. Members are named below it.
    archive: &'h Path,
    /// Where members are mirrored, for `--relative-to`.
    below: &'h Path,
    facts: Facts,
}

impl Members<'_, '_> {
    fn fail(&mut self, name: &[u8], error: String) -> Flow {
        // The stored name, for the message. The path is never opened.
        let path = self.archive.join(OsStr::from_bytes(name.strip_prefix(b"/").unwrap_or(name)));
        self.hand.fail(path, Stage::Read, error)
    }

    /// The input for a name, if it counts. Rejected names are reported.
    fn input(&mut self, name: &[u8]) -> Result<Option<Found>, ()> {
        match name_of(name) {
            Name::Nothing => Ok(None),
            Name::Inside(path) => {
                let shared = self.hand.shared;
                let below = self.below.join(path.parent().unwrap_or(Path::new("")));
                let certain = has_picture_extension(&path);
                if let Some(rule) = shared.config.walker.selection.leaves_out_member(&path) {
                    if certain {
                        shared.passed.leave_out(rule);
                    }
                    return Ok(None);
                }
                Ok(Some(Found { path: Some(self.archive.join(path)), below, certain, link: false }))
            }
            // The name of a file that is certainly not a picture does not matter.
            Name::Refused(_) if !has_picture_extension(Path::new(OsStr::from_bytes(name))) => Ok(None),
            Name::Refused(why) => match self.fail(name, why.to_owned()) {
                Flow::Continue(()) => Ok(None),
                Flow::Break(()) => Err(()),
            },
        }
    }

    /// Sends a member. An archive is not unpacked just to count what is left in it.
    fn give(&mut self, found: Found, packed: Packed) -> Flow {
        let flow = self.hand.give(found, Some(packed));
        if self.hand.shared.cancel.is_set() { Flow::Break(()) } else { flow }
    }

    fn facts(&self, len: u64) -> Facts {
        Facts { len, ..self.facts }
    }

    fn limit(&self) -> u64 {
        self.hand.shared.config.limits.max_file_size
    }

    fn tar_member<R: Read>(&mut self, tar: &mut TarReader<R>, entry: &TarEntry) -> Result<Flow, TarError> {
        let refused = match entry.kind {
            EntryKind::File => None,
            EntryKind::HardLink => Some("a hard link to another member, whose bytes are not here"),
            EntryKind::Sparse => Some("a sparse file in GNU's own encoding"),
            EntryKind::Other => return Ok(Flow::Continue(())),
        };
        let found = match self.input(&entry.name) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Flow::Continue(())),
            Err(()) => return Ok(Flow::Break(())),
        };
        if let Some(refused) = refused {
            let flow = if found.certain { self.fail(&entry.name, refused.to_owned()) } else { Flow::Continue(()) };
            return Ok(flow);
        }
        let limit = self.limit();
        if entry.size > limit {
            let error = SourceError::TooLarge { size: entry.size, limit }.to_string();
            let flow = if found.certain { self.fail(&entry.name, error) } else { Flow::Continue(()) };
            return Ok(flow);
        }
        let mut bytes = Vec::new();
        tar.read_into(&mut bytes, source::HEAD)?;
        let known = format::sniff(&bytes).is_some();
        if !known && !found.certain {
            self.hand.shared.passed.no_picture();
            return Ok(Flow::Continue(()));
        }
        // Do not read on if it is not a picture.
        let wanted = if known { entry.size } else { bytes.len() as u64 };
        let rest = wanted - bytes.len() as u64;
        // From here on this number belongs to the member, so a job must follow.
        let (packed, ended) = match self.hand.draw(wanted) {
            Err(over) => (Packed::Broken { error: over.message("its file", wanted), drawn: true }, None),
            Ok(share) => match tar.read_into(&mut bytes, rest) {
                Ok(()) => (Packed::Bytes { source: Source::ready(bytes, self.facts(wanted)), share }, None),
                Err(error) => (Packed::Broken { error: error.to_string(), drawn: true }, Some(error)),
            },
        };
        let flow = self.give(found, packed);
        match ended {
            None => Ok(flow),
            Some(error) => Err(error),
        }
    }

    fn tar(&mut self, stream: Box<dyn Read + '_>, packing: Packing) -> Flow {
        let mut tar = TarReader::new(stream);
        let error = loop {
            match tar.next_entry() {
                Ok(Some(entry)) => match self.tar_member(&mut tar, &entry) {
                    Ok(flow) => flow?,
                    Err(error) => break error.to_string(),
                },
                Ok(None) if packing == Packing::Plain => return Flow::Continue(()),
                Ok(None) => match tar.drain() {
                    Ok(()) => return Flow::Continue(()),
                    Err(error) => break TarError::Io(error).to_string(),
                },
                Err(error) => break error.to_string(),
            }
        };
        self.hand.fail(self.archive.to_path_buf(), Stage::Read, error)
    }

    fn zip(&mut self, file: File) -> Flow {
        let archive = self.archive.to_path_buf();
        let mut zip = match ZipReader::new(file) {
            Ok(zip) => zip,
            Err(error) => return self.hand.fail(archive, Stage::Read, error.to_string()),
        };
        loop {
            let entry = match zip.next_entry() {
                Ok(None) => return Flow::Continue(()),
                Ok(Some(entry)) if !entry.is_file => continue,
                Ok(Some(entry)) => entry,
                Err(error) => return self.hand.fail(archive, Stage::Read, error.to_string()),
            };
            let found = match self.input(&entry.name) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(()) => return Flow::Break(()),
            };
            let packed = if entry.size > self.limit() {
                let error = SourceError::TooLarge { size: entry.size, limit: self.limit() }.to_string();
                Packed::Broken { error, drawn: false }
            } else {
                let facts = self.facts(entry.size);
                Packed::Zip { entry, facts }
            };
            self.give(found, packed)?;
        }
    }
}

/// Sends the members of the archive `path`.
pub fn file(hand: &mut Hand<'_>, path: &Path, below: &Path) -> Flow {
    match open(path) {
        Ok((file, facts, Packing::Zip)) => Members { hand, archive: path, below, facts }.zip(file),
        Ok((file, facts, packing)) => {
            let stream = BufReader::with_capacity(256 << 10, file);
            members(Members { hand, archive: path, below, facts }, packing, stream)
        }
        Err(error) => hand.fail(path.to_path_buf(), Stage::Read, error.to_string()),
    }
}

fn open(path: &Path) -> Result<(File, Facts, Packing), SourceError> {
    let mut file = source::open_file(path)?;
    let facts = Facts::from(&file.metadata()?);
    let mut head = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let packing = detect::packing_of(path, &head).ok_or_else(|| io::Error::other("no archive any more"))?;
    Ok((file, facts, packing))
}

/// Sends the members of the archive on standard input.
pub fn stdin(hand: &mut Hand<'_>) -> Flow {
    let path = Path::new("-");
    let mut stdin = io::stdin().lock();
    let mut head = Vec::new();
    if let Err(error) = (&mut stdin).take(HEAD as u64).read_to_end(&mut head) {
        return hand.fail(path.to_path_buf(), Stage::Read, TarError::Io(error).to_string());
    }
    let empty = detect::is_empty_tar(&head).then_some(Packing::Plain);
    let refused = match detect::packing(&head).or(empty) {
        Some(Packing::Zip) => "a zip has its directory at its end, so it must be a file",
        None => "no tar archive",
        Some(packing) => {
            let facts = Facts { mode: 0o666, ..Facts::default() };
            let stream = io::Cursor::new(head).chain(stdin);
            return members(Members { hand, archive: path, below: Path::new(""), facts }, packing, stream);
        }
    };
    hand.fail(path.to_path_buf(), Stage::Read, refused.to_owned())
}

fn members(mut members: Members<'_, '_>, packing: Packing, stream: impl BufRead) -> Flow {
    match detect::unpacked(packing, stream) {
        Ok(tar) => members.tar(tar, packing),
        Err(error) => members.hand.fail(members.archive.to_path_buf(), Stage::Read, TarError::Io(error).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for (name, want) in [
            ("a/b.jpg", Some("a/b.jpg")),
            ("./a//./b.jpg", Some("a/b.jpg")),
            ("/etc/x.jpg", Some("etc/x.jpg")),
            ("a/../b.jpg", None),
            ("../b.jpg", None),
            ("a\0b.jpg", None),
        ] {
            let got = match name_of(name.as_bytes()) {
                Name::Inside(path) => Some(path),
                _ => None,
            };
            assert_eq!(got.as_deref(), want.map(Path::new), "{name}");
        }
        assert!(matches!(name_of(b"./"), Name::Nothing));
    }
}
