//! ICO and CUR: the largest picture of the file. PNG pictures inside go to our PNG decoder, which
//! takes all kinds of PNG; bitmaps to the `image` crate, as a file with that picture alone.

use super::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, generic, png};
use crate::format::Format;
use crate::limits::Limits;

/// The decoder.
pub struct Ico;

/// One line of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry<'a> {
    width: u32,
    height: u32,
    bits: u16,
    line: &'a [u8],
    data: &'a [u8],
}

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::Ico, what: what.to_owned() }
}

/// The largest entry; of equal ones that with the most bits, then the first.
fn largest(bytes: &[u8]) -> Result<Entry<'_>, DecodeError> {
    let truncated = || DecodeError::Truncated { format: Format::Ico, what: "its data end too early".to_owned() };
    let [0, 0, kind, 0, low, high, lines @ ..] = bytes else { return Err(truncated()) };
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    let lines = lines.get(..16 * count).ok_or_else(truncated)?;
    let mut best: Option<Entry<'_>> = None;
    for line in lines.chunks_exact(16) {
        // 0 stands for 256.
        let side = |b: u8| if b == 0 { 256 } else { u32::from(b) };
        let number = |at: usize| u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]) as usize;
        let data = bytes.get(number(12)..number(12).saturating_add(number(8))).ok_or_else(truncated)?;
        // A cursor has its hot spot where an icon has its bits.
        let bits = if *kind == 1 { u16::from_le_bytes([line[6], line[7]]) } else { 0 };
        let entry = Entry { width: side(line[0]), height: side(line[1]), bits, line, data };
        let rank = |e: &Entry<'_>| (e.width * e.height, e.bits);
        if best.as_ref().is_none_or(|b| rank(&entry) > rank(b)) {
            best = Some(entry);
        }
    }
    best.ok_or_else(|| damaged("no picture in it"))
}

impl Decode for Ico {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let entry = largest(bytes)?;
        if entry.data.starts_with(b"\x89PNG") {
            let inner = png::Png.open(entry.data, limits)?;
            let header = Header { format: Format::Ico, ..inner.header().clone() };
            return Ok(Box::new(Inside { inner, header }));
        }
        let mut alone = vec![0, 0, 1, 0, 1, 0];
        alone.extend(&entry.line[..4]);
        // Planes and bits, which in a cursor are the hot spot; the bitmap has its own.
        alone.extend([1, 0]);
        alone.extend(entry.bits.to_le_bytes());
        alone.extend((entry.data.len() as u32).to_le_bytes());
        alone.extend(22u32.to_le_bytes());
        alone.extend(entry.data);
        generic::open(Format::Ico, alone.into(), limits)
    }
}

/// A picture of another format inside this one.
struct Inside<'a> {
    inner: Box<dyn Picture + 'a>,
    header: Header,
}

impl Picture for Inside<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        self.inner.offer(need)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        self.inner.decode(offer, options)
    }
}
