//! Decodes JPEG with `thumbs-jpeg`.

mod exact;
pub(in crate::codec) mod lossless;
pub(in crate::codec) mod out;
pub(in crate::codec) mod own;
pub(in crate::codec) mod sampling;

pub(crate) use exact::{Exact, exact};
pub(crate) use thumbs_jpeg::estimated_quality;

use crate::codec::{
    Attached, ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels,
    Plane, Planes, Recode, Unmade, check_output, exif, iptc,
};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, YCbCr};
use crate::recipe::{EncodeSettings, Filter};
use crate::size::{Region, Size};
use crate::words;

/// The decoder.
pub struct Jpeg;

struct JpegPicture<'a> {
    bytes: &'a [u8],
    inner: thumbs_jpeg::Header,
    header: Header,
    max_memory: u64,
}

/// The note for a picture that is complete to its last block.
pub(in crate::codec) const LACKS_END: &str = "no end marker";

pub(in crate::codec) fn error(error: thumbs_jpeg::Error) -> DecodeError {
    use thumbs_jpeg::Error as E;
    let format = Format::Jpeg;
    match error {
        E::Truncated(what) => DecodeError::Truncated { format, what: what.to_owned() },
        E::Damaged(what) => DecodeError::Damaged { format, what: what.to_owned() },
        E::Unsupported(what) => DecodeError::Unsupported(format!("JPEG with {what}")),
        E::Interrupted => DecodeError::Interrupted,
        E::TooLarge { width, height, needed, limit } => {
            let (needed, limit) = (words::bytes(needed), words::bytes(limit));
            DecodeError::Limit(format!(
                "decoding {width}x{height} of it needs {needed} of memory, over the limit of {limit} (--memory)"
            ))
        }
        other => DecodeError::Damaged { format, what: other.to_string() },
    }
}

pub(in crate::codec) fn damage_note(damage: &thumbs_jpeg::Damage, height: u32) -> String {
    format!("{}: {} of {height} rows filled", damage.error, height - damage.whole_lines.min(height))
}

impl Decode for Jpeg {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let inner = thumbs_jpeg::read_header(bytes).map_err(error)?;
        let size = Size::new(inner.width, inner.height);
        crate::codec::check_size(Format::Jpeg, size, limits)?;
        let part =
            |range: &Option<std::ops::Range<usize>>| range.clone().and_then(|r| bytes.get(r)).map(<[u8]>::to_vec);
        let exif = part(&inner.exif);
        let shown = exif.as_deref().map(exif::read).unwrap_or_default();
        let mut notes = Vec::new();
        if inner.icc_broken {
            notes.push("broken colour profile ignored".to_owned());
        }
        if inner.has_gain_map {
            notes.push("HDR gain map lost".to_owned());
        }
        let color = match &inner.icc {
            Some(icc) => ColorSpace::Icc(icc.clone()),
            None if shown.adobe_rgb && inner.channels() == 3 => ColorSpace::AdobeRgb,
            None => ColorSpace::Srgb,
        };
        let resources = inner.iptc.clone().and_then(|r| bytes.get(r));
        let iptc = resources.and_then(iptc::records).map(<[u8]>::to_vec);
        let metadata = Metadata { exif, xmp: part(&inner.xmp), iptc };
        let header = Header {
            format: Format::Jpeg,
            size,
            orientation: metadata.orientation(),
            has_alpha: false,
            animated: false,
            color,
            metadata,
            notes,
        };
        match inner.supported() {
            Ok(()) => Ok(Box::new(JpegPicture { bytes, inner, header, max_memory: limits.max_memory })),
            Err(_) if inner.kind == thumbs_jpeg::Kind::Lossless => lossless::open(bytes, inner, header),
            Err(e) => Err(error(e)),
        }
    }
}

impl JpegPicture<'_> {
    /// The plan for a need. An offer stores its need, so that the plan can be made again.
    fn plan(&self, need: Option<Need>) -> thumbs_jpeg::Plan {
        match need {
            Some(need) => self.inner.plan_shared((need.width, need.height), need.chroma),
            None => self.inner.full(),
        }
    }
}

