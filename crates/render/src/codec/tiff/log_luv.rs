//! LogLuv: the logarithm of luminance with chromaticity coordinates (Greg Ward, "LogLuv encoding
//! for full-gamut, high-dynamic range images", 1998), with run-length packing of its own.

use std::sync::LazyLock;

use super::packing::LogLuv;

/// XYZ with equal-energy white to linear sRGB, by the author of the format.
const TO_RGB: [[f32; 3]; 3] = [[2.690, -1.276, -0.414], [-1.022, 1.978, 0.044], [0.061, -0.224, 1.163]];

/// Decodes as many rows as there are to linear samples, RGB or luminance alone, as 32-bit floats in
/// the requested byte order.
pub fn decode(packed: &[u8], kind: LogLuv, columns: u32, rows: u32, big: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = packed;
    let mut codes = vec![0u32; columns as usize];
    let mut push = |v: f32| out.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
    for _ in 0..rows {
        codes.fill(0);
        let read = match kind {
            LogLuv::Luminance => planes(&mut rest, 2, &mut codes),
            LogLuv::Runs => planes(&mut rest, 4, &mut codes),
            LogLuv::Triples => triples(&mut rest, &mut codes),
        };
        if read.is_none() {
            break;
        }
        for &code in &codes {
            match kind {
                LogLuv::Luminance => push(luminance(code)),
                LogLuv::Runs => rgb(luminance(code >> 16), coordinates(code)).into_iter().for_each(&mut push),
                LogLuv::Triples => rgb(short_luminance(code >> 14), cell(code)).into_iter().for_each(&mut push),
            }
        }
    }
    out
}

/// Reads the bytes of a row's codes in runs, all highest bytes first.
fn planes(rest: &mut &[u8], count: u32, codes: &mut [u32]) -> Option<()> {
    for shift in (0..count).rev().map(|byte| 8 * byte) {
        let mut at = 0;
        while at < codes.len() {
            let (&head, behind) = rest.split_first()?;
            *rest = behind;
            if head >= 128 {
                let (&byte, behind) = rest.split_first()?;
                *rest = behind;
                let run = usize::from(head) - 126;
                let end = codes.len().min(at + run);
                codes[at..end].iter_mut().for_each(|code| *code |= u32::from(byte) << shift);
                at = end;
            } else {
                let (bytes, behind) = rest.split_at_checked(head.into())?;
                *rest = behind;
                codes[at..].iter_mut().zip(bytes).for_each(|(code, &byte)| *code |= u32::from(byte) << shift);
                at += bytes.len();
            }
        }
    }
    Some(())
}

/// Reads codes of three bytes each.
fn triples(rest: &mut &[u8], codes: &mut [u32]) -> Option<()> {
    let (bytes, behind) = rest.split_at_checked(3 * codes.len())?;
    *rest = behind;
    for (code, bytes) in codes.iter_mut().zip(bytes.as_chunks::<3>().0) {
        *code = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
    }
    Some(())
}

/// 15 bits, and a sign. Negative values are black.
fn luminance(code: u32) -> f32 {
    match code & 0xFFFF {
        0 | 0x8000.. => 0.0,
        code => ((code as f32 + 0.5) / 256.0 - 64.0).exp2(),
    }
}

/// 10 bits.
fn short_luminance(code: u32) -> f32 {
    if code == 0 { 0.0 } else { ((code as f32 + 0.5) / 64.0 - 12.0).exp2() }
}

/// u' and v' of CIE 1976, one byte each.
fn coordinates(code: u32) -> (f32, f32) {
    let one = |byte: u32| ((byte & 255) as f32 + 0.5) / 410.0;
    (one(code >> 8), one(code))
}

