//! TIFF in, through the `tiff` crate: its first picture, at full size.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::tiff_packed::{self, Packed};
use super::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels};
use super::{exif, float, iptc, reduce};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The decoder.
pub struct Tiff;

/// Bytes that a tag's value may have; profiles and XMP are the largest.
const MAX_TAG: usize = 16 << 20;

struct TiffPicture<'a> {
    /// The file; a changed copy of it where there is a palette, or samples are no bytes.
    bytes: Cow<'a, [u8]>,
    header: Header,
    layout: Layout,
    packed: Option<Packed>,
    max_memory: u64,
}

/// How samples stand in the file.
#[derive(Clone, Debug)]
struct Layout {
    bits: u8,
    samples: u16,
    channels: Channels,
    /// Red, green, blue, a third of the table each.
    palette: Option<Vec<u16>>,
    ycbcr: bool,
    premultiplied: bool,
}

fn error(error: TiffError) -> DecodeError {
    let format = Format::Tiff;
    match error {
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, what: "its data end too early".to_owned() }
        }
        TiffError::LimitsExceeded => DecodeError::Limit("TIFF takes too much memory to decode (--memory)".to_owned()),
        TiffError::UnsupportedError(e) => DecodeError::Unsupported(format!("TIFF: {e}")),
        other => DecodeError::Damaged { format, what: other.to_string() },
    }
}

fn unsupported(what: impl std::fmt::Display) -> DecodeError {
    DecodeError::Unsupported(format!("TIFF with {what}"))
}

fn decoder(bytes: &[u8], max_memory: u64) -> Result<Decoder<Cursor<&[u8]>>, DecodeError> {
    let mut limits = TiffLimits::default();
    limits.decoding_buffer_size = usize::try_from(max_memory).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = MAX_TAG;
    Ok(Decoder::new(Cursor::new(bytes)).map_err(error)?.with_limits(limits))
}

/// The crate does not read palettes. To it the picture is made grey, by the one number in the file
/// that says how to see it; the colours are looked up afterwards. (Classic TIFF only.)
fn grey_instead_of_palette(bytes: &[u8]) -> Option<Vec<u8>> {
    let tiff = exif::Tiff::new(bytes)?;
    let entry = tiff.entries(tiff.first_ifd()?).find(|entry| entry.tag == 262)?;
    if tiff.number(&entry) != Some(3) || entry.kind != 3 {
        return None;
    }
    let mut changed = bytes.to_vec();
    let one: [u8; 2] = if bytes.starts_with(b"MM") { [0, 1] } else { [1, 0] };
    changed.get_mut(entry.at..entry.at + 2)?.copy_from_slice(&one);
    Some(changed)
}

impl Decode for Tiff {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let original = bytes;
        let (width, height) = decoder(bytes, limits.max_memory)?.dimensions().map_err(error)?;
        let size = Size::new(width, height);
        super::check_size(Format::Tiff, size, limits)?;
        let (bytes, packed) = match tiff_packed::as_bytes(bytes) {
            Some((changed, packed)) => (Some(changed), Some(packed)),
            None => (grey_instead_of_palette(bytes), None),
        };
        let has_palette = bytes.is_some() && packed.is_none();
        let bytes: Cow<'a, [u8]> = bytes.map_or(Cow::Borrowed(original), Cow::Owned);
        let mut tiff = decoder(&bytes, limits.max_memory)?;
        match tiff.find_tag_unsigned::<u16>(Tag::Compression) {
            Ok(Some(6)) => return Err(unsupported("old-style JPEG compression (6)")),
            Ok(_) => {}
            Err(e) => return Err(error(e)),
        }
        let layout = match &packed {
            Some(packed) => Layout::of(packed),
            None => layout(&mut tiff, has_palette)?,
        };
        let blob = |tiff: &mut Decoder<Cursor<&[u8]>>, tag| tiff.get_tag_u8_vec(tag).ok().filter(|v| !v.is_empty());
        let icc = blob(&mut tiff, Tag::IccProfile);
        let xmp = blob(&mut tiff, Tag::Unknown(700));
        let records = blob(&mut tiff, Tag::Unknown(33723));
        let animated = tiff.more_images();
        let header = Header {
            format: Format::Tiff,
            size,
            // A TIFF is what EXIF is made of, so its own tags are read like that.
            orientation: exif::read(original).orientation,
            has_alpha: layout.channels.has_alpha(),
            animated,
            color: icc.map_or(ColorSpace::Srgb, ColorSpace::Icc),
            metadata: Metadata {
                exif: crate::metadata::of_tiff(original),
                xmp,
                iptc: records.as_deref().and_then(iptc::records).map(<[u8]>::to_vec),
            },
            notes: Vec::new(),
        };
        Ok(Box::new(TiffPicture { bytes, header, layout, packed, max_memory: limits.max_memory }))
    }
}

