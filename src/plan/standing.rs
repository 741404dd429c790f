//! Decides whether an existing file under an output's name is ours, by its mark or by its
//! properties.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::sink::mark::Mark;
use crate::source;
use thumbs_render::codec::{Header, registry};
use thumbs_render::format::{self, Format};
use thumbs_render::limits::Limits;
use thumbs_render::orientation::Orientation;
use thumbs_render::recipe::MetadataPolicy;
use thumbs_render::render::PlannedVariant;
use thumbs_render::size::Size;

/// What exists under an output's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A file written by thumbs, or an empty file.
    Ours,
    /// A picture with the output's size and format. It is ours if it has the output's bytes.
    Unsure,
    /// A directory.
    Directory,
    /// Another file.
    Theirs,
}

/// The picture whose outputs are planned.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Its upright size.
    pub size: Size,
    /// Its size in bytes.
    pub bytes: u64,
    /// The metadata policy of this run.
    pub metadata: MetadataPolicy,
    /// The limits of this run.
    pub limits: &'a Limits,
}

/// The header of a JPEG written by thumbs fits this many bytes, unless it has metadata.
const HEAD: u64 = 16 << 10;
/// Sides below this do not get smaller with every size.
const THIN: u32 = 16;

/// Checks the file `path`. `seen` says whether a file without a mark can be ours.
pub fn look(path: &Path, variant: &PlannedVariant, picture: &Picture<'_>, seen: &dyn Fn() -> bool) -> Standing {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Standing::Nothing };
    if metadata.is_dir() {
        return Standing::Directory;
    }
    // A link is never ours, whatever it points to.
    if !metadata.is_file() {
        return Standing::Theirs;
    }
    // Empty files, as `mktemp` makes them, may be replaced.
    if metadata.len() == 0 || Mark::of(path, &metadata).is_some() {
        return Standing::Ours;
    }
    if metadata.len() > picture.limits.max_file_size || !seen() {
        return Standing::Theirs;
    }
    match header(path, &metadata, variant.format, picture.limits) {
        Ok(Some(header)) => judge(&header, metadata.len(), variant.size, picture),
        // A format that is written but not read shows only by its bytes whether it is ours.
        Ok(None) if !variant.format.reads() => Standing::Unsure,
        // An unreadable file is not known to be ours.
        Ok(None) | Err(_) => Standing::Theirs,
    }
}

/// Reads the header of a picture of this format, and no more than necessary.
fn header(path: &Path, metadata: &Metadata, format: Format, limits: &Limits) -> io::Result<Option<Header>> {
    let mut file = source::open_file(path)?;
    if source::kind_of(&file.metadata()?).is_some() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // Other formats may have metadata behind the pixels.
    let first = if format == Format::Jpeg { HEAD } else { limits.max_file_size };
    for wanted in [first, limits.max_file_size] {
        (&mut file).take(wanted - bytes.len() as u64).read_to_end(&mut bytes)?;
        if format::sniff(&bytes) != Some(format) {
            return Ok(None);
        }
        let opened = registry::decoder(format).map(|decoder| decoder.open(&bytes, limits));
        if let Some(Ok(opened)) = opened {
            return Ok(Some(opened.header().clone()));
        }
        if bytes.len() as u64 >= metadata.len() {
            break;
        }
    }
    Ok(None)
}

/// Whether a file without a mark can be an earlier output of this picture.
fn judge(header: &Header, bytes: u64, planned: Size, picture: &Picture<'_>) -> Standing {
    let (stands, source) = (header.size, picture.size);
    let exact = stands == planned;
    let blocks = &header.metadata;
    let bare = blocks.exif.is_none() && blocks.xmp.is_none() && blocks.iptc.is_none();
    let like_ours = picture.metadata != MetadataPolicy::None || (bare && header.orientation == Orientation::Upright);
    // A PNG with few colours grows when it is resized.
    let is_lighter = bytes < picture.bytes || header.format == Format::Png;
    let made_from_it = (exact || same_shape(stands, source)) && is_smaller(stands, source) && is_lighter;
    match (like_ours && made_from_it, exact) {
        (true, _) => Standing::Ours,
        (false, true) => Standing::Unsure,
        (false, false) => Standing::Theirs,
    }
}

fn is_smaller(size: Size, than: Size) -> bool {
    let (width, height) = (size.width < than.width, size.height < than.height);
    let thin = than.width.min(than.height) < THIN;
    let larger = size.width > than.width || size.height > than.height;
    (width && height) || (thin && (width || height) && !larger)
}

/// Whether a single scale can have made both sides, each rounded and at least 1.
fn same_shape(size: Size, source: Size) -> bool {
    let scales = |side: u32, of: u32| {
        let least = if side == 1 { 0.0 } else { f64::from(side) - 0.5 };
        (least / f64::from(of), (f64::from(side) + 0.5) / f64::from(of))
    };
    let (width, height) = (scales(size.width, source.width), scales(size.height, source.height));
    width.0.max(height.0) <= width.1.min(height.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_sizes() {
        let size = Size::new;
        for (stands, source, same, smaller) in [
            (size(256, 171), size(6000, 4000), true, true),
            (size(256, 172), size(6000, 4000), false, true),
            (size(6000, 4000), size(6000, 4000), true, false),
            (size(1, 1), size(1000, 1), true, true),
            (size(200, 1), size(1000, 3), true, true),
            (size(1200, 1), size(1000, 3), false, false),
            (size(300, 4000), size(6000, 4000), false, false),
        ] {
            assert_eq!(same_shape(stands, source), same, "{stands} {source}");
            assert_eq!(is_smaller(stands, source), smaller, "{stands} {source}");
        }
    }

    #[test]
    fn all_the_evidence_counts() {
        let limits = Limits::default();
        let picture = Picture { size: Size::new(96, 64), bytes: 1000, metadata: MetadataPolicy::None, limits: &limits };
        let judged = |change: &dyn Fn(&mut Header), bytes: u64, picture: &Picture<'_>| {
            let mut header = Header::new(Format::Jpeg, Size::new(48, 32));
            change(&mut header);
            judge(&header, bytes, Size::new(24, 16), picture)
        };
        assert_eq!(judged(&|_| (), 999, &picture), Standing::Ours);
        assert_eq!(judged(&|_| (), 1000, &picture), Standing::Theirs);
        assert_eq!(judged(&|h| h.format = Format::Png, 1000, &picture), Standing::Ours);
        assert_eq!(judged(&|h| h.size = Size::new(40, 40), 9, &picture), Standing::Theirs);
        assert_eq!(judged(&|h| h.metadata.exif = Some(Vec::new()), 9, &picture), Standing::Theirs);
        let keep = Picture { metadata: MetadataPolicy::Keep, ..picture };
        assert_eq!(judged(&|h| h.metadata.exif = Some(Vec::new()), 9, &keep), Standing::Ours);
        // At the same size: an output that does not get smaller is recognised by its bytes alone.
        assert_eq!(judged(&|h| h.size = Size::new(24, 16), 2000, &picture), Standing::Unsure);
    }
}
