//! Encodes a JPEG again at its size, from its coefficients.

use super::super::coefficients::{self, Target, check_memory, coefficients};
use super::super::error::Error;
use super::super::frame::{ColorSpace, Frame};
use super::super::header::Header;
use super::super::plan;
use super::super::planes::Damage;
use super::super::row::Row;
use super::super::script::Quant;
use super::super::simd;
use super::blocks::{Blocks, RequantizeRow, Work};
use super::effort::Plan;
use super::quantize::Requantizer;
use super::{EncodeError, Settings, frame_of, segments, single, tables, write};

/// A JPEG that was encoded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// What was filled in because the data is damaged. Only with `allow_truncated`.
    pub damage: Option<Damage>,
    /// Whether every MCU is present, but no end-of-image marker follows.
    pub lacks_end: bool,
}

/// Why a JPEG cannot be encoded again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecodeError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] EncodeError),
}

/// Whether [`recode`] can encode this picture with these settings: 8 bits, grey or YCbCr with the chroma sampling of the
/// settings, and no effort.
pub fn recodes(header: &Header, settings: &Settings<'_>) -> bool {
    let Frame { components, .. } = &header.frame;
    let (x, y) = settings.sampling.share();
    let has_sampling = match (header.color, &components[..]) {
        (ColorSpace::Grey, [_]) => true,
        (ColorSpace::YCbCr, [luma, blue, red]) => {
            (blue.h, blue.v) == (red.h, red.v) && (luma.h, luma.v) == (blue.h * x, blue.v * y)
        }
        _ => false,
    };
    has_sampling && settings.effort == 0 && !header.frame.is_wide() && header.supported().is_ok()
}

/// Encodes a picture again with other quantisation, as [`super::encode`] would encode its planes. Coefficients are quantised as
/// they are decoded, without samples in between: this takes less time and rounds once less.
///
/// Chroma that is zero everywhere is left out, unless there is a colour profile, which wants three components.
///
/// # Errors
/// [`Error::Unsupported`] unless [`recodes`] says that it can; those of [`super::super::decode_planes`]; segments that do not fit.
pub fn recode(
    data: &[u8],
    header: &Header,
    settings: &Settings<'_>,
    options: &coefficients::Options<'_>,
) -> Result<Recoded, RecodeError> {
    if !recodes(header, settings) {
        return Err(Error::Unsupported("coefficients of another kind").into());
    }
    segments::check(settings.segments, settings.icc)?;
    let plan = header.full();
    check_memory(header, plan.memory + 2 * 65 * header.frame.all_blocks(), options)?;
    let mut frame = frame_of((header.width, header.height), header.frame.components.len(), settings);
    let tables = single(settings);
    let target = |i: usize, quant: &Quant| {
        let quantizer = Requantizer::new(quant, &tables[0], tables::dead_zone(settings.quality));
        Requantize::new(&header.frame, i, quantizer)
    };
    let decoded = coefficients(data, header, &plan, options, target)?;
    let mut blocks: Vec<Blocks> = decoded.targets.into_iter().map(|target| target.blocks).collect();
    if settings.icc.is_none() && blocks[1..].iter().all(Blocks::is_flat) {
        frame = frame_of((header.width, header.height), 1, settings);
        blocks.truncate(1);
    }
    let bytes = write(frame, &blocks, &tables, &Plan::new(settings.effort), settings);
    Ok(Recoded { bytes, damage: decoded.damage, lacks_end: decoded.lacks_end })
}

/// The blocks of a component while its coefficients are quantised.
struct Requantize {
    blocks: Blocks,
    work: Box<Work>,
    quantizer: Requantizer,
    /// Blocks across and down that the decoder gives for a row of MCUs, and rows of blocks that the component has.
    padded: usize,
    lines: usize,
    rows: usize,
}

impl Requantize {
    fn new(frame: &Frame, component: usize, quantizer: Requantizer) -> Self {
        let component = &frame.components[component];
        let (columns, rows) = frame.blocks(component);
        Self {
            blocks: Blocks::new(columns as usize, rows as usize),
            work: Box::new(Work::new()),
            quantizer,
            padded: frame.mcus_x() as usize * usize::from(component.h),
            lines: component.v.into(),
            rows: rows as usize,
        }
    }
}

impl Target for Requantize {
    fn row(&self) -> Row {
        Row::new(plan::kept(8), self.padded, self.lines)
    }

    fn take(&mut self, row: &Row, line: usize) {
        for v in 0..self.lines.min(self.rows.saturating_sub(line * self.lines)) {
            let (blocks, quantizer, work) = (&mut self.blocks, &self.quantizer, &mut *self.work);
            let row = RequantizeRow { blocks, row, first: v * row.stride, quantizer, work };
            simd::dispatch(
                #[inline(always)]
                || row.run(),
            );
        }
    }
}