impl Layout {
    fn of(packed: &Packed) -> Self {
        Self {
            bits: packed.bits,
            samples: packed.samples,
            channels: packed.channels,
            palette: None,
            ycbcr: false,
            premultiplied: packed.premultiplied,
        }
    }
}

fn layout(tiff: &mut Decoder<Cursor<&[u8]>>, has_palette: bool) -> Result<Layout, DecodeError> {
    let color = tiff.colortype().map_err(error)?;
    let (bits, samples) = (color.bit_depth(), color.num_samples());
    let extra = tiff.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).ok().flatten().unwrap_or_default();
    let is_alpha = matches!(extra.first(), Some(1 | 2));
    let channels = match color {
        ColorType::Gray(_) if has_palette => Channels::Rgb,
        ColorType::Gray(_) => Channels::Grey,
        ColorType::GrayA(_) => Channels::GreyAlpha,
        ColorType::Multiband { num_samples: 2, .. } if is_alpha => Channels::GreyAlpha,
        ColorType::RGB(_) | ColorType::YCbCr(_) => Channels::Rgb,
        ColorType::RGBA(_) if is_alpha => Channels::Rgba,
        // A fourth sample that does not call itself alpha is passed over.
        ColorType::RGBA(_) => Channels::Rgb,
        ColorType::CMYK(_) => Channels::Cmyk,
        other => return Err(unsupported(format_args!("pixels of kind {other:?}"))),
    };
    let palette = if has_palette {
        let table = tiff.get_tag_u16_vec(Tag::ColorMap).map_err(error)?;
        if !matches!(bits, 1 | 2 | 4 | 8) || table.len() < 3 << bits {
            return Err(DecodeError::Damaged { format: Format::Tiff, what: "its palette is too short".to_owned() });
        }
        Some(table)
    } else {
        None
    };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16 | 32) || (bits < 8 && samples != 1) {
        return Err(unsupported(format_args!("{bits} bits a sample")));
    }
    let ycbcr = matches!(color, ColorType::YCbCr(_));
    Ok(Layout { bits, samples, channels, palette, ycbcr, premultiplied: extra.first() == Some(&1) })
}

/// All samples, the bytes of a row, and the number of planes.
fn read(tiff: &mut Decoder<Cursor<&[u8]>>) -> Result<(DecodingResult, usize, usize), DecodeError> {
    let mut result = DecodingResult::U8(Vec::new());
    let read = tiff.read_image_to_buffer(&mut result).map_err(error)?;
    Ok((result, read.row_stride.map_or(0, std::num::NonZero::get), read.planes.max(1)))
}

