//! The quality of a JPEG, as far as its quantisation tables tell.

use std::sync::LazyLock;

use super::encode::Table;
use super::idct::ZIGZAG;
use super::markers::{DQT, SOS, is_frame, next_segment};
use super::script::Quant;

/// Steps of luma and chroma at quality 50 from Annex K of T.81, which libjpeg scales.
#[rustfmt::skip]
const ANNEX_K: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16,  24,  40,  51,  61,
        12, 12, 14, 19,  26,  58,  60,  55,
        14, 13, 16, 24,  40,  57,  69,  56,
        14, 17, 22, 29,  51,  87,  80,  62,
        18, 22, 37, 56,  68, 109, 103,  77,
        24, 35, 55, 64,  81, 104, 113,  92,
        49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103,  99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99,
        18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99,
        47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// Tables that encoders make of a quality, by libjpeg's scale: libjpeg's, and those of this crate.
const FAMILIES: [fn(u8, bool) -> Quant; 4] = [
    libjpeg,
    |quality, _| Table::new(quality).zigzag(),
    |quality, is_chroma| Table::tuned(quality, is_chroma).zigzag(),
    // Some programs take the steps of luma for chroma.
    |quality, _| libjpeg(quality, false),
];

fn libjpeg(quality: u8, is_chroma: bool) -> Quant {
    let steps = &ANNEX_K[usize::from(is_chroma)];
    let percent = if quality < 50 { 5000 / u32::from(quality) } else { 200 - 2 * u32::from(quality) };
    ZIGZAG.map(|at| ((u32::from(steps[usize::from(at)]) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// The quality from 1 to 100, on libjpeg's scale, whose tables are nearest to those of a JPEG. Exact where libjpeg or this
/// crate made it. Returns None without tables.
pub fn estimated_quality(jpeg: &[u8]) -> Option<u8> {
    let tables = tables(jpeg)?;
    let logs: Vec<(usize, [f32; 64])> =
        tables.iter().map(|(is_chroma, table)| (usize::from(*is_chroma), table.map(log))).collect();
    let mut nearest = (f32::INFINITY, None);
    for (i, known) in LOGS.iter().enumerate() {
        let of = |(kind, own): &(usize, [f32; 64])| -> f32 {
            known[*kind].iter().zip(own).map(|(step, own)| (step - own).abs()).sum()
        };
        let distance = logs.iter().map(of).sum();
        if distance < nearest.0 {
            nearest = (distance, Some((i % 100) as u8 + 1));
        }
        if distance == 0.0 {
            break;
        }
    }
    nearest.1
}

/// Logarithms of the tables of each family and quality, for luma and chroma. Making them takes longer than decoding a small
/// picture.
static LOGS: LazyLock<Vec<[[f32; 64]; 2]>> = LazyLock::new(|| {
    let tables =
        FAMILIES.iter().flat_map(|family| (1..=100).map(|quality| [false, true].map(|kind| family(quality, kind))));
    tables.map(|tables| tables.map(|table| table.map(log))).collect()
});

fn log(step: u16) -> f32 {
    f32::from(step.max(1)).ln()
}

/// The tables of the first component, and of the second, which is chroma, in zigzag order.
fn tables(jpeg: &[u8]) -> Option<Vec<(bool, Quant)>> {
    let mut known: [Option<Quant>; 4] = [None; 4];
    let mut used: Vec<usize> = Vec::new();
    let mut at = 0;
    loop {
        let segment = next_segment(jpeg, at).ok()?;
        at = segment.end;
        let mut content = &jpeg[segment.start..segment.end];
        match segment.marker {
            DQT => {
                while let Some((&kind, rest)) = content.split_first() {
                    let (is_wide, slot) = (kind >> 4 != 0, usize::from(kind & 15));
                    let length = if is_wide { 128 } else { 64 };
                    let steps = rest.get(..length)?;
                    let step = |i: usize| match is_wide {
                        true => u16::from_be_bytes([steps[2 * i], steps[2 * i + 1]]),
                        false => steps[i].into(),
                    };
                    *known.get_mut(slot)? = Some(std::array::from_fn(step));
                    content = &rest[length..];
                }
            }
            marker if is_frame(marker) => {
                let components = content.get(6..)?.chunks_exact(3);
                used = components.map(|component| usize::from(component[2])).collect();
            }
            SOS => break,
            _ => {}
        }
    }
    let table = |(index, slot): (usize, &usize)| Some((index > 0, *known.get(*slot)?.as_ref()?));
    let found: Vec<_> = used.iter().take(2).enumerate().map(table).collect::<Option<_>>()?;
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a JPEG with these tables.
    fn with(tables: &[Quant]) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8];
        for (slot, table) in tables.iter().enumerate() {
            out.extend([0xff, DQT, 0, 131, 0x10 | slot as u8]);
            table.iter().for_each(|step| out.extend(step.to_be_bytes()));
        }
        let count = if tables.len() == 1 { 1 } else { 3 };
        out.extend([0xff, 0xc0, 0, 8 + 3 * count, 8, 0, 1, 0, 1, count]);
        (0..count).for_each(|i| out.extend([i + 1, 0x11, i.min(1)]));
        out.extend([0xff, SOS, 0, 2]);
        out
    }

    #[test]
    fn known_tables_tell_each_quality() {
        for family in FAMILIES {
            for quality in 1..=100 {
                let both = with(&[family(quality, false), family(quality, true)]);
                let grey = with(&[family(quality, false)]);
                for found in [estimated_quality(&both), estimated_quality(&grey)].map(Option::unwrap) {
                    // The coarsest tables are all 255, for several qualities.
                    let is_same = |is_chroma| family(found, is_chroma) == family(quality, is_chroma);
                    assert!(found == quality || (quality < 5 && is_same(false) && is_same(true)), "{quality} {found}");
                }
            }
        }
        assert!((1..=100).all(|quality| {
            let found = estimated_quality(&with(&[libjpeg(quality, false), libjpeg(quality, true)]));
            found == Some(quality)
        }));
    }

    #[test]
    fn foreign_tables_are_placed_between_known_ones() {
        for quality in (10..95).step_by(7) {
            // Each step between those of two qualities.
            let between = |is_chroma| {
                let (a, b) = (libjpeg(quality, is_chroma), libjpeg(quality + 5, is_chroma));
                std::array::from_fn(|i| (a[i] + b[i]).div_ceil(2))
            };
            let estimate = estimated_quality(&with(&[between(false), between(true)])).unwrap();
            assert!((quality..=quality + 5).contains(&estimate), "{quality}: {estimate}");
        }
        let flat = |step| estimated_quality(&with(&[[step; 64], [step; 64]])).unwrap();
        assert_eq!((flat(1), flat(255)), (100, 1));
        assert!(flat(4) > flat(16) && flat(16) > flat(64));
        // Coarser than any quality.
        assert_eq!(flat(9000), 1);
    }

    #[test]
    fn without_tables_there_is_none() {
        assert_eq!(estimated_quality(&[]), None);
        assert_eq!(estimated_quality(&[0xff, 0xd8, 0xff, SOS, 0, 2]), None);
        let whole = with(&[[9; 64]]);
        for end in 0..whole.len() - 2 {
            assert_eq!(estimated_quality(&whole[..end]), None, "{end}");
        }
    }
}
