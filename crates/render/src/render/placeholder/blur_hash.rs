//! BlurHash (<https://github.com/woltapp/blurhash/blob/master/Algorithm.md>): cosines of linear light, in base 83.

use super::small::Small;
use super::waves::Waves;
use crate::op::linear::{LIGHT, sample};

/// Components along the longer and the shorter side.
const COMPONENTS: (usize, usize) = (4, 3);

pub(super) const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// The text of the hash. It has no alpha, so what is transparent is white.
pub fn encode(small: &Small) -> String {
    let (width, height) = (small.size.width as usize, small.size.height as usize);
    let (long, short) = COMPONENTS;
    let (across, down) = if width >= height { (long, short) } else { (short, long) };
    let waves = Waves::new((width, height), (across, down), 0.0);
    let wanted: Vec<(usize, usize)> = (0..down).flat_map(|y| (0..across).map(move |x| (x, y))).collect();
    let opaque = small.over_white();
    let [red, green, blue] = [0, 1, 2].map(|at| {
        let channel: Vec<f32> = opaque.chunks_exact(4).map(|pixel| LIGHT[usize::from(pixel[at])]).collect();
        waves.means(&channel, &wanted)
    });
    let others = || (1..wanted.len()).map(|at| [red[at], green[at], blue[at]].map(|value| 2.0 * value));
    let most = others().flatten().fold(0.0, |most: f32, value| most.max(value.abs()));
    let steps = ((most * 166.0 - 0.5).floor().clamp(0.0, 82.0)) as u32;
    let most = (steps + 1) as f32 / 166.0;

    let mut hash = String::with_capacity(4 + 2 * wanted.len());
    put(&mut hash, (across - 1 + (down - 1) * 9) as u32, 1);
    put(&mut hash, steps, 1);
    let [r, g, b] = [red[0], green[0], blue[0]].map(|value| u32::from(sample(value)));
    put(&mut hash, r << 16 | g << 8 | b, 4);
    for other in others() {
        let step = |value: f32| ((value / most).abs().sqrt().copysign(value) * 9.0 + 9.5).floor().clamp(0.0, 18.0);
        let [r, g, b] = other.map(|value| step(value) as u32);
        put(&mut hash, (r * 19 + g) * 19 + b, 2);
    }
    hash
}

/// Adds a number in this many digits.
fn put(hash: &mut String, number: u32, digits: u32) {
    let digit = |place: u32| DIGITS[(number / 83_u32.pow(place) % 83) as usize];
    hash.extend((0..digits).rev().map(|place| char::from(digit(place))));
}
