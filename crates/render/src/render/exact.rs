//! JPEG to JPEG without loss, where a recipe asks for it and nothing changes the pixels.

use super::aim::Made;
use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError};
use crate::codec::{Attached, ColorSpace, Exact, Header, exact};
use crate::format::Format;
use crate::geometry::Placement;
use crate::metadata::{self, Changes};
use crate::op::color::as_profile;
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::recipe::{IccPolicy, MetadataPolicy, Recipe, Subsampling};
use crate::size::Region;

/// Whether an output shows the whole JPEG, at its size.
pub(super) fn is_whole_jpeg(recipe: &Recipe, header: &Header, orientation: Orientation, placement: &Placement) -> bool {
    // A placement is in coordinates of the upright picture.
    let upright = orientation.apply(header.size);
    header.format == Format::Jpeg
        && !recipe.effects.are_any()
        && placement.crop == Region::whole(upright)
        && placement.canvas == placement.resized
        && placement.canvas == upright
}

impl Opened<'_> {
    /// Whether a variant is the whole JPEG, in JPEG and without loss.
    pub(super) fn is_exact(&self, variant: &PlannedVariant) -> bool {
        self.recipe.encode.lossless
            && variant.format == Format::Jpeg
            && variant.candidates.is_empty()
            && is_whole_jpeg(&self.recipe, self.header(), self.orientation, &variant.placement)
    }

    /// The source's coefficients in a new file.
    pub(super) fn exact(
        &self,
        interrupt: Option<&(dyn Fn() -> bool + Sync)>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        // The pixels keep their colours, so they keep what describes them.
        let rewritten = self.rewritten(self.orientation, true, interrupt)?;
        let rewritten = if rewritten.turned {
            rewritten
        } else {
            notes.add("kept as stored, with its orientation tag: turning its edge blocks would lose pixels");
            self.rewritten(Orientation::Upright, true, interrupt)?
        };
        if rewritten.trailing > 0 {
            notes.add("data after the end of the picture lost");
        }
        let size = self.header().size;
        let size = if rewritten.turned { self.orientation.apply(size) } else { size };
        let (bytes, format, score) = (rewritten.bytes, Format::Jpeg, Some(100.0));
        Ok(Made { bytes, size, format, quality: None, score, encoder: None, is_met: true })
    }

    /// Whether an output may be the source's coded pixels, turned.
    pub(super) fn may_turn(&self, variant: &PlannedVariant) -> bool {
        self.orientation != Orientation::Upright
            && self.recipe.encode.subsampling == Subsampling::Auto
            && variant.formats().any(|format| format == Format::Jpeg)
            && is_whole_jpeg(&self.recipe, self.header(), self.orientation, &variant.placement)
    }

    /// The upright picture, where nothing is lost by turning it. Profiles stay with `--icc keep` alone; the colours are sRGB
    /// otherwise.
    pub(super) fn turned(&self, interrupt: Option<&(dyn Fn() -> bool + Sync)>) -> Option<Vec<u8>> {
        let keeps_profile = self.recipe.icc == IccPolicy::Keep;
        let rewritten = self.rewritten(self.orientation, keeps_profile, interrupt).ok()?;
        (rewritten.turned && rewritten.trailing == 0).then_some(rewritten.bytes)
    }

    /// `turn` is the orientation that is applied; another one than the picture's leaves the tag.
    fn rewritten(
        &self,
        turn: Orientation,
        keeps_profile: bool,
        interrupt: Option<&(dyn Fn() -> bool + Sync)>,
    ) -> Result<Exact, RenderError> {
        let header = self.header();
        let is_upright = self.recipe.auto_orient && turn == self.orientation;
        let changes = Changes {
            size: turn.apply(header.size),
            from: (turn == Orientation::Upright).then_some(header.size),
            is_upright,
            is_srgb: !keeps_profile,
        };
        let mut blocks = metadata::outgoing(&header.metadata, self.recipe.metadata, &changes);
        if self.recipe.auto_orient && turn != self.orientation && self.recipe.metadata != MetadataPolicy::Keep {
            let rights = self.recipe.metadata == MetadataPolicy::Copyright;
            blocks.exif = Some(metadata::oriented(header.metadata.exif.as_deref(), self.orientation, rights));
        }
        let icc = match &header.color {
            _ if !keeps_profile => None,
            ColorSpace::Icc(icc) => Some(icc.clone()),
            color => as_profile(color, Channels::Rgb),
        };
        let attached = Attached {
            icc: icc.as_deref(),
            exif: blocks.exif.as_deref(),
            xmp: blocks.xmp.as_deref(),
            iptc: blocks.iptc.as_deref(),
        };
        exact(self.bytes, turn, &self.recipe.encode, &attached, self.limits.max_memory, interrupt)
            .map_err(RenderError::from)
    }
}
