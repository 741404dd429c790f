//! Fax rows, encoded with the tables of the `fax` crate.

use super::{Fax, Kind};

use fax::maps::{black, white};
use fax::{BitWriter, Bits, VecWriter};

const COLUMNS: u32 = 2600;

/// The rows and the error that ended them. Asserts nothing about oddities.
fn decode(packed: &[u8], kind: Kind, columns: u32, rows: u32) -> (Vec<u8>, Option<&'static str>) {
    let Fax { rows, error, .. } = super::decode(packed, kind, columns, rows);
    (rows, error)
}

/// Rows with runs of all lengths, white first. Some begin with black.
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
        encoder.encode_line(colors, COLUMNS).unwrap();
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

/// Group 3 in one dimension, every row with its end-of-line code. The rows in `bad` are broken in
/// the middle.
fn transmitted(rows: &[Vec<bool>], bad: &[usize]) -> Vec<u8> {
    let mut out = VecWriter::new();
    for (y, row) in rows.iter().enumerate() {
        out.write(Bits { data: 1, len: 12 }).unwrap();
        if bad.contains(&y) {
            put_run(&mut out, false, 100);
            put_run(&mut out, true, 7);
        } else {
            put_row(&mut out, row);
        }
    }
    (0..6).for_each(|_| out.write(Bits { data: 1, len: 12 }).unwrap());
    out.finish()
}

/// Regression: one row damaged in transmission lost the whole page, which other readers show.
#[test]
fn a_damaged_row_costs_no_other_row() {
    let (rows, stride) = (pictures(), COLUMNS.div_ceil(8) as usize);
    let kind = Kind::Group3 { two_dimensions: false };
    let fax = super::decode(&transmitted(&rows, &[5, 20]), kind, COLUMNS, rows.len() as u32);
    assert_eq!(
        (fax.error, fax.oddity.as_deref()),
        (None, Some("2 of 40 rows of the fax were damaged in transmission"))
    );
    for (y, (found, row)) in fax.rows.chunks(stride).zip(&rows).enumerate() {
        assert_eq!(found == bits(row), !matches!(y, 5 | 20), "{y}");
    }
    assert_eq!(fax.rows[5 * stride..][..14], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0xe0]);
    let many = super::decode(&transmitted(&rows, &[5, 6, 8, 20, 30]), kind, COLUMNS, rows.len() as u32);
    assert_eq!((many.error.is_some(), many.rows.len()), (true, 5 * stride));
}

#[test]
fn a_fax_may_end_before_the_declared_height() {
    let (rows, stride) = (pictures(), COLUMNS.div_ceil(8) as usize);
    let packed = transmitted(&rows, &[]);
    let kind = Kind::Group3 { two_dimensions: false };
    let exact = super::decode(&packed, kind, COLUMNS, 40);
    assert_eq!((exact.error, exact.oddity), (None, None));
    let longer = super::decode(&packed, kind, COLUMNS, 42);
    let note = "the fax ends before its last row: 2 of 42 rows are white";
    assert_eq!((longer.error, longer.oddity.as_deref()), (None, Some(note)));
    assert_eq!(longer.rows.len(), 42 * stride);
    assert!(longer.rows.starts_with(&exact.rows) && longer.rows[40 * stride..].iter().all(|&b| b == 0));
    // Without its end-of-fax code the fax is truncated.
    assert!(super::decode(&packed[..packed.len() - 9], kind, COLUMNS, 42).error.is_some());
}

#[test]
fn a_mislabelled_fax_is_read_as_its_actual_kind() {
    let rows = pictures();
    let want: Vec<u8> = rows.iter().flat_map(|row| bits(row)).collect();
    let packed = transmitted(&rows, &[]);
    for kind in [Kind::Group3 { two_dimensions: true }, Kind::Huffman { words: false }] {
        let fax = super::decode(&packed, kind, COLUMNS, rows.len() as u32);
        assert_eq!((fax.rows == want, fax.error, fax.oddity), (true, None, None), "{kind:?}");
    }
}
