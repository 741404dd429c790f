//! Headers of PNM: numbers between blanks and comments, or the lines of PAM.

use crate::codec::DecodeError;
use crate::format::Format;
use crate::pixmap::Channels;
use crate::size::Size;

/// An error for an invalid PNM.
pub fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { format: Format::Pnm, what: what.into() }
}

/// An error for a truncated PNM.
pub fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Pnm, what: "its data end too early".to_owned() }
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Digits 0 and 1; 1 is black.
    PlainBits,
    /// Decimal numbers.
    Plain,
    /// Eight pixels per byte; 1 is black.
    Bits,
    /// One byte each.
    Bytes,
    /// Two bytes each, the more significant first.
    Words,
    /// Floating point in linear light, rows bottom-up.
    Floats {
        /// Whether the most significant byte comes first.
        big: bool,
    },
}

/// The content of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Size in pixels.
    pub size: Size,
    /// How samples are coded.
    pub coding: Coding,
    /// The largest sample value, which is white.
    pub max: u32,
    /// Samples per stored pixel. The visible ones come first.
    pub stored: usize,
    /// The channels of the visible samples.
    pub channels: Channels,
}

impl Head {
    /// Samples per row.
    pub fn samples_in_row(&self) -> u64 {
        u64::from(self.size.width) * self.stored as u64
    }

    /// Bytes per raw row.
    pub fn row_bytes(&self) -> u64 {
        match self.coding {
            Coding::Bits => u64::from(self.size.width.div_ceil(8)),
            Coding::Words => self.samples_in_row() * 2,
            Coding::Floats { .. } => self.samples_in_row() * 4,
            _ => self.samples_in_row(),
        }
    }

    /// Whether rows have a fixed length.
    pub fn is_raw(&self) -> bool {
        !matches!(self.coding, Coding::Plain | Coding::PlainBits)
    }

    /// Whether samples need more than 8 bits.
    pub fn is_wide(&self) -> bool {
        matches!(self.coding, Coding::Words | Coding::Floats { .. }) || self.max > 255
    }
}

/// Skips blanks and comments, which end with their line.
pub fn skip_blank(mut bytes: &[u8]) -> &[u8] {
    loop {
        match bytes {
            [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, rest @ ..] => bytes = rest,
            [b'#', rest @ ..] => {
                let end = rest.iter().position(|&b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
                bytes = &rest[end..];
            }
            _ => return bytes,
        }
    }
}

/// Reads a number and returns the rest.
///
/// # Errors
/// There is no number, or it has more than 32 bits.
pub fn number(bytes: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(if bytes.is_empty() { truncated() } else { damaged("a character where a number is expected") });
    }
    let add = |sum: u32, &digit: &u8| sum.checked_mul(10)?.checked_add(u32::from(digit - b'0'));
    let value = bytes[..digits].iter().try_fold(0, add);
    Ok((value.ok_or_else(|| damaged("a number is too large"))?, &bytes[digits..]))
}

/// Reads the header and returns the data behind it.
///
/// # Errors
/// The header is truncated, contradicts itself, or is not supported.
pub fn read(bytes: &[u8]) -> Result<(Head, &[u8]), DecodeError> {
    let (kind, rest) = match bytes {
        [b'P', kind, rest @ ..] => (*kind, rest),
        _ => return Err(truncated()),
    };
    match kind {
        b'7' => pam(rest),
        b'F' | b'f' => pfm(kind == b'F', rest),
        _ => numbers(kind, rest),
    }
}

/// Reads a number behind blanks and comments.
fn next(rest: &mut &[u8]) -> Result<u32, DecodeError> {
    let (value, behind) = number(skip_blank(rest))?;
    *rest = behind;
    Ok(value)
}

/// Skips the single blank before the pixels.
fn blank(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    match bytes {
        [b, rest @ ..] if b.is_ascii_whitespace() => Ok(rest),
        [] => Err(truncated()),
        _ => Err(damaged("no blank after its header")),
    }
}

fn checked_max(max: u32) -> Result<u32, DecodeError> {
    if (1..=65_535).contains(&max) { Ok(max) } else { Err(damaged(format!("its largest sample is {max}"))) }
}