impl Picture for TiffPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let factor = reduce::factor(full, need);
        let size = reduce::size(full, factor);
        let stored = u64::from(self.layout.samples) * u64::from(self.layout.bits).div_ceil(8);
        let made = self.layout.channels.count() as u64 * if self.layout.bits > 8 { 2 } else { 1 };
        let copy = if matches!(self.bytes, Cow::Owned(_)) { self.bytes.len() as u64 } else { 0 };
        let memory = full.pixels() * (2 * stored + made) + copy + (1 << 20);
        let scale = 1.0 / f64::from(factor);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let full = self.header.size;
        let mut notes = Vec::new();
        let mut tiff = decoder(&self.bytes, self.max_memory)?;
        let (result, stride, planes) = match self.check_parts(&mut tiff) {
            Ok(()) => read(&mut tiff)?,
            Err(error) if options.allow_truncated => {
                let part = self.part().ok_or_else(|| error.clone())?;
                notes.push(format!("{error}; what is missing was filled"));
                part
            }
            Err(error) => return Err(error),
        };
        let missing = || DecodeError::Damaged { format: Format::Tiff, what: "pixels are missing".to_owned() };
        let pixels = full.pixels() as usize;
        let samples = match (result, &self.packed) {
            (DecodingResult::U8(v), Some(packed)) => packed.unpack(&v, stride, full),
            (result, _) => self.whole_bytes(result, stride)?,
        };
        let stored = usize::from(self.layout.samples);
        let samples = match samples {
            Samples::U8(v) => Samples::U8(self.gather(v, pixels, stored, planes).ok_or_else(missing)?),
            Samples::U16(v) => Samples::U16(self.gather(v, pixels, stored, planes).ok_or_else(missing)?),
        };
        let samples = match (&self.layout.palette, samples) {
            (Some(table), Samples::U8(v)) => Samples::U8(look_up(&v, table, self.layout.bits)),
            (_, Samples::U8(v)) if self.layout.ycbcr => Samples::U8(ycbcr_to_rgb(v)),
            (_, Samples::U16(_)) if self.layout.ycbcr => return Err(unsupported("YCbCr of 16 bits")),
            (_, samples) => samples,
        };
        let mut pixmap = Pixmap::new(full, self.layout.channels, samples);
        if self.layout.premultiplied && self.layout.channels.has_alpha() {
            divide(&mut pixmap);
        }
        let pixmap = reduce::pixmap(pixmap, offer.shrink as u32);
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

impl TiffPicture<'_> {
    /// Samples as the crate gives them.
    fn whole_bytes(&self, result: DecodingResult, stride: usize) -> Result<Samples, DecodeError> {
        Ok(match result {
            DecodingResult::U8(v) if self.layout.bits < 8 => {
                Samples::U8(unpack(&v, stride, self.header.size, self.layout.bits, self.layout.palette.is_none()))
            }
            DecodingResult::U8(v) => Samples::U8(v),
            DecodingResult::U16(v) => Samples::U16(v),
            DecodingResult::U32(v) => Samples::U16(v.into_iter().map(|s| (s >> 16) as u16).collect()),
            DecodingResult::F16(v) => self.floats(v.into_iter().map(f32::from).collect()),
            DecodingResult::F32(v) => self.floats(v),
            _ => return Err(unsupported("signed or very wide samples")),
        })
    }

    /// Floating point pictures in TIFF are linear by custom, also of scientific ones.
    fn floats(&self, v: Vec<f32>) -> Samples {
        match self.layout.channels {
            Channels::Cmyk => Samples::U16(float::to_wide(&v)),
            c => Samples::U16(float::to_srgb(&v, usize::from(self.layout.samples), c.has_alpha())),
        }
    }

    /// Strips and tiles have to lie within the file: the crate does not miss the end of compressed ones.
    fn check_parts(&self, tiff: &mut Decoder<Cursor<&[u8]>>) -> Result<(), DecodeError> {
        for (offsets, counts) in [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)] {
            let mut numbers = |tag| tiff.find_tag_unsigned_vec::<u64>(tag).ok().flatten().unwrap_or_default();
            let ends = numbers(offsets).into_iter().zip(numbers(counts)).map(|(at, n)| at.saturating_add(n));
            if ends.max().is_some_and(|end| end > self.bytes.len() as u64) {
                return Err(DecodeError::Truncated { format: Format::Tiff, what: "its data end too early".to_owned() });
            }
        }
        Ok(())
    }

    /// What there is of a file that ends before its parts do: zeros follow. None where even with them it cannot
    /// be read, as most compressed ones, or where no part begins within the file.
    fn part(&self) -> Option<(DecodingResult, usize, usize)> {
        let mut tiff = decoder(&self.bytes, self.max_memory).ok()?;
        let offsets = [Tag::StripOffsets, Tag::TileOffsets].into_iter();
        let mut numbers = offsets.filter_map(|tag| tiff.find_tag_unsigned_vec::<u64>(tag).ok().flatten()).flatten();
        let length = self.bytes.len() as u64;
        numbers.find(|at| *at < length)?;
        // Uncompressed, which is what can be read so, no part needs more than all pixels take.
        let stored = u64::from(self.layout.samples) * u64::from(self.layout.bits).div_ceil(8);
        let most = (self.header.size.pixels() * stored).min(self.max_memory);
        let mut padded = self.bytes.to_vec();
        padded.resize(usize::try_from(length + most).ok()?, 0);
        read(&mut decoder(&padded, self.max_memory).ok()?).ok()
    }

    /// The wanted samples of each pixel together: from planes, and without those that are passed over.
    fn gather<T: Copy>(&self, v: Vec<T>, pixels: usize, stored: usize, planes: usize) -> Option<Vec<T>> {
        let wanted = if self.layout.palette.is_some() { 1 } else { self.layout.channels.count() };
        if v.len() < pixels.checked_mul(stored)? {
            return None;
        }
        if planes == 1 && wanted == stored {
            let mut v = v;
            v.truncate(pixels * stored);
            return Some(v);
        }
        let mut out = Vec::with_capacity(pixels * wanted);
        if planes == 1 {
            out.extend(v.chunks_exact(stored).take(pixels).flat_map(|p| &p[..wanted]));
        } else {
            if planes < wanted {
                return None;
            }
            let plane = v.len() / planes;
            for i in 0..pixels {
                out.extend((0..wanted).map(|c| v[c * plane + i]));
            }
        }
        Some(out)
    }
}

