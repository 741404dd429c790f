//! All outputs in one archive, a file or standard output, in the order of the inputs. Its end is
//! written only when the run came to a good one.

use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::outlet::{Outlet, Readers};
use super::{Entry, Sink, SinkError};
use crate::archive::Kind;
use crate::archive::compress::{Compressor, Levels};
use crate::archive::tar::TarWriter;
use crate::archive::zip_writer::ZipWriter;

/// Between packer and system, so that small headers do not become system calls.
const BUFFER: usize = 256 << 10;

type Packed = Compressor<BufWriter<Outlet>>;

enum Packer {
    Tar(TarWriter<Packed>),
    Zip(ZipWriter<Packed>),
}

/// Writes outputs as members of an archive.
pub struct Archive {
    /// None when it is ended.
    packer: Option<Packer>,
    /// As it is named, and what the outputs' paths begin with.
    path: PathBuf,
    pipe: bool,
    readers: Readers,
    replace: bool,
}

impl Archive {
    /// An archive as the file `path`, or on standard output. It replaces a file only if `replace`.
    ///
    /// # Errors
    /// No file can be made there.
    pub fn create(path: Option<&Path>, kind: Kind, levels: Levels, replace: bool) -> Result<Self, SinkError> {
        let name = path.unwrap_or(Path::new("-")).to_path_buf();
        let broken = |error| SinkError::Broken { path: name.clone(), error };
        let outlet = Outlet::open(path).map_err(broken)?;
        let packed = Compressor::new(kind, levels, BufWriter::with_capacity(BUFFER, outlet)).map_err(broken)?;
        let packer = match kind {
            Kind::Zip => Packer::Zip(ZipWriter::new(packed)),
            Kind::Tar | Kind::TarGz | Kind::TarZst => Packer::Tar(TarWriter(packed)),
        };
        Ok(Self { packer: Some(packer), path: name, pipe: path.is_none(), readers: Readers::default(), replace })
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

    fn end(packer: Packer, readers: Readers, replace: bool) -> io::Result<()> {
        let packed = match packer {
            Packer::Tar(tar) => tar.end()?,
            Packer::Zip(zip) => zip.end()?,
        };
        packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.commit(readers, replace)
    }
}

impl Sink for Archive {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        for entry in entries {
            // A part of it may be out, so nothing that follows can be right.
            self.add(entry).map_err(|e| self.broken(e))?;
        }
        if let (true, Some(Packer::Tar(tar))) = (self.pipe, &mut self.packer) {
            // The next stage is to start with what there is.
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
        // Dropped without its end; a file goes with its temporary name.
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