fn numbers(kind: u8, mut rest: &[u8]) -> Result<(Head, &[u8]), DecodeError> {
    let size = Size::new(next(&mut rest)?, next(&mut rest)?);
    let max = if matches!(kind, b'1' | b'4') { 1 } else { checked_max(next(&mut rest)?)? };
    let coding = match kind {
        b'1' => Coding::PlainBits,
        b'2' | b'3' => Coding::Plain,
        b'4' => Coding::Bits,
        _ if max > 255 => Coding::Words,
        _ => Coding::Bytes,
    };
    let channels = if matches!(kind, b'3' | b'6') { Channels::Rgb } else { Channels::Grey };
    let head = Head { size, coding, max, stored: channels.count(), channels };
    Ok((head, if head.is_raw() { blank(rest)? } else { rest }))
}

/// Width, height, and a number whose sign gives the byte order.
/// <https://netpbm.sourceforge.net/doc/pfm.html>
fn pfm(color: bool, mut rest: &[u8]) -> Result<(Head, &[u8]), DecodeError> {
    let size = Size::new(next(&mut rest)?, next(&mut rest)?);
    rest = skip_blank(rest);
    let length = rest.iter().take(64).take_while(|b| !b.is_ascii_whitespace()).count();
    let (word, behind) = rest.split_at(length);
    let scale: Option<f64> = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    let behind = blank(behind)?;
    let scale = scale.filter(|v| *v != 0.0 && v.is_finite()).ok_or_else(|| damaged("its scale is not a number"))?;
    let channels = if color { Channels::Rgb } else { Channels::Grey };
    let coding = Coding::Floats { big: scale > 0.0 };
    Ok((Head { size, coding, max: 1, stored: channels.count(), channels }, behind))
}

/// Lines of a name and a value, up to ENDHDR.
fn pam(bytes: &[u8]) -> Result<(Head, &[u8]), DecodeError> {
    let (mut width, mut height, mut depth, mut max) = (None, None, None, None);
    let mut kind = Vec::new();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|&b| b == b'\n').ok_or_else(truncated)?;
        let line = rest[..end].trim_ascii();
        rest = &rest[end + 1..];
        let name = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (name, value) = (&line[..name], line[name..].trim_ascii_start());
        let place = match name {
            b"ENDHDR" => break,
            b"WIDTH" => &mut width,
            b"HEIGHT" => &mut height,
            b"DEPTH" => &mut depth,
            b"MAXVAL" => &mut max,
            b"TUPLTYPE" => {
                kind.extend([if kind.is_empty() { &b""[..] } else { b" " }, value].concat());
                continue;
            }
            b"" | [b'#', ..] => continue,
            _ => return Err(damaged("an unknown line in its header")),
        };
        match number(value)? {
            (value, []) if place.is_none() => *place = Some(value),
            _ => return Err(damaged("a line of its header is not a number, or is repeated")),
        }
    }
    let (Some(width), Some(height), Some(depth), Some(max)) = (width, height, depth, max) else {
        return Err(damaged("a line of its header is missing"));
    };
    let channels = match (&kind[..], depth) {
        (b"BLACKANDWHITE" | b"GRAYSCALE", _) | (b"", 1) => Channels::Grey,
        (b"BLACKANDWHITE_ALPHA" | b"GRAYSCALE_ALPHA", _) | (b"", 2) => Channels::GreyAlpha,
        (b"RGB", _) | (b"", 3) => Channels::Rgb,
        (b"RGB_ALPHA", _) | (b"", 4) => Channels::Rgba,
        (b"CMYK", _) => Channels::Cmyk,
        (kind, _) => {
            let kind = String::from_utf8_lossy(&kind[..kind.len().min(40)]);
            return Err(DecodeError::Unsupported(format!("PAM of {kind:?} with {depth} samples a pixel")));
        }
    };
    let stored = usize::try_from(depth).ok().filter(|n| (channels.count()..=1024).contains(n));
    let stored = stored.ok_or_else(|| damaged(format!("{depth} samples a pixel")))?;
    let coding = if checked_max(max)? > 255 { Coding::Words } else { Coding::Bytes };
    Ok((Head { size: Size::new(width, height), coding, max, stored, channels }, rest))
}