impl Picture for JpegPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let plan = self.plan(need);
        let size = Size::new(plan.width, plan.height);
        let joint = if need.is_none() { size.pixels() * u64::from(self.inner.channels()) } else { 0 };
        let scale = 1.0 / plan.shrink;
        Offer { size, scale: (scale, scale), shrink: plan.shrink, memory: plan.memory + joint, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let plan = self.plan(offer.need);
        let planes = self.with(options, |how| thumbs_jpeg::decode_planes(self.bytes, &self.inner, &plan, how));
        let planes = planes.map_err(error)?;
        let notes = self.lost(planes.damage.as_ref(), planes.lacks_end);
        Ok(Decoded { pixels: Pixels::Planes(Box::new(JpegPlanes(planes))), notes })
    }

    fn recoder(&self, settings: &EncodeSettings) -> Option<&dyn Recode> {
        // A profile of grey pictures is handled with their pixels.
        let is_simple = self.inner.channels() == 3 || self.header.color == ColorSpace::Srgb;
        (is_simple && thumbs_jpeg::encode::recodes(&self.inner, &out::settings(settings, &[], None))).then_some(self)
    }
}

impl Recode for JpegPicture<'_> {
    fn recode(
        &self,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
        options: &DecodeOptions<'_>,
    ) -> Result<(Vec<u8>, Vec<String>), Unmade> {
        use thumbs_jpeg::encode::RecodeError as E;
        check_output(Format::Jpeg, self.header.size).map_err(Unmade::Encode)?;
        let segments = out::segments(attached);
        let settings = out::settings(settings, &segments, attached.icc);
        let done = self.with(options, |how| thumbs_jpeg::encode::recode(self.bytes, &self.inner, &settings, how));
        let done = done.map_err(|e| match e {
            E::Read(e) => Unmade::Decode(error(e)),
            E::Write(e) => Unmade::Encode(out::failed(e)),
        })?;
        Ok((done.bytes, self.lost(done.damage.as_ref(), done.lacks_end)))
    }
}

impl JpegPicture<'_> {
    fn with<R>(&self, options: &DecodeOptions<'_>, work: impl FnOnce(&thumbs_jpeg::Options<'_>) -> R) -> R {
        let interrupt = options.interrupt.map(|stop| move || stop());
        work(&thumbs_jpeg::Options {
            allow_truncated: options.allow_truncated,
            strict: options.strict,
            interrupt: interrupt.as_ref().map(|stop| stop as &dyn Fn() -> bool),
            max_memory: Some(self.max_memory),
        })
    }

    /// Notes of what was filled in.
    fn lost(&self, damage: Option<&thumbs_jpeg::Damage>, lacks_end: bool) -> Vec<String> {
        let damage = damage.map(|damage| damage_note(damage, self.header.size.height));
        damage.into_iter().chain(lacks_end.then(|| LACKS_END.to_owned())).collect()
    }
}

struct JpegPlanes(thumbs_jpeg::Planes);

impl Planes for JpegPlanes {
    fn planes(&self) -> Vec<Plane<'_>> {
        let planes = self.0.planes.iter();
        planes.map(|p| Plane { size: Size::new(p.width, p.height), extent: p.extent, samples: &p.data }).collect()
    }

    fn resize(&self, crop: Region, to: Size, filter: Filter) -> Option<Pixmap> {
        let region = thumbs_jpeg::Region { left: crop.x, top: crop.y, width: crop.width, height: crop.height };
        (filter == Filter::Lanczos3).then(|| pixmap(self.0.resize(region, to.width, to.height).into_image()))
    }

    fn ycbcr(&self, crop: Option<Region>, to: Size, share: (u32, u32)) -> Option<YCbCr> {
        let planes = match crop {
            None => self.0.shared(share),
            Some(crop) => {
                let region = thumbs_jpeg::Region { left: crop.x, top: crop.y, width: crop.width, height: crop.height };
                self.0.resize_shared(region, to.width, to.height, share)
            }
        };
        Some(YCbCr { size: to, share, planes: planes? })
    }

    fn join(&self, size: Size, samples: Vec<Vec<u8>>) -> Pixmap {
        pixmap(self.0.with_planes(size.width, size.height, samples).into_image())
    }

    fn into_pixmap(self: Box<Self>) -> Pixmap {
        pixmap(self.0.into_image())
    }
}

fn pixmap(image: thumbs_jpeg::Image) -> Pixmap {
    let channels = match image.channels {
        1 => Channels::Grey,
        3 => Channels::Rgb,
        _ => Channels::Cmyk,
    };
    Pixmap::new_u8(Size::new(image.width, image.height), channels, image.data)
}
