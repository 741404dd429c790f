//! Writes all outputs to one archive, a file or standard output, in the order of the inputs. The
//! end marker is written only if the run succeeded.

use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::outlet::{Outlet, Readers};
use super::{Entry, Sink, SinkError, Uploader, mark};
use crate::archive::Kind;
use crate::archive::compress::{Compressor, Levels};
use crate::archive::detect::{self, Packing};
use crate::archive::tar::{self, BLOCK, TarWriter};
use crate::archive::zip_writer::{self, ZipWriter};
use crate::policy::Replace;
use crate::source;

/// Buffers writes to the system, so that small headers do not become system calls.
const BUFFER: usize = 256 << 10;

type Packed = Compressor<BufWriter<Outlet>>;

enum Packer {
    Tar(TarWriter<Packed>),
    Zip(ZipWriter<Packed>),
}

/// Writes outputs as members of an archive.
pub struct Archive {
    /// None once the archive has ended.
    packer: Option<Packer>,
    /// The path as named, with which the paths of outputs begin.
    path: PathBuf,
    pipe: bool,
    readers: Readers,
    replace: Replace,
}

impl Archive {
    /// Creates an archive in the file `path`, on standard output, or with an uploader in a store. It may replace what
    /// `replace` allows.
    ///
    /// # Errors
    /// No file can be created there.
    pub fn create(
        path: Option<&Path>,
        uploader: Option<&Uploader>,
        kind: Kind,
        levels: Levels,
        replace: Replace,
    ) -> Result<Self, SinkError> {
        let name = path.unwrap_or(Path::new("-")).to_path_buf();
        let broken = |error| SinkError::Broken { path: name.clone(), error };
        let outlet = Outlet::open(path, uploader).map_err(broken)?;
        let packed = Compressor::new(kind, levels, BufWriter::with_capacity(BUFFER, outlet)).map_err(broken)?;
        let packer = match kind {
            Kind::Zip => Packer::Zip(ZipWriter::new(packed)),
            Kind::Tar | Kind::TarGz | Kind::TarZst => Packer::Tar(TarWriter(packed)),
        };
        Ok(Self { packer: Some(packer), path: name, pipe: path.is_none(), readers: Readers::default(), replace })
    }

    /// Whether an archive of this kind may replace `path`: nothing, an empty file, or a file that
    /// thumbs wrote. If the file system has no marks, the header of the first member decides.
    ///
    /// # Errors
    /// A system error.
    pub fn may_replace(path: &Path, kind: Kind) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
            Ok(metadata) if !metadata.is_file() => Ok(false),
            Ok(metadata) if metadata.len() == 0 || mark::is_marked(path) => Ok(true),
            // An unreadable file is not ours.
            Ok(_) => Ok(looks_ours(path, kind).unwrap_or(false)),
        }
    }

    fn broken(&self, error: io::Error) -> SinkError {
        SinkError::Broken { path: self.path.clone(), error }
    }

    fn add(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let name = entry.path.strip_prefix(&self.path).unwrap_or(entry.path).as_os_str().as_bytes();
        self.readers.narrow(entry);
        match &mut self.packer {
            Some(Packer::Tar(tar)) => tar.add(name, entry.bytes),
            Some(Packer::Zip(zip)) => zip.add(name, entry.bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn end(packer: Packer, readers: Readers, replace: Replace) -> io::Result<()> {
        let packed = match packer {
            Packer::Tar(tar) => tar.end()?,
            Packer::Zip(zip) => zip.end()?,
        };
        packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.commit(readers, replace)
    }
}

/// Whether a file starts like an archive of this kind written by thumbs: without owner and time.
fn looks_ours(path: &Path, kind: Kind) -> io::Result<bool> {
    let mut file = source::open_file(path)?;
    let mut head = Vec::new();
    (&mut file).take(BLOCK as u64).read_to_end(&mut head)?;
    // A tar without members has no header to recognise.
    let packing = detect::packing(&head).unwrap_or(Packing::Plain);
    match (kind, packing) {
        (Kind::Zip, Packing::Zip) => return Ok(zip_writer::begins_ours(&head)),
        (Kind::Tar, Packing::Plain) | (Kind::TarGz, Packing::Gzip) | (Kind::TarZst, Packing::Zstd) => {}
        _ => return Ok(false),
    }
    file.rewind()?;
    let mut first = [0; BLOCK];
    detect::unpacked(packing, BufReader::new(file))?.read_exact(&mut first)?;
    Ok(tar::begins_ours(&first))
}

impl Sink for Archive {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        for entry in entries {
            // Part of it may have been written, so nothing valid can follow.
            self.add(entry).map_err(|e| self.broken(e))?;
        }
        if let (true, Some(Packer::Tar(tar))) = (self.pipe, &mut self.packer) {
            // The next program in the pipe can start with this output.
            tar.0.flush().map_err(|e| SinkError::Broken { path: self.path.clone(), error: e })?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        match self.packer.take() {
            Some(packer) => Self::end(packer, self.readers, self.replace).map_err(|e| self.broken(e)),
            None => Ok(()),
        }
    }

    fn abandon(&mut self) -> bool {
        // Dropped without its end marker. A file disappears with its temporary name.
        self.packer.take().is_some()
    }

    fn in_order(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("path", &self.path).finish_non_exhaustive()
    }
}
