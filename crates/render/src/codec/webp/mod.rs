//! Decodes WebP with libwebp, which can scale while it decodes.

mod chroma;
pub(in crate::codec) mod container;
pub(in crate::codec) mod out;

use std::borrow::Cow;

use thumbs_libwebp::{Fault, Features, Target};

use crate::codec::{
    ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels, exif,
    reduce,
};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap};
use crate::size::Size;
use container::Container;

/// The decoded picture is this much larger than the final resize needs. With 2, the mean
/// SSIMULACRA2 score at 256 px against thumbnails made from all pixels is 94.9; with 2.5 it is
/// 95.8.
const HEADROOM: f64 = 2.5;

/// The decoder.
pub struct WebP;

struct WebPPicture<'a> {
    container: Container<'a>,
    image: Cow<'a, [u8]>,
    features: Features,
    header: Header,
}

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::WebP, what: what.to_owned() }
}

fn truncated(what: &str) -> DecodeError {
    DecodeError::Truncated { format: Format::WebP, what: what.to_owned() }
}

fn error(fault: Fault) -> DecodeError {
    match fault {
        Fault::Truncated => truncated("the picture's data end too early"),
        Fault::Damaged => damaged("the picture's data are wrong"),
        Fault::Memory => DecodeError::Limit("WebP: libwebp had no memory for it".to_owned()),
        Fault::Unsupported => DecodeError::Unsupported("WebP of a kind that libwebp does not know".to_owned()),
    }
}

impl Decode for WebP {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let mut container = container::read(bytes)?;
        if let Some(canvas) = container.canvas {
            crate::codec::check_size(Format::WebP, canvas, limits)?;
        }
        let image = container.image.take().ok_or_else(|| {
            if container.truncated { truncated("no picture in it") } else { damaged("no picture in it") }
        })?;
        let features = thumbs_libwebp::features(&image).map_err(error)?;
        let own = Size::new(features.width, features.height);
        let size = match (container.animated, container.canvas) {
            (true, Some(canvas)) => canvas,
            _ => own,
        };
        crate::codec::check_size(Format::WebP, size, limits)?;
        if let Some(frame) = container.frame {
            let fits = |at: u32, length: u32, all: u32| at.checked_add(length).is_some_and(|end| end <= all);
            if frame.size != own || !fits(frame.x, own.width, size.width) || !fits(frame.y, own.height, size.height) {
                return Err(damaged("the first frame does not lie on the canvas"));
            }
        } else if container.canvas.is_some_and(|canvas| canvas != own) {
            return Err(damaged("the canvas is not of the picture's size"));
        }
        let exif_bytes = container.exif.map(exif::without_prefix);
        let shown = exif_bytes.map(exif::read).unwrap_or_default();
        let color = match container.icc {
            Some(icc) => ColorSpace::Icc(icc.to_vec()),
            None if shown.adobe_rgb => ColorSpace::AdobeRgb,
            None => ColorSpace::Srgb,
        };
        let covers = own == size;
        let metadata =
            Metadata { exif: exif_bytes.map(<[u8]>::to_vec), xmp: container.xmp.map(<[u8]>::to_vec), iptc: None };
        let header = Header {
            format: Format::WebP,
            size,
            orientation: metadata.orientation(),
            has_alpha: features.has_alpha || !covers,
            animated: container.frames > 1,
            color,
            metadata,
            notes: Vec::new(),
        };
        Ok(Box::new(WebPPicture { container, image, features, header }))
    }
}

impl WebPPicture<'_> {
    fn covers(&self) -> bool {
        self.header.size == Size::new(self.features.width, self.features.height)
    }

    /// Whether libwebp may scale. It scales lossy colour and alpha separately, which draws the
    /// colour of transparent pixels into edges, and lossless pixels premultiplied with 8 bits,
    /// which loses colour where alpha is low. A frame that does not cover its canvas is placed on
    /// it at full size.
    fn may_scale(&self) -> bool {
        self.covers() && !self.features.has_alpha
    }
}

impl Picture for WebPPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let (size, scale) = if self.may_scale() {
            let side = |full: u32, need: f64| ((need * HEADROOM).ceil() as u32).clamp(1, full);
            let size = need.map_or(full, |n| Size::new(side(full.width, n.width), side(full.height, n.height)));
            (size, (f64::from(size.width) / f64::from(full.width), f64::from(size.height) / f64::from(full.height)))
        } else {
            let factor = reduce::factor(full, need);
            (reduce::size(full, factor), (1.0 / f64::from(factor), 1.0 / f64::from(factor)))
        };
        let channels = if self.header.has_alpha { 4 } else { 3 };
        // libwebp holds lossless pictures whole (argb), and alpha too. It holds lossy pictures as
        // rows of macroblocks.
        let own = if self.features.lossless { full.pixels() * 4 } else { u64::from(full.width) * 128 };
        let alpha = if self.features.has_alpha && !self.features.lossless { full.pixels() * 2 } else { 0 };
        // A picture that libwebp does not scale exists at full size before it is averaged or placed
        // on a canvas.
        let canvas = if self.may_scale() { 0 } else { full.pixels() * 8 };
        let copy = if matches!(self.image, Cow::Owned(_)) { self.image.len() as u64 } else { 0 };
        let memory = size.pixels() * channels + own + alpha + canvas + copy + (1 << 20);
        Offer { size, scale, shrink: (1.0 / scale.0).min(1.0 / scale.1), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        if self.container.truncated && !options.allow_truncated {
            return Err(truncated("the file ends before its picture does"));
        }
        if options.strict && !options.allow_truncated && !self.container.flaws.is_empty() {
            return Err(damaged(&self.container.flaws.join(", ")));
        }
        let own = if self.may_scale() { offer.size } else { Size::new(self.features.width, self.features.height) };
        let target = Target {
            width: own.width,
            height: own.height,
            alpha: self.header.has_alpha,
            skip_filter: false,
            partial: options.allow_truncated,
        };
        let decoded = thumbs_libwebp::decode(&self.image, &target).map_err(error)?;
        let mut notes = self.container.flaws.clone();
        if decoded.rows < own.height {
            if decoded.rows == 0 {
                return Err(truncated("no row of it is there"));
            }
            notes.push(format!("{} of {} rows filled", own.height - decoded.rows, own.height));
        }
        let channels = if self.header.has_alpha { Channels::Rgba } else { Channels::Rgb };
        let samples = if self.covers() { decoded.samples } else { self.on_canvas(&decoded.samples) };
        let pixmap = if self.may_scale() {
            Pixmap::new_u8(offer.size, channels, samples)
        } else {
            reduce::pixmap(Pixmap::new_u8(self.header.size, channels, samples), offer.shrink as u32)
        };
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

impl WebPPicture<'_> {
    /// Places the frame on a transparent canvas. The background colour in the file is a hint that
    /// browsers ignore too.
    fn on_canvas(&self, frame: &[u8]) -> Vec<u8> {
        let canvas = self.header.size;
        let at = self.container.frame.map_or((0, 0), |f| (f.x, f.y));
        let mut out = vec![0; canvas.pixels() as usize * 4];
        let (stride, width) = (canvas.width as usize * 4, self.features.width as usize * 4);
        let below = out.chunks_exact_mut(stride).skip(at.1 as usize);
        for (to, from) in below.zip(frame.chunks_exact(width)) {
            let left = at.0 as usize * 4;
            to[left..left + width].copy_from_slice(from);
        }
        out
    }
}
