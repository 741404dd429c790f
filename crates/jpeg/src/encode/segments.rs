//! The marker segments around the scans.

use super::super::frame::{Frame, Kind};
use super::super::idct::ZIGZAG;
use super::super::markers::{APP0, DHT, DQT, DRI, SOS};
use super::codes::Codes;
use super::script::{self, Scan};
use super::tables::Table;
use super::walk::TABLES;

/// Bytes that one segment holds.
pub(super) const MOST: usize = 65_533;

/// What stands in front of each part of a profile, two bytes that number it included.
const ICC: &[u8] = b"ICC_PROFILE\0";

/// Bytes of a profile that one segment holds.
const ICC_PART: usize = MOST - ICC.len() - 2;

/// A profile that is longer does not fit 255 segments.
pub(super) const MOST_ICC: usize = 255 * ICC_PART;

pub(super) fn segment(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend([0xFF, marker]);
    out.extend((length as u16 + 2).to_be_bytes());
    parts.iter().for_each(|part| out.extend(*part));
}

/// JFIF 1.1: pixels are square, of no stated size.
pub(super) fn jfif(out: &mut Vec<u8>) {
    segment(out, APP0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"]);
}

/// Adobe's, which says that four components are YCCK.
pub(super) fn adobe(out: &mut Vec<u8>) {
    segment(out, APP0 + 14, &[b"Adobe\0\x64\0\0\0\0\x02"]);
}

/// A profile, in numbered parts (ICC.1, annex B.4).
pub(super) fn icc(out: &mut Vec<u8>, profile: &[u8]) {
    let parts = profile.chunks(ICC_PART);
    let count = parts.len() as u8;
    for (number, part) in (1u8..=255).zip(parts) {
        segment(out, APP0 + 2, &[ICC, &[number, count], part]);
    }
}

pub(super) fn quantisation(out: &mut Vec<u8>, tables: &[Table]) {
    let mut data = Vec::with_capacity(tables.len() * 65);
    for (id, table) in (0u8..).zip(tables) {
        data.push(id);
        data.extend(ZIGZAG.map(|natural| table.0[usize::from(natural)]));
    }
    segment(out, DQT, &[&data]);
}

pub(super) fn frame(out: &mut Vec<u8>, frame: &Frame) {
    let marker = if frame.kind == Kind::Progressive { 0xC2 } else { 0xC0 };
    let mut data = vec![frame.precision];
    data.extend((frame.height as u16).to_be_bytes());
    data.extend((frame.width as u16).to_be_bytes());
    data.push(frame.components.len() as u8);
    for c in &frame.components {
        data.extend([c.id, c.h << 4 | c.v, c.table]);
    }
    segment(out, marker, &[&data]);
}

pub(super) fn restart(out: &mut Vec<u8>, interval: u16) {
    segment(out, DRI, &[&interval.to_be_bytes()]);
}

/// The tables that a scan needs; those of luma have the number 0, those of chroma 1.
pub(super) fn huffman(out: &mut Vec<u8>, codes: &[Option<Codes>; TABLES]) {
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

pub(super) fn scan(out: &mut Vec<u8>, frame: &Frame, scan: &Scan) {
    let mut data = vec![scan.components.len() as u8];
    for &i in &scan.components {
        data.extend([frame.components[i].id, script::kind(i) * 0x11]);
    }
    data.extend([scan.first, scan.last, scan.high << 4 | scan.low]);
    segment(out, SOS, &[&data]);
}
