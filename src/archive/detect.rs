//! Detects archives and compression by their first bytes, and the tar inside a compressed stream.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::damage::Unpacked;
use super::tar::{BLOCK, Header};

/// Containers of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// A tar.
    Plain,
    /// A gzip stream.
    Gzip,
    /// A Zstandard stream.
    Zstd,
    /// A zip.
    Zip,
}

/// The number of bytes that [`packing`] inspects.
pub const HEAD: usize = BLOCK;

/// Detects the container from its first bytes.
pub fn packing(head: &[u8]) -> Option<Packing> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        return Some(Packing::Zip);
    }
    if begins(b"\x1f\x8b\x08") {
        return Some(Packing::Gzip);
    }
    if begins(b"\x28\xb5\x2f\xfd") {
        return Some(Packing::Zstd);
    }
    let block = head.get(..BLOCK)?.try_into().ok()?;
    Header::parse(block).map(|_| Packing::Plain)
}

/// Like [`packing`], for the file `path`. Zeros are an empty tar if the file name ends in `.tar`.
pub fn packing_of(path: &Path, head: &[u8]) -> Option<Packing> {
    let named = || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tar"));
    packing(head).or_else(|| (is_empty_tar(head) && named()).then_some(Packing::Plain))
}

/// Whether the content is a tar without members, which starts with its end marker of zeros.
pub fn is_empty_tar(head: &[u8]) -> bool {
    head.len() >= BLOCK && head.iter().all(|&b| b == 0)
}

/// Decompresses a stream to its tar. The window of Zstandard is limited to 128 MiB, as in the
/// `zstd` program.
///
/// # Errors
/// The decompressor cannot be created.
pub fn unpacked<'a>(packing: Packing, stream: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    const BUFFER: usize = 128 << 10;
    Ok(match packing {
        Packing::Gzip => {
            let decoder = Unpacked::new(flate2::bufread::MultiGzDecoder::new(stream), "gzip");
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        Packing::Zstd => {
            let decoder = Unpacked::new(zstd::stream::read::Decoder::with_buffer(stream)?, "Zstandard");
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        Packing::Plain | Packing::Zip => Box::new(stream),
    })
}

/// Whether a stream contains a tar. An unreadable stream counts as one, so that the tar reader
/// reports the error.
pub fn holds_tar(packing: Packing, stream: impl BufRead) -> bool {
    let mut block = Vec::new();
    if let Ok(inner) = unpacked(packing, stream) {
        // Data before an error is enough.
        let _ = inner.take(BLOCK as u64).read_to_end(&mut block);
    }
    match <[u8; BLOCK]>::try_from(&block[..]) {
        Ok(block) => block == [0; BLOCK] || Header::parse(&block).is_some(),
        Err(_) => block.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_data_need_not_be_a_tar() {
        let gzip = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut out, bytes).unwrap();
            out.finish().unwrap()
        };
        let holds = |bytes: &[u8]| {
            let zstd = zstd::encode_all(bytes, 0).unwrap();
            let both = [holds_tar(Packing::Gzip, &gzip(bytes)[..]), holds_tar(Packing::Zstd, &zstd[..])];
            assert_eq!(both[0], both[1]);
            both[0]
        };
        assert!(holds(&super::super::tar::header(b"a", 1)) && holds(&[0; 1024]) && holds(b""));
        assert!(!holds(b"<svg/>") && !holds(&[b'x'; 4000]));
        assert!(holds_tar(Packing::Gzip, &b"\x1f\x8b\x08"[..]));
    }

    #[test]
    fn contents_are_recognised() {
        assert_eq!(packing(&super::super::tar::header(b"a", 1)), Some(Packing::Plain));
        assert_eq!(packing(b"PK\x03\x04 and so on"), Some(Packing::Zip));
        assert_eq!(packing(&[0x1f, 0x8b, 8, 0]), Some(Packing::Gzip));
        assert_eq!(packing(&[0x28, 0xb5, 0x2f, 0xfd, 0]), Some(Packing::Zstd));
        assert_eq!(packing(&[0xff; 600]), None);
        assert_eq!(packing(b""), None);
        assert!(is_empty_tar(&[0; 512]) && !is_empty_tar(&[0; 511]) && !is_empty_tar(b""));
    }
}