/// u' and v' of the cell in the lowest 14 bits. An invalid cell is neutral.
fn cell(code: u32) -> (f32, f32) {
    static MIDDLES: LazyLock<Vec<(f32, f32)>> = LazyLock::new(|| {
        let middle = |from: f32, cell: u16| from + (f32::from(cell) + 0.5) * SIDE;
        let row = |(row, &(start, count)): (u16, &(u32, u8))| {
            (0..count).map(move |i| (middle(start as f32 / 1e6, i.into()), middle(BOTTOM, row)))
        };
        (0..).zip(CELLS).flat_map(row).collect()
    });
    MIDDLES.get(code as usize & 0x3FFF).copied().unwrap_or((4.0 / 19.0, 9.0 / 19.0))
}

fn rgb(y: f32, (u, v): (f32, f32)) -> [f32; 3] {
    let scale = y / (4.0 * v);
    let xyz = [9.0 * u * scale, y, (12.0 - 3.0 * u - 20.0 * v) * scale];
    TO_RGB.map(|row| row.iter().zip(xyz).map(|(a, b)| a * b).sum::<f32>().max(0.0))
}

/// The side of a cell, and the start of the lowest row.
const SIDE: f32 = 0.0035;
const BOTTOM: f32 = 0.016_94;

/// The cells of real colours, row by row upwards: where a row begins, in millionths, and how many
/// cells it has.
#[rustfmt::skip]
const CELLS: &[(u32, u8)] = &[
    (247663, 4), (243779, 6), (241684, 7), (237874, 9), (235906, 10), (232153, 12), (228352, 14), (226259, 15), (222371, 17),
    (220410, 18), (214710, 21), (212714, 22), (210721, 23), (204976, 26), (202986, 27), (199245, 29), (195525, 31),
    (193560, 32), (189878, 34), (186216, 36), (186216, 36), (182592, 38), (179003, 40), (175466, 42), (172001, 44),
    (172001, 44), (168612, 46), (168612, 46), (163575, 49), (158642, 52), (158642, 52), (158642, 52), (153815, 55),
    (153815, 55), (149097, 58), (149097, 58), (142746, 62), (142746, 62), (142746, 62), (138270, 65), (138270, 65),
    (138270, 65), (132166, 69), (132166, 69), (126204, 73), (126204, 73), (126204, 73), (120381, 77), (120381, 77),
    (120381, 77), (120381, 77), (112962, 82), (112962, 82), (112962, 82), (107450, 86), (107450, 86), (107450, 86),
    (107450, 86), (100343, 91), (100343, 91), (100343, 91), (95126, 95), (95126, 95), (95126, 95), (95126, 95), (88276, 100),
    (88276, 100), (88276, 100), (88276, 100), (81523, 105), (81523, 105), (81523, 105), (81523, 105), (74861, 110),
    (74861, 110), (74861, 110), (74861, 110), (68290, 115), (68290, 115), (68290, 115), (68290, 115), (63573, 119),
    (63573, 119), (63573, 119), (63573, 119), (57219, 124), (57219, 124), (57219, 124), (57219, 124), (50985, 129),
    (50985, 129), (50985, 129), (50985, 129), (50985, 129), (44859, 134), (44859, 134), (44859, 134), (44859, 134),
    (40571, 138), (40571, 138), (40571, 138), (40571, 138), (36339, 142), (36339, 142), (36339, 142), (36339, 142),
    (32139, 146), (32139, 146), (32139, 146), (32139, 146), (27947, 150), (27947, 150), (27947, 150), (23739, 154),
    (23739, 154), (23739, 154), (23739, 154), (19504, 158), (19504, 158), (19504, 158), (16976, 161), (16976, 161),
    (16976, 161), (16976, 161), (12639, 165), (12639, 165), (12639, 165), (9991, 168), (9991, 168), (9991, 168), (9016, 170),
    (9016, 170), (9016, 170), (6217, 173), (6217, 173), (5097, 175), (5097, 175), (5097, 175), (3909, 177), (3909, 177),
    (2340, 177), (2389, 170), (1068, 164), (1653, 157), (717, 150), (1614, 143), (270, 136), (484, 129), (1103, 123),
    (1242, 115), (1188, 109), (1011, 103), (709, 97), (301, 89), (2416, 82), (3251, 76), (3246, 69), (4141, 62), (5963, 55),
    (8839, 47), (10490, 40), (16994, 31), (23659, 21),
];
