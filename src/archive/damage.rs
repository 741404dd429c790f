//! Turns errors of decompressors into messages for users.

use std::io::{self, Read};

/// A stream that is decompressed while it is read.
pub struct Unpacked<R> {
    inner: R,
    /// The name of the compression: "gzip".
    packing: &'static str,
}

impl<R: Read> Unpacked<R> {
    pub fn new(inner: R, packing: &'static str) -> Self {
        Self { inner, packing }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.inner.read(bytes).map_err(|error| described(self.packing, error))
    }
}

/// Describes an error of a decompressor. System errors stay unchanged.
pub fn described(packing: &str, error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
        return error;
    }
    let cut = error.kind() == io::ErrorKind::UnexpectedEof;
    let what = if cut { "truncated" } else { "damaged" };
    let why = if cut { "it ends before what is packed in it does" } else { "it cannot be unpacked further" };
    io::Error::new(error.kind(), format!("{what} {packing}: {why}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn damage_has_messages_of_our_own() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(&[7; 5000]).unwrap();
        let packed = packer.finish().unwrap();
        let error = |bytes: &[u8]| {
            let mut all = Vec::new();
            let mut stream = Unpacked::new(flate2::bufread::GzDecoder::new(bytes), "gzip");
            stream.read_to_end(&mut all).unwrap_err().to_string()
        };
        assert_eq!(error(&packed[..packed.len() - 9]), "truncated gzip: it ends before what is packed in it does");
        let mut damaged = packed.clone();
        let end = damaged.len() - 5;
        damaged[end] ^= 1;
        assert_eq!(error(&damaged), "damaged gzip: it cannot be unpacked further");
        let mut wrong = packed;
        wrong[12] = 0xff;
        assert_eq!(error(&wrong), "damaged gzip: it cannot be unpacked further");
    }
}
