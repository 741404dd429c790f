//! The container: HEIF with one still picture, and its alpha, EXIF and XMP if there are any.

use crate::size::Size;

/// How AV1 data is coded, as the container repeats it.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    /// The stream, one frame with its sequence header.
    pub data: &'a [u8],
    /// Bits per sample, 8 or 10.
    pub depth: u8,
    /// Columns and rows per chroma sample. None is a stream of luma only.
    pub share: Option<(u8, u8)>,
}

/// Everything in the file.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub size: Size,
    pub color: Coded<'a>,
    pub alpha: Option<Coded<'a>>,
    pub icc: Option<&'a [u8]>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
}

const COLOR: u16 = 1;
const ALPHA: u16 = 2;
const EXIF: u16 = 3;
const XMP: u16 = 4;
/// Marks a property that a reader must understand.
const ESSENTIAL: u8 = 0x80;

/// One item: its number, and its bytes in two pieces.
type Item<'a> = (u16, [&'a [u8]; 2]);

/// The file.
pub fn file(parts: &Parts<'_>) -> Vec<u8> {
    let mut items: Vec<Item<'_>> = Vec::new();
    // The offset of the TIFF header comes before the TIFF structure.
    items.extend(parts.exif.map(|exif| (EXIF, [&[0; 4][..], exif])));
    items.extend(parts.xmp.map(|xmp| (XMP, [xmp, &[]])));
    // Alpha comes before colours, so that a partial file can be shown.
    items.extend(parts.alpha.map(|alpha| (ALPHA, [alpha.data, &[]])));
    items.push((COLOR, [parts.color.data, &[]]));

    let mut out = boxed(b"ftyp", &[b"avif\0\0\0\0", b"avif", b"mif1", b"miaf"]);
    let start = out.len() + meta(parts, &items, 0).len() + 8;
    out.extend(meta(parts, &items, start));
    out.extend(boxed(b"mdat", &items.iter().flat_map(|item| item.1).collect::<Vec<_>>()));
    out
}

fn meta(parts: &Parts<'_>, items: &[Item<'_>], start: usize) -> Vec<u8> {
    let handler = boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]);
    let primary = boxed(b"pitm", &[&[0; 4], &COLOR.to_be_bytes()]);
    let references: Vec<Vec<u8>> = items
        .iter()
        .filter(|item| item.0 != COLOR)
        .map(|(number, _)| {
            let kind = if *number == ALPHA { b"auxl" } else { b"cdsc" };
            boxed(kind, &[&number.to_be_bytes(), &[0, 1], &COLOR.to_be_bytes()])
        })
        .collect();
    let references = if references.is_empty() { Vec::new() } else { boxed(b"iref", &[&[0; 4], &references.concat()]) };
    let inside = [handler, primary, locations(items, start), names(items), references, properties(parts)];
    boxed(b"meta", &[&[0; 4], &inside.concat()])
}

/// Where each item is in the file.
fn locations(items: &[Item<'_>], start: usize) -> Vec<u8> {
    // Offsets and lengths of four bytes, no base offset.
    let mut content = vec![0, 0, 0, 0, 0x44, 0];
    content.extend((items.len() as u16).to_be_bytes());
    let mut at = start;
    for (number, pieces) in items {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        content.extend(number.to_be_bytes());
        // This file, in one extent.
        content.extend([0, 0, 0, 1]);
        content.extend((at as u32).to_be_bytes());
        content.extend((length as u32).to_be_bytes());
        at += length;
    }
    boxed(b"iloc", &[&content])
}

fn names(items: &[Item<'_>]) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = items
        .iter()
        .map(|(number, _)| {
            let kind: &[u8] = match *number {
                EXIF => b"Exif\0",
                XMP => b"mime\0application/rdf+xml\0",
                _ => b"av01\0",
            };
            boxed(b"infe", &[&[2, 0, 0, 0], &number.to_be_bytes(), &[0, 0], kind])
        })
        .collect();
    boxed(b"iinf", &[&[0; 4], &(entries.len() as u16).to_be_bytes(), &entries.concat()])
}

fn properties(parts: &Parts<'_>) -> Vec<u8> {
    let mut list: Vec<Vec<u8>> = Vec::new();
    let mut add = |property: Vec<u8>| {
        list.push(property);
        list.len() as u8
    };
    let Size { width, height } = parts.size;
    let size = add(boxed(b"ispe", &[&[0; 4], &width.to_be_bytes(), &height.to_be_bytes()]));
    let mut of_color = vec![size, add(configuration(&parts.color)) | ESSENTIAL, add(depths(&parts.color))];
    // H.273: primaries and transfer function of sRGB, or left to the profile; the matrix of
    // BT.601; full range.
    let codes: [u8; 7] = if parts.icc.is_some() { [0, 2, 0, 2, 0, 6, 0x80] } else { [0, 1, 0, 13, 0, 6, 0x80] };
    of_color.push(add(boxed(b"colr", &[b"nclx", &codes])));
    if let Some(icc) = parts.icc {
        of_color.push(add(boxed(b"colr", &[b"prof", icc])));
    }
    let mut entries = vec![association(COLOR, &of_color)];
    if let Some(alpha) = &parts.alpha {
        let kind = boxed(b"auxC", &[&[0; 4], b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"]);
        let of_alpha = [size, add(configuration(alpha)) | ESSENTIAL, add(depths(alpha)), add(kind)];
        entries.push(association(ALPHA, &of_alpha));
    }
    let container = boxed(b"ipco", &[&list.concat()]);
    let count = (entries.len() as u32).to_be_bytes();
    boxed(b"iprp", &[&container, &boxed(b"ipma", &[&[0; 4], &count, &entries.concat()])])
}

fn association(item: u16, properties: &[u8]) -> Vec<u8> {
    let mut out = item.to_be_bytes().to_vec();
    out.push(properties.len() as u8);
    out.extend(properties);
    out
}

/// Repeats the sequence header of the stream: readers compare them.
fn configuration(coded: &Coded<'_>) -> Vec<u8> {
    let profile = match coded.share {
        None | Some((2, 2)) => 0,
        Some((1, 1)) => 1,
        _ => 2,
    };
    let (x, y) = coded.share.unwrap_or((2, 2));
    let flag = |is_set: bool, bit: u8| u8::from(is_set) << bit;
    let layout = flag(coded.depth == 10, 6) | flag(coded.share.is_none(), 4) | flag(x == 2, 3) | flag(y == 2, 2);
    // Level 31 has no limits, and rav1e writes it.
    boxed(b"av1C", &[&[0x81, profile << 5 | 31, layout, 0]])
}

fn depths(coded: &Coded<'_>) -> Vec<u8> {
    let channels = if coded.share.is_some() { 3 } else { 1 };
    boxed(b"pixi", &[&[0, 0, 0, 0, channels], &[coded.depth; 3][..usize::from(channels)]])
}

fn boxed(name: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let length = 8 + content.iter().map(|piece| piece.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length);
    out.extend((length as u32).to_be_bytes());
    out.extend(name);
    content.iter().for_each(|piece| out.extend(*piece));
    out
}
