//! Picture formats: one table of what each can do, and detection by content.

mod others;
mod sniff;

use std::fmt;

pub use others::{describe, unread};
pub use sniff::{HEAD, sniff};

/// A format that can be detected. [`Format::reads`] says whether it can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Tiff,
    Bmp,
    Ico,
    Qoi,
    Pnm,
    Tga,
    Hdr,
    Exr,
    Avif,
    Heic,
    JpegXl,
    Jpeg2000,
    Psd,
    Svg,
    Pdf,
    Raw,
    Dds,
    Farbfeld,
}

/// A row of the table.
struct Row {
    format: Format,
    name: &'static str,
    /// The word that `-f` takes.
    word: &'static str,
    /// Outputs use the first one.
    extensions: &'static [&'static str],
    reads: bool,
    writes: bool,
    alpha: bool,
    max_side: u32,
}

const fn row(format: Format, name: &'static str, word: &'static str, extensions: &'static [&'static str]) -> Row {
    Row { format, name, word, extensions, reads: false, writes: false, alpha: false, max_side: u32::MAX }
}

const fn read(mut row: Row) -> Row {
    row.reads = true;
    row
}

const fn write(mut row: Row, alpha: bool, max_side: u32) -> Row {
    row.writes = true;
    row.alpha = alpha;
    row.max_side = max_side;
    row
}

/// AV1 holds 65,536 a side, its encoder one less.
const AVIF: Row = {
    let row = row(Format::Avif, "AVIF", "avif", &["avif"]);
    if cfg!(feature = "avif") { write(row, true, 65_535) } else { row }
};

static TABLE: &[Row] = &[
    // libjpeg, and with it nearly every reader, stops below the 65,535 of the format.
    write(read(row(Format::Jpeg, "JPEG", "jpeg", &["jpg", "jpeg", "jpe", "jfif", "jif"])), false, 65_500),
    write(read(row(Format::Png, "PNG", "png", &["png", "apng"])), true, 0x7fff_ffff),
    write(read(row(Format::WebP, "WebP", "webp", &["webp"])), true, 16_383),
    read(row(Format::Gif, "GIF", "gif", &["gif"])),
    read(row(Format::Tiff, "TIFF", "tiff", &["tif", "tiff"])),
    read(row(Format::Bmp, "BMP", "bmp", &["bmp", "dib"])),
    read(row(Format::Ico, "ICO", "ico", &["ico", "cur"])),
    read(row(Format::Qoi, "QOI", "qoi", &["qoi"])),
    read(row(Format::Pnm, "PNM", "pnm", &["pnm", "ppm", "pgm", "pbm", "pam", "pfm"])),
    read(row(Format::Tga, "TGA", "tga", &["tga", "vda", "icb", "vst"])),
    read(row(Format::Hdr, "Radiance HDR", "hdr", &["hdr"])),
    read(row(Format::Exr, "OpenEXR", "exr", &["exr"])),
    AVIF,
    row(Format::Heic, "HEIC", "heic", &["heic", "heif", "hif"]),
    row(Format::JpegXl, "JPEG XL", "jxl", &["jxl"]),
    row(Format::Jpeg2000, "JPEG 2000", "jp2", &["jp2", "j2k", "jpf", "jpx", "j2c"]),
    row(Format::Psd, "Photoshop", "psd", &["psd", "psb"]),
    row(Format::Svg, "SVG", "svg", &["svg", "svgz"]),
    row(Format::Pdf, "PDF", "pdf", &[]),
    row(Format::Raw, "camera raw", "raw", &["cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2", "pef", "srw"]),
    row(Format::Dds, "DDS", "dds", &["dds"]),
    read(row(Format::Farbfeld, "farbfeld", "ff", &["ff"])),
];

impl Format {
    fn row(self) -> &'static Row {
        // The table has the order of the enum. A test checks that.
        &TABLE[self as usize]
    }

    /// All formats.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.format)
    }

    /// The usual name: "JPEG".
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name on the command line and in the report: "jpeg".
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The extension of outputs, without the dot.
    pub fn extension(self) -> &'static str {
        self.row().extensions.first().copied().unwrap_or(self.row().word)
    }

    /// All extensions, without the dot, in lower case.
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// Whether this build can decode the format.
    pub fn reads(self) -> bool {
        self.row().reads
    }

    /// Whether this build can encode the format.
    pub fn writes(self) -> bool {
        self.row().writes
    }

    /// Whether its encoder takes a quality.
    pub fn is_lossy(self) -> bool {
        matches!(self, Self::Jpeg | Self::WebP | Self::Avif)
    }

    /// Whether outputs can be transparent.
    pub fn has_alpha(self) -> bool {
        self.row().alpha
    }

    /// The longest side that the format can hold.
    pub fn max_side(self) -> u32 {
        self.row().max_side
    }

    /// Whether `extension` (without the dot, in any case) belongs to this format.
    pub fn takes_extension(self, extension: &[u8]) -> bool {
        self.row().extensions.iter().any(|e| e.as_bytes().eq_ignore_ascii_case(extension))
    }

    /// The format that a file with this extension claims to be.
    pub fn from_extension(extension: &[u8]) -> Option<Self> {
        Self::all().find(|format| format.takes_extension(extension))
    }

    /// The format for a word or an extension, as `-f` takes it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all()
            .find(|format| format.word().eq_ignore_ascii_case(word))
            .or_else(|| Self::from_extension(word.as_bytes()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_the_table() {
        for format in Format::all() {
            assert_eq!(format.row().format, format);
            assert_eq!(Format::from_word(format.word()), Some(format));
        }
    }

    #[test]
    fn the_table_agrees_with_the_registry() {
        use crate::codec::registry;
        for format in Format::all() {
            assert_eq!(format.reads(), registry::decoder(format).is_some(), "{format}");
            assert_eq!(format.writes(), registry::encoder(format).is_some(), "{format}");
        }
    }
}
