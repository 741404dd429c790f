//! The compressor around a tar. If it is dropped early, the stream lacks its end marker, so that
//! readers notice the truncation.

use std::fmt;
use std::io::{self, Write};

use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;
use zstd::zstd_safe::CParameter;

use super::Kind;

/// Compression levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// 1 to 19.
    pub zstd: i32,
    /// 0 to 9.
    pub gzip: u32,
}

impl Default for Levels {
    /// 3 and 6, the defaults of the programs.
    fn default() -> Self {
        Self { zstd: 3, gzip: 6 }
    }
}

/// Compression threads beside the writer's, and the bytes that one of them takes at a time. Both
/// are fixed, because the output depends on the second, and on whether the first is zero.
const ZSTD_WORKERS: u32 = 1;
const ZSTD_JOB: u32 = 4 << 20;

/// A stream, compressed or not.
pub struct Compressor<W: Write>(Option<Inner<W>>);

enum Inner<W: Write> {
    Plain(W),
    Gzip(Box<Blocks<GzEncoder<Valve<W>>>>),
    Zstd(Box<ZstdEncoder<'static, W>>),
}

impl<W: Write> Compressor<W> {
    /// Makes a stream for an archive of this kind.
    ///
    /// # Errors
    /// The compressor cannot be created.
    pub fn new(kind: Kind, levels: Levels, out: W) -> io::Result<Self> {
        let inner = match kind {
            Kind::Tar | Kind::Zip => Inner::Plain(out),
            Kind::TarGz => {
                // No time, name or system, so that the same input always gives the same bytes.
                let builder = flate2::GzBuilder::new().mtime(0).operating_system(255);
                let valve = Valve { out, open: true };
                let encoder = builder.write(valve, flate2::Compression::new(levels.gzip));
                Inner::Gzip(Box::new(Blocks { out: encoder, block: Vec::with_capacity(BLOCK) }))
            }
            Kind::TarZst => {
                let mut encoder = ZstdEncoder::new(out, levels.zstd)?;
                encoder.set_parameter(CParameter::NbWorkers(ZSTD_WORKERS))?;
                encoder.set_parameter(CParameter::JobSize(ZSTD_JOB))?;
                encoder.set_parameter(CParameter::ChecksumFlag(true))?;
                Inner::Zstd(Box::new(encoder))
            }
        };
        Ok(Self(Some(inner)))
    }

    /// Ends the stream and returns the inner writer.
    ///
    /// # Errors
    /// An error of the stream.
    pub fn finish(mut self) -> io::Result<W> {
        match self.0.take() {
            Some(Inner::Plain(out)) => Ok(out),
            Some(Inner::Gzip(mut blocks)) => {
                blocks.out.write_all(&blocks.block)?;
                Ok(blocks.out.finish()?.out)
            }
            Some(Inner::Zstd(encoder)) => encoder.finish(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl<W: Write> Drop for Compressor<W> {
    fn drop(&mut self) {
        // This encoder would write its end when dropped.
        if let Some(Inner::Gzip(blocks)) = &mut self.0 {
            blocks.out.get_mut().open = false;
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(Inner::Plain(out)) => out.write(bytes),
            Some(Inner::Gzip(blocks)) => blocks.write(bytes),
            Some(Inner::Zstd(encoder)) => encoder.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Flushes uncompressed streams only: a flush would change the compressed bytes.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Some(Inner::Plain(out)) => out.flush(),
            _ => Ok(()),
        }
    }
}

impl<W: Write> fmt::Debug for Compressor<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compressor")
    }
}

/// Bytes passed to the gzip encoder at a time. Its output depends on how the input is divided.
const BLOCK: usize = 64 << 10;

/// Passes bytes on in blocks of one size.
struct Blocks<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        if self.block.len() == BLOCK {
            self.out.write_all(&self.block)?;
            self.block.clear();
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes bytes on until it is closed.
struct Valve<W> {
    out: W,
    open: bool,
}

impl<W: Write> Write for Valve<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.open { self.out.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.open { self.out.flush() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A buffer that outlives the compressor.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn data() -> Vec<u8> {
        (0..9_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn unpack(kind: Kind, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        match kind {
            Kind::TarGz => flate2::read::GzDecoder::new(bytes).read_to_end(&mut all)?,
            _ => zstd::stream::read::Decoder::new(bytes)?.read_to_end(&mut all)?,
        };
        Ok(all)
    }

    #[test]
    fn the_bytes_do_not_depend_on_write_sizes() {
        let data = data();
        for kind in [Kind::TarGz, Kind::TarZst] {
            let pack = |piece: usize| {
                let mut out = Compressor::new(kind, Levels::default(), Vec::new()).unwrap();
                for piece in data.chunks(piece) {
                    out.write_all(piece).unwrap();
                }
                out.finish().unwrap()
            };
            let whole = pack(1 << 20);
            assert_eq!(whole, pack(77_777));
            assert_eq!(unpack(kind, &whole).unwrap(), data);
        }
    }

    #[test]
    fn a_dropped_stream_has_no_end() {
        for kind in [Kind::TarGz, Kind::TarZst] {
            let shared = Shared::default();
            let mut out = Compressor::new(kind, Levels::default(), shared.clone()).unwrap();
            out.write_all(&data()).unwrap();
            drop(out);
            assert!(unpack(kind, &shared.0.lock().unwrap()).is_err(), "{kind:?}");
        }
    }
}
