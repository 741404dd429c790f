//! The marker segments around the scans.

use super::super::frame::{Frame, Kind};
use super::super::markers::{APP0, DHT, DQT, DRI, SOS};
use super::super::script::Quant;
use super::EncodeError;
use super::codes::Codes;
use super::script::Scan;
use super::walk::TABLES;

/// The marker of a comment.
pub(crate) const COM: u8 = 0xFE;

/// Bytes that one segment holds.
pub(crate) const MOST: usize = 65_533;

/// What stands in front of each part of a profile, two bytes that number it included.
const ICC: &[u8] = b"ICC_PROFILE\0";

/// Bytes of a profile that one segment holds.
const ICC_PART: usize = MOST - ICC.len() - 2;

/// A profile that is longer does not fit 255 segments.
pub(crate) const MOST_ICC: usize = 255 * ICC_PART;

/// Checks that application segments and a profile can be written.
pub(crate) fn check(segments: &[(u8, Vec<u8>)], icc: Option<&[u8]>) -> Result<(), EncodeError> {
    if let Some((number, data)) = segments.iter().find(|s| s.0 > 15 || s.1.len() > MOST) {
        return Err(EncodeError::Segment(*number, data.len()));
    }
    match icc {
        Some(icc) if icc.len() > MOST_ICC => Err(EncodeError::Profile(icc.len())),
        _ => Ok(()),
    }
}

pub(crate) fn segment(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend([0xFF, marker]);
    out.extend((length as u16 + 2).to_be_bytes());
    parts.iter().for_each(|part| out.extend(*part));
}

/// JFIF 1.1 with the density unit, and the horizontal and vertical density. (0, 1, 1) means square pixels without a size.
pub(crate) fn jfif(out: &mut Vec<u8>, (unit, x, y): (u8, u16, u16)) {
    segment(out, APP0, &[b"JFIF\0\x01\x01", &[unit], &x.to_be_bytes(), &y.to_be_bytes(), &[0, 0]]);
}

/// The Adobe segment with its transform byte, which determines the colour space. 2 is YCCK.
pub(crate) fn adobe(out: &mut Vec<u8>, transform: u8) {
    segment(out, APP0 + 14, &[b"Adobe\0\x64\0\0\0\0", &[transform]]);
}

/// A profile, in numbered parts (ICC.1, annex B.4).
pub(crate) fn icc(out: &mut Vec<u8>, profile: &[u8]) {
    let parts = profile.chunks(ICC_PART);
    let count = parts.len() as u8;
    for (number, part) in (1u8..=255).zip(parts) {
        segment(out, APP0 + 2, &[ICC, &[number, count], part]);
    }
}

/// Quantisation tables in zigzag order, numbered from 0.
pub(crate) fn quantisation(out: &mut Vec<u8>, tables: &[Quant]) {
    let mut data = Vec::with_capacity(tables.len() * 65);
    for (id, table) in (0u8..).zip(tables) {
        if table.iter().all(|&step| step < 256) {
            data.push(id);
            data.extend(table.map(|step| step as u8));
        } else {
            data.push(0x10 | id);
            data.extend(table.iter().flat_map(|step| step.to_be_bytes()));
        }
    }
    segment(out, DQT, &[&data]);
}

pub(crate) fn frame(out: &mut Vec<u8>, frame: &Frame) {
    let marker = match frame.kind {
        Kind::Progressive => 0xC2,
        Kind::Extended => 0xC1,
        _ => 0xC0,
    };
    let mut data = vec![frame.precision];
    data.extend((frame.height as u16).to_be_bytes());
    data.extend((frame.width as u16).to_be_bytes());
    data.push(frame.components.len() as u8);
    for c in &frame.components {
        data.extend([c.id, c.h << 4 | c.v, c.table]);
    }
    segment(out, marker, &[&data]);
}

pub(crate) fn restart(out: &mut Vec<u8>, interval: u16) {
    segment(out, DRI, &[&interval.to_be_bytes()]);
}

/// The tables that a scan needs; those of luma have the number 0, those of chroma 1.
pub(crate) fn huffman(out: &mut Vec<u8>, codes: &[Option<Codes>; TABLES]) {
    let mut data = Vec::new();
    for (class, codes) in [0x00, 0x01, 0x10, 0x11].into_iter().zip(codes) {
        if let Some(codes) = codes {
            data.push(class);
            data.extend(codes.counts);
            data.extend(&codes.symbols);
        }
    }
    if !data.is_empty() {
        segment(out, DHT, &[&data]);
    }
}

pub(crate) fn scan(out: &mut Vec<u8>, frame: &Frame, scan: &Scan) {
    let mut data = vec![scan.components.len() as u8];
    for &i in &scan.components {
        data.extend([frame.components[i].id, scan.tables[i & 3] * 0x11]);
    }
    data.extend([scan.first, scan.last, scan.high << 4 | scan.low]);
    segment(out, SOS, &[&data]);
}
