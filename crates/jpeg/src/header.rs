//! Reads everything in a JPEG before its first scan.

use std::ops::Range;

use super::error::Error;
use super::frame::{ColorSpace, Component, Frame, Kind};
use super::markers::{self, APP0, DHP, DNL, EOI, SOF55, SOI, SOS, be16, next_segment};

/// The frame header and the metadata of a JPEG.
///
/// Ranges are byte positions in the data given to [`read_header`].
#[derive(Debug, Clone)]
pub struct Header {
    /// Stored width in pixels, before EXIF orientation.
    pub width: u32,
    /// Stored height in pixels. Taken from DNL if the frame header omits it.
    pub height: u32,
    /// The coding process.
    pub kind: Kind,
    /// Whether the entropy coding is arithmetic instead of Huffman.
    pub arithmetic: bool,
    /// Bits per sample.
    pub precision: u8,
    /// The meaning of the components.
    pub color: ColorSpace,
    /// The components with their sampling factors.
    pub components: Vec<Component>,
    /// The TIFF structure of the first EXIF segment (behind `Exif\0\0`).
    pub exif: Option<Range<usize>>,
    /// The ICC profile, joined from all its segments. `None` also if it is incomplete (then
    /// `icc_broken` is set).
    pub icc: Option<Vec<u8>>,
    /// Whether there are ICC segments, but no complete profile.
    pub icc_broken: bool,
    /// The XMP packet, without extended XMP.
    pub xmp: Option<Range<usize>>,
    /// Photoshop image resources, which contain IPTC (behind `Photoshop 3.0\0`).
    pub iptc: Option<Range<usize>>,
    /// JFIF density: unit (0 ratio, 1 dpi, 2 dots per cm), x and y.
    pub jfif: Option<(u8, u16, u16)>,
    /// The transform byte of the Adobe segment.
    pub adobe: Option<u8>,
    /// Whether CMYK samples are stored inverted, with 255 for no ink. Photoshop stores them so, and
    /// other readers treat every JPEG file that way. Change it for a JPEG inside another format
    /// that defines otherwise.
    pub inverted: bool,
    /// Whether there is a multi-picture (MPF) index. More pictures may follow this one.
    pub has_mpf: bool,
    /// Whether XMP or MPF mentions a gain map (HDR).
    pub has_gain_map: bool,
    /// Whether the EXIF structure is large enough to hold a preview.
    pub may_have_preview: bool,
    pub(super) frame: Frame,
    /// The position of the FF of the first SOS marker.
    pub(super) first_scan: usize,
}

/// Reads the header of a JPEG without decoding pixels. Walks the marker segments up to the first
/// scan, or through it if a DNL segment gives the height. Allocates no more than the ICC profile.
///
/// # Errors
/// [`Error::NotJpeg`]; a truncated or damaged header; JPEG-LS and hierarchical pictures. Other
/// kinds that [`super::decode`] does not support are not an error here.
pub fn read_header(data: &[u8]) -> Result<Header, Error> {
    if !data.starts_with(&[0xFF, SOI]) {
        return Err(Error::NotJpeg);
    }
    let mut meta = Meta::default();
    let mut frame: Option<Frame> = None;
    let mut at = 2;
    let first_scan = loop {
        let segment = match next_segment(data, at) {
            Err(Error::Truncated(_)) if frame.is_none() => {
                return Err(Error::Truncated("the file ends before the picture begins"));
            }
            Err(Error::Truncated(_)) => return Err(Error::Truncated("the file ends before its first scan")),
            other => other?,
        };
        let payload = &data[segment.start..segment.end];
        match segment.marker {
            SOS if frame.is_some() => break segment.start - 4,
            SOS => return Err(Error::Damaged("a scan comes before the frame header")),
            EOI if frame.is_some() => return Err(Error::Damaged("the picture has no scan")),
            EOI => return Err(Error::Damaged("the file holds no picture")),
            // The following frames are parts of the picture, the first a small one.
            DHP => return Err(Error::Unsupported("hierarchical coding")),
            SOF55 => return Err(Error::Unsupported("the coding of JPEG-LS")),
            m if markers::is_frame(m) => {
                if frame.is_some() {
                    return Err(Error::Damaged("there are two frame headers"));
                }
                frame = Some(Frame::parse(m, payload)?);
            }
            m if m & 0xF0 == APP0 => meta.take(m & 15, payload, segment.start),
            _ => {}
        }
        at = segment.end;
    };
    let mut frame = frame.ok_or(Error::Damaged("the file holds no picture"))?;
    if frame.height == 0 {
        frame.height = height_from_dnl(data, first_scan)?;
    }
    let (icc, icc_broken) = meta.join_icc(data);
    Ok(Header {
        width: frame.width,
        height: frame.height,
        kind: frame.kind,
        arithmetic: frame.arithmetic,
        precision: frame.precision,
        color: frame.color(meta.jfif.is_some(), meta.adobe),
        components: frame.components.clone(),
        may_have_preview: meta.exif.as_ref().is_some_and(|r| r.len() > 2048),
        exif: meta.exif,
        icc,
        icc_broken,
        xmp: meta.xmp,
        iptc: meta.iptc,
        jfif: meta.jfif,
        adobe: meta.adobe,
        inverted: true,
        has_mpf: meta.has_mpf,
        has_gain_map: meta.has_gain_map,
        frame,
        first_scan,
    })
}