/// Samples of 1, 2 or 4 bits, the highest bits first; `scaled` to 0..=255, or as they are.
fn unpack(packed: &[u8], stride: usize, size: Size, bits: u8, scaled: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(size.pixels() as usize);
    let per_byte = usize::from(8 / bits);
    let mask = (1u8 << bits) - 1;
    let factor = if scaled { 255 / mask } else { 1 };
    for row in packed.chunks(stride.max(1)).take(size.height as usize) {
        let before = out.len();
        for x in 0..size.width as usize {
            let byte = row.get(x / per_byte).copied().unwrap_or(0);
            let shift = 8 - bits as usize * (x % per_byte + 1);
            out.push(((byte >> shift) & mask) * factor);
        }
        debug_assert_eq!(out.len() - before, size.width as usize);
    }
    out
}

/// A palette's entries have 16 bits; writers that fill only the lower 8 are known.
fn look_up(indices: &[u8], table: &[u16], bits: u8) -> Vec<u8> {
    let n = 1usize << bits;
    let narrow = table[..3 * n].iter().all(|&v| v < 256);
    let color = |v: u16| if narrow { v as u8 } else { ((u32::from(v) * 255 + 32_767) / 65_535) as u8 };
    let colors: Vec<[u8; 3]> = (0..n).map(|i| [table[i], table[n + i], table[2 * n + i]].map(color)).collect();
    indices.iter().flat_map(|&i| colors[usize::from(i) & (n - 1)]).collect()
}

/// BT.601, full range, as JPEG has it; TIFF's own coefficients and reference levels are not looked at.
fn ycbcr_to_rgb(mut v: Vec<u8>) -> Vec<u8> {
    for p in v.chunks_exact_mut(3) {
        let (y, cb, cr) = (f32::from(p[0]), f32::from(p[1]) - 128.0, f32::from(p[2]) - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        p.copy_from_slice(&rgb.map(|c| (c + 0.5) as u8));
    }
    v
}

/// Undoes premultiplied ("associated") alpha.
fn divide(pixmap: &mut Pixmap) {
    let n = pixmap.channels().count();
    match pixmap.samples_mut() {
        Samples::U8(v) => {
            for p in v.chunks_exact_mut(n) {
                let a = u32::from(p[n - 1]);
                for c in &mut p[..n - 1] {
                    *c = (u32::from(*c) * 255 + a / 2).checked_div(a).unwrap_or(0).min(255) as u8;
                }
            }
        }
        Samples::U16(v) => {
            for p in v.chunks_exact_mut(n) {
                let a = u64::from(p[n - 1]);
                for c in &mut p[..n - 1] {
                    *c = (u64::from(*c) * 65_535 + a / 2).checked_div(a).unwrap_or(0).min(65_535) as u16;
                }
            }
        }
    }
}
