//! Rows of fax, encoded with the tables of the `fax` crate.

use super::{Kind, decode};

use fax::maps::{black, white};
use fax::{BitWriter, Bits, VecWriter};

const COLUMNS: u32 = 2600;

/// Rows of runs of all lengths, white first; some begin with black.
fn pictures() -> Vec<Vec<bool>> {
    let mut state = 7u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    (0..40)
        .map(|y| {
            let mut row = Vec::new();
            let mut is_black = y % 3 == 1;
            while row.len() < COLUMNS as usize {
                let most = [3, 70, 700, 2600][(next() % 4) as usize];
                row.extend(vec![is_black; (next() % most + 1) as usize]);
                is_black = !is_black;
            }
            row.truncate(COLUMNS as usize);
            row
        })
        .collect()
}

fn put_run(out: &mut VecWriter, is_black: bool, mut run: u16) {
    let code = |n| if is_black { black::encode(n) } else { white::encode(n) };
    while run >= 2560 {
        out.write(code(2560).unwrap()).unwrap();
        run -= 2560;
    }
    if run >= 64 {
        out.write(code(run / 64 * 64).unwrap()).unwrap();
    }
    out.write(code(run % 64).unwrap()).unwrap();
}

fn put_row(out: &mut VecWriter, row: &[bool]) {
    let (mut at, mut is_black) = (0, false);
    while at < row.len() {
        let run = row[at..].iter().take_while(|&&b| b == is_black).count();
        put_run(out, is_black, run as u16);
        at += run;
        is_black = !is_black;
    }
}

fn bits(row: &[bool]) -> Vec<u8> {
    row.chunks(8).map(|b| b.iter().enumerate().fold(0, |n, (i, &on)| n | u8::from(on) << (7 - i))).collect()
}

#[test]
fn in_one_dimension() {
    let rows = pictures();
    let want: Vec<u8> = rows.iter().flat_map(|row| bits(row)).collect();
    let count = rows.len() as u32;
    let mut huffman = Vec::new();
    let mut group3 = VecWriter::new();
    for row in &rows {
        let mut out = VecWriter::new();
        put_row(&mut out, row);
        huffman.extend(out.finish());
        group3.write(Bits { data: 1, len: 12 }).unwrap();
        put_row(&mut group3, row);
    }
    let group3 = group3.finish();
    assert_eq!(decode(&huffman, Kind::Huffman { words: false }, COLUMNS, count), (want.clone(), None));
    assert_eq!(decode(&group3, Kind::Group3 { two_dimensions: false }, COLUMNS, count), (want.clone(), None));
    let (part, end) = decode(&group3[..group3.len() / 2], Kind::Group3 { two_dimensions: false }, COLUMNS, count);
    assert!(end.is_some() && want.starts_with(&part[..part.len() - part.len() / 20]));
}

#[test]
fn in_two_dimensions() {
    let rows = pictures();
    let want: Vec<u8> = rows.iter().flat_map(|row| bits(row)).collect();
    let mut encoder = fax::encoder::Encoder::new(VecWriter::new());
    for row in &rows {
        let colors = row.iter().map(|&b| if b { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(colors, COLUMNS as u16).unwrap();
    }
    let packed = encoder.finish().unwrap().finish();
    assert_eq!(decode(&packed, Kind::Group4, COLUMNS, rows.len() as u32), (want, None));
    for cut in 0..packed.len() {
        let (_, end) = decode(&packed[..cut], Kind::Group4, COLUMNS, rows.len() as u32);
        assert!(end.is_some() || cut + 8 > packed.len(), "{cut}");
    }
}

#[test]
fn noise_ends() {
    let noise: Vec<u8> = (0..4000u32).map(|i| (i * i * 31 + i * 7) as u8).collect();
    for kind in [
        Kind::Huffman { words: true },
        Kind::Group3 { two_dimensions: true },
        Kind::Group3 { two_dimensions: false },
        Kind::Group4,
    ] {
        for columns in [1, 17, 70_000] {
            let (rows, _) = decode(&noise, kind, columns, 50);
            assert!(rows.len() <= 50 * columns.div_ceil(8) as usize);
        }
    }
}