impl Header {
    /// Whether [`super::decode`] supports this kind of JPEG. Use [`super::LosslessRows`] for
    /// lossless ones.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the reason.
    pub fn supported(&self) -> Result<(), Error> {
        match self.kind {
            Kind::Lossless => return Err(Error::Unsupported("lossless coding")),
            Kind::Hierarchical => return Err(Error::Unsupported("hierarchical coding")),
            Kind::Baseline | Kind::Extended | Kind::Progressive => {}
        }
        match self.precision {
            8 | 12 => {}
            _ => return Err(Error::Unsupported("neither 8 nor 12 bits per sample")),
        }
        if self.color == ColorSpace::Unknown {
            return Err(Error::Unsupported("neither 1, 3 nor 4 components"));
        }
        Ok(())
    }

    /// Channels of the decoded picture: 1 grey, 3 RGB, 4 CMYK.
    pub fn channels(&self) -> u8 {
        match self.color {
            ColorSpace::Grey => 1,
            ColorSpace::Cmyk | ColorSpace::Ycck => 4,
            _ => 3,
        }
    }
}

/// Reads the height from DNL, which follows the first scan (T.81, B.2.5).
fn height_from_dnl(data: &[u8], first_scan: usize) -> Result<u32, Error> {
    let missing = Error::Damaged("the frame has no height");
    let sos = next_segment(data, first_scan)?;
    let end = markers::end_of_scan(data, sos.end).ok_or_else(|| missing.clone())?;
    let dnl = next_segment(data, end)?;
    match be16(&data[dnl.start..dnl.end], 0) {
        Some(height) if dnl.marker == DNL && height > 0 => Ok(height.into()),
        _ => Err(missing),
    }
}

#[derive(Default)]
struct Meta {
    exif: Option<Range<usize>>,
    xmp: Option<Range<usize>>,
    iptc: Option<Range<usize>>,
    /// Number, count and position of each ICC segment.
    icc: Vec<(u8, u8, Range<usize>)>,
    jfif: Option<(u8, u16, u16)>,
    adobe: Option<u8>,
    has_mpf: bool,
    has_gain_map: bool,
}

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const IPTC: &[u8] = b"Photoshop 3.0\0";

impl Meta {
    fn take(&mut self, app: u8, payload: &[u8], start: usize) {
        let behind = |id: &[u8]| start + id.len()..start + payload.len();
        match app {
            0 if payload.starts_with(b"JFIF\0") && payload.len() >= 12 && self.jfif.is_none() => {
                let density = |at| be16(payload, at).unwrap_or(0);
                self.jfif = Some((payload[7], density(8), density(10)));
            }
            1 if payload.starts_with(b"Exif\0") && payload.len() > 6 && self.exif.is_none() => {
                self.exif = Some(behind(b"Exif\0\0"));
            }
            1 if payload.starts_with(XMP) && self.xmp.is_none() => {
                self.has_gain_map |= memchr::memmem::find(payload, b"hdrgm:").is_some()
                    || memchr::memmem::find(payload, b"HDRGainMap").is_some();
                self.xmp = Some(behind(XMP));
            }
            2 if payload.starts_with(ICC) && payload.len() >= ICC.len() + 2 => {
                let at = ICC.len();
                self.icc.push((payload[at], payload[at + 1], start + at + 2..start + payload.len()));
            }
            2 if payload.starts_with(b"MPF\0") => self.has_mpf = true,
            2 if payload.starts_with(b"urn:iso:std:iso:ts:21496:-1\0") => self.has_gain_map = true,
            13 if payload.starts_with(IPTC) && self.iptc.is_none() => self.iptc = Some(behind(IPTC)),
            14 if payload.starts_with(b"Adobe") && payload.len() >= 12 => self.adobe = Some(payload[11]),
            _ => {}
        }
    }

    /// Joins the ICC segments. Each gives its number, from 1, and their count (ICC.1, annex B.4).
    fn join_icc(&mut self, data: &[u8]) -> (Option<Vec<u8>>, bool) {
        let Some(&(_, count, _)) = self.icc.first() else { return (None, false) };
        self.icc.sort_by_key(|piece| piece.0);
        let whole = self.icc.len() == usize::from(count)
            && self.icc.iter().zip(1u8..=255).all(|(piece, want)| piece.0 == want && piece.1 == count);
        let joined: Vec<u8> = self.icc.iter().flat_map(|piece| data[piece.2.clone()].iter().copied()).collect();
        if whole && !joined.is_empty() { (Some(joined), false) } else { (None, true) }
    }
}
