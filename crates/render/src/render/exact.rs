//! JPEG to JPEG without loss, where a recipe asks for it and nothing changes the pixels.

use super::aim::Made;
use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError};
use crate::codec::{Attached, ColorSpace, Exact, NotExact, exact};
use crate::format::Format;
use crate::metadata::{self, Changes};
use crate::op::color::as_profile;
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::recipe::MetadataPolicy;
use crate::size::Region;

impl Opened<'_> {
    /// Whether a variant is the whole JPEG, in JPEG and without loss.
    pub(super) fn is_exact(&self, variant: &PlannedVariant) -> bool {
        let (header, placement) = (self.header(), &variant.placement);
        self.recipe.encode.lossless
            && header.format == Format::Jpeg
            && variant.format == Format::Jpeg
            && placement.crop == Region::whole(header.size)
            && placement.canvas == placement.resized
            && placement.canvas == self.orientation.apply(header.size)
    }

    /// The source's coefficients in a new file.
    pub(super) fn exact(
        &self,
        interrupt: Option<&(dyn Fn() -> bool + Sync)>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        let rewritten = self.rewritten(self.orientation, interrupt)?;
        let rewritten = if rewritten.turned {
            rewritten
        } else {
            notes.add("kept as stored, with its orientation tag: turning its edge blocks would lose pixels");
            self.rewritten(Orientation::Upright, interrupt)?
        };
        if rewritten.trailing > 0 {
            notes.add("data after the end of the picture lost");
        }
        let size = self.header().size;
        let size = if rewritten.turned { self.orientation.apply(size) } else { size };
        let score = self.recipe.goal.score.map(|_| 100.0);
        Ok(Made { bytes: rewritten.bytes, size, quality: None, score })
    }

    /// `turn` is the orientation that is applied; another one than the picture's leaves the tag.
    fn rewritten(
        &self,
        turn: Orientation,
        interrupt: Option<&(dyn Fn() -> bool + Sync)>,
    ) -> Result<Exact, RenderError> {
        let header = self.header();
        let is_upright = self.recipe.auto_orient && turn == self.orientation;
        let changes = Changes {
            size: turn.apply(header.size),
            from: (turn == Orientation::Upright).then_some(header.size),
            is_upright,
            is_srgb: false,
        };
        let mut blocks = metadata::outgoing(&header.metadata, self.recipe.metadata, &changes);
        if self.recipe.auto_orient && turn != self.orientation && self.recipe.metadata != MetadataPolicy::Keep {
            let rights = self.recipe.metadata == MetadataPolicy::Copyright;
            blocks.exif = Some(metadata::oriented(header.metadata.exif.as_deref(), self.orientation, rights));
        }
        // The pixels keep their colours, so they keep what describes them.
        let icc = match &header.color {
            ColorSpace::Icc(icc) => Some(icc.clone()),
            color => as_profile(color, Channels::Rgb),
        };
        let attached = Attached {
            icc: icc.as_deref(),
            exif: blocks.exif.as_deref(),
            xmp: blocks.xmp.as_deref(),
            iptc: blocks.iptc.as_deref(),
        };
        exact(self.bytes, turn, &self.recipe.encode, &attached, self.limits.max_memory, interrupt).map_err(
            |e| match e {
                NotExact::Decode(error) => error.into(),
                NotExact::Encode(error) => error.into(),
            },
        )
    }
}
