//! One picture in every storage layout.

use std::io::Write;

use super::maker::{LONG, Maker, SHORT};
use crate::size::Size;

/// A sample value that differs from its neighbours.
pub(super) fn value(x: u32, y: u32, c: u32) -> u64 {
    u64::from((x * 7919 + y * 104_729 + c * 31_337 + 4099) % 65_536)
}

/// A storage layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) compression: u64,
    pub(super) bits: u32,
    pub(super) planar: bool,
    pub(super) tiled: bool,
    pub(super) big: bool,
    pub(super) wide: bool,
    pub(super) predictor: u64,
}

pub(super) const SAMPLES: u32 = 3;
pub(super) const SIZE: Size = Size::new(19, 21);

/// The stored samples of a rectangle, with 0 beyond the picture.
pub(super) fn raw(way: Stored, (left, top): (u32, u32), part: Size, plane: Option<u32>) -> Vec<u8> {
    let bytes = way.bits as usize / 8;
    let mut out = Vec::new();
    for y in top..top + part.height {
        let start = out.len();
        let mut before = vec![0u64; SAMPLES as usize];
        for x in left..left + part.width {
            for c in plane.map_or(0..SAMPLES, |p| p..p + 1) {
                let inside = x < SIZE.width && y < SIZE.height;
                let v = if inside { value(x, y, c) >> (16 - way.bits) } else { 0 };
                let stored = if way.predictor == 2 { v.wrapping_sub(before[c as usize]) } else { v };
                before[c as usize] = v;
                let le = &stored.to_le_bytes()[..bytes];
                if way.big { out.extend(le.iter().rev()) } else { out.extend(le) }
            }
        }
        assert_eq!(out.len() - start, part.width as usize * bytes * if plane.is_some() { 1 } else { SAMPLES as usize });
    }
    out
}

pub(super) fn pack(compression: u64, raw: &[u8]) -> Vec<u8> {
    match compression {
        1 => raw.to_vec(),
        5 => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(raw).unwrap(),
        8 => {
            let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            zlib.write_all(raw).unwrap();
            zlib.finish().unwrap()
        }
        50_000 => zstd::encode_all(raw, 1).unwrap(),
        32_773 => {
            // Literal runs, every second one as repeats of one byte, and a no-op byte.
            let mut out = vec![128];
            for (i, run) in raw.chunks(5).enumerate() {
                if i % 2 == 0 {
                    out.push(run.len() as u8 - 1);
                    out.extend(run);
                } else {
                    run.iter().for_each(|&b| out.extend([0, b]));
                }
            }
            out
        }
        _ => unreachable!("compression {compression}"),
    }
}

pub(super) fn stored(way: Stored) -> Vec<u8> {
    let mut maker = Maker::new(SIZE, u64::from(way.bits), u64::from(SAMPLES), 2)
        .tag(259, SHORT, &[way.compression])
        .tag(284, SHORT, &[if way.planar { 2 } else { 1 }])
        .tag(317, SHORT, &[way.predictor]);
    maker.big = way.big;
    maker.wide = way.wide;
    maker.tiled = way.tiled;
    let part = if way.tiled { Size::new(16, 16) } else { Size::new(SIZE.width, 8) };
    maker = if way.tiled { maker.tag(322, LONG, &[16]).tag(323, LONG, &[16]) } else { maker.tag(278, LONG, &[8]) };
    let planes: Vec<Option<u32>> = if way.planar { (0..SAMPLES).map(Some).collect() } else { vec![None] };
    for plane in planes {
        for top in (0..SIZE.height).step_by(part.height as usize) {
            for left in (0..SIZE.width).step_by(part.width as usize) {
                let rows = if way.tiled { part.height } else { part.height.min(SIZE.height - top) };
                let raw = raw(way, (left, top), Size::new(part.width, rows), plane);
                maker = maker.part(pack(way.compression, &raw));
            }
        }
    }
    maker.file()
}

pub(super) fn ways() -> Vec<Stored> {
    let mut ways = Vec::new();
    for compression in [1, 5, 8, 32_773, 50_000] {
        for bits in [8, 16] {
            for flags in 0..16 {
                let [planar, tiled, big, wide] = [1, 2, 4, 8].map(|bit| flags & bit != 0);
                let predicts = matches!(compression, 5 | 8 | 50_000);
                for predictor in if predicts { 1..=2 } else { 1..=1 } {
                    ways.push(Stored { compression, bits, planar, tiled, big, wide, predictor });
                }
            }
        }
    }
    ways
}
