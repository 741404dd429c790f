//! The few pixels of which placeholders are made.

use crate::op::extend::converted;
use crate::op::flatten::mix;
use crate::op::resize::{ResizeError, resize, resize_plane};
use crate::pixmap::{Channels, Pixmap, Samples, YCbCr};
use crate::recipe::Filter;
use crate::render::aim::Input;
use crate::size::{Region, Size};

/// The longer side. The finest detail of a placeholder is one of seven waves along a side.
const SIDE: u32 = 32;

/// A picture of at most 32 pixels a side: red, green, blue, alpha.
pub struct Small {
    pub size: Size,
    pub rgba: Vec<u8>,
}

impl Small {
    /// Means over areas of finished pixels or planes.
    pub fn new(input: Input<'_>) -> Result<Self, ResizeError> {
        let to = at_most(input.size(), SIDE);
        let rgba = match input {
            Input::Planes(planes) => of_planes(planes, to)?,
            Input::Pixels(pixmap, _) => rgba(resize(pixmap, Region::whole(pixmap.size()), to, Filter::Box)?),
        };
        Ok(Self { size: to, rgba })
    }

    /// The same at most `side` pixels wide and high.
    pub fn shrunk(&self, side: u32) -> Result<Pixmap, ResizeError> {
        let pixmap = Pixmap::new_u8(self.size, Channels::Rgba, self.rgba.clone());
        resize(&pixmap, Region::whole(self.size), at_most(self.size, side), Filter::Box)
    }

    /// Opaque, on white.
    pub fn over_white(&self) -> Vec<u8> {
        let over = |p: &[u8]| [mix(p[0], 255, p[3]), mix(p[1], 255, p[3]), mix(p[2], 255, p[3]), 255];
        self.rgba.chunks_exact(4).flat_map(over).collect()
    }
}

/// The size with its longer side at most `side`.
fn at_most(size: Size, side: u32) -> Size {
    let long = size.width.max(size.height);
    let part = |length: u32| {
        ((2 * u64::from(length) * u64::from(side) + u64::from(long)) / (2 * u64::from(long))).max(1) as u32
    };
    if long <= side { size } else { Size::new(part(size.width), part(size.height)) }
}

fn rgba(pixmap: Pixmap) -> Vec<u8> {
    let pixmap = match pixmap.channels() {
        Channels::Cmyk => of_inks(&pixmap.into_u8()),
        _ => converted(pixmap, Channels::Rgba),
    };
    match pixmap.into_u8().into_samples() {
        Samples::U8(samples) => samples,
        Samples::U16(_) => unreachable!("converted to 8 bits"),
    }
}

/// Inks as light, without the profile, which is good enough for a blur.
fn of_inks(pixmap: &Pixmap) -> Pixmap {
    let Samples::U8(samples) = pixmap.samples() else { unreachable!("converted to 8 bits") };
    let light = |ink: u8, black: u8| mix(255 - ink, 0, 255 - black);
    let pixel = |p: &[u8]| [light(p[0], p[3]), light(p[1], p[3]), light(p[2], p[3]), 255];
    Pixmap::new_u8(pixmap.size(), Channels::Rgba, samples.chunks_exact(4).flat_map(pixel).collect())
}

fn of_planes(planes: &YCbCr, to: Size) -> Result<Vec<u8>, ResizeError> {
    let [luma, blue, red] = &planes.planes;
    let chroma = planes.chroma_size();
    let luma = resize_plane(planes.size, luma, to, Filter::Box)?;
    let (blue, red) = (resize_plane(chroma, blue, to, Filter::Box)?, resize_plane(chroma, red, to, Filter::Box)?);
    let pixel = |((&y, &cb), &cr): ((&u8, &u8), &u8)| {
        let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
        let round = |v: f32| (v + 0.5) as u8;
        [round(y + 1.402 * cr), round(y - 0.344_136 * cb - 0.714_136 * cr), round(y + 1.772 * cb), 255]
    };
    Ok(luma.iter().zip(&blue).zip(&red).flat_map(pixel).collect())
}
