use super::*;
use crate::pixmap::{Pixmap, Samples};

/// Makes a frame on a screen.
struct Maker<'m> {
    screen: (u8, u8),
    at: (u8, u8),
    frame: (u8, u8),
    /// Blocks before the frame.
    before: &'m [u8],
    interlaced: bool,
    indices: Vec<u8>,
}

/// Black, white, red, green.
const COLORS: [[u8; 3]; 4] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0]];
const TRANSPARENT_GREEN: &[u8] = b"\x21\xf9\x04\x01\0\0\x03\0";

impl<'m> Maker<'m> {
    fn new(screen: (u8, u8), at: (u8, u8), frame: (u8, u8)) -> Self {
        let indices = vec![1u8; usize::from(frame.0) * usize::from(frame.1)];
        Self { screen, at, frame, before: b"", interlaced: false, indices }
    }

    fn before(self, before: &'m [u8]) -> Self {
        Self { before, ..self }
    }

    fn indices(self, indices: &[u8]) -> Self {
        Self { indices: indices.to_vec(), ..self }
    }

    fn file(&self) -> Vec<u8> {
        let mut out = b"GIF89a".to_vec();
        out.extend([self.screen.0, 0, self.screen.1, 0, 0x81, 0, 0]);
        out.extend(COLORS.concat());
        out.extend(self.before);
        out.extend([0x2c, self.at.0, 0, self.at.1, 0, self.frame.0, 0, self.frame.1, 0]);
        out.extend([if self.interlaced { 0x40 } else { 0 }, 3]);
        let data = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 3).encode(&self.indices).unwrap();
        // Blocks of one byte, so that codes continue in the next block.
        data.iter().for_each(|&byte| out.extend([1, byte]));
        out.extend([0, 0x3b]);
        out
    }
}

fn decode_with(bytes: &[u8], allow_truncated: bool) -> Result<(Pixmap, Vec<String>), DecodeError> {
    let picture = Gif.open(bytes, &Limits::default())?;
    let options = DecodeOptions { allow_truncated, ..DecodeOptions::default() };
    let decoded = picture.decode(&picture.offer(None), &options)?;
    Ok((decoded.pixels.into_pixmap(), decoded.notes))
}

fn decode(bytes: &[u8]) -> Pixmap {
    decode_with(bytes, false).unwrap_or_else(|e| panic!("{e}")).0
}

fn samples(pixmap: Pixmap) -> Vec<u8> {
    match pixmap.into_samples() {
        Samples::U8(v) => v,
        Samples::U16(_) => panic!("8 bits"),
    }
}

#[test]
fn screens_and_their_first_frames() {
    for (screen, at, frame, size) in [
        ((5, 5), (1, 1), (2, 2), (5, 5)),
        ((2, 2), (0, 0), (4, 3), (4, 3)),
        ((4, 4), (1, 2), (3, 3), (4, 5)),
        ((3, 3), (3, 0), (3, 3), (6, 3)),
        ((3, 3), (0, 4), (3, 3), (3, 7)),
        ((0, 0), (0, 0), (3, 2), (3, 2)),
    ] {
        let pixmap = decode(&Maker::new(screen, at, frame).file());
        assert_eq!(pixmap.size(), Size::new(size.0, size.1));
        let count = pixmap.channels().count();
        assert_eq!(count == 3, at == (0, 0) && screen != (5, 5), "opaque where the frame covers the screen");
        let v = samples(pixmap);
        let white = v.chunks(count).filter(|p| **p == [255; 4][..count]).count();
        assert_eq!(white, usize::from(frame.0) * usize::from(frame.1), "the screen holds all of the frame");
        assert!(count == 3 || v[3] == 0, "the corner is free");
    }
}

#[test]
fn unknown_extensions_are_skipped() {
    // A comment, an unknown extension, and another comment.
    let extensions = b"\x21\xfe\x02hi\0\x21\x42\x03abc\x01d\0\x21\xfe\x01!\0";
    let bytes = Maker::new((3, 3), (0, 0), (3, 3)).before(extensions).file();
    assert_eq!(decode(&bytes).size(), Size::new(3, 3));
}

#[test]
fn transparent_and_missing_colors() {
    let maker = || Maker::new((4, 1), (0, 0), (4, 1)).indices(&[0, 1, 2, 3]);
    assert_eq!(samples(decode(&maker().file())), COLORS.concat());
    let alpha = samples(decode(&maker().before(TRANSPARENT_GREEN).file()));
    assert_eq!(alpha, [0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255, 0, 0, 0, 0]);
    let (pixmap, notes) = decode_with(&maker().indices(&[0, 1, 2, 7]).file(), false).unwrap();
    assert_eq!(samples(pixmap)[9..], [0, 0, 0]);
    assert_eq!(notes, ["pixels without an entry in its palette were left empty"]);
}

/// Regression: the error was "no colours for its first frame". The specification leaves the colours
/// to the reader.
#[test]
fn a_file_without_colors_is_grey() {
    let mut none = Maker::new((8, 1), (0, 0), (8, 1)).indices(&[0, 1, 2, 3, 4, 5, 6, 7]).file();
    none[10] = 0;
    none.drain(13..25);
    let (pixmap, notes) = decode_with(&none, false).unwrap();
    let greys: Vec<u8> = (0..8u32).flat_map(|i| [(i * 255 / 7) as u8; 3]).collect();
    assert_eq!((samples(pixmap), notes.len()), (greys, 1));
}

#[test]
fn interlaced_rows_find_their_places() {
    for height in 1..=19u8 {
        let stored = [(0, 8), (4, 8), (2, 4), (1, 2)].map(|(start, step)| (start..height).step_by(step));
        let indices: Vec<u8> = stored.into_iter().flatten().map(|y| y % 4).collect();
        let mut maker = Maker::new((1, height), (0, 0), (1, height)).indices(&indices);
        maker.interlaced = true;
        let upright: Vec<u8> = (0..height).flat_map(|y| COLORS[usize::from(y % 4)]).collect();
        assert_eq!(samples(decode(&maker.file())), upright, "{height}");
        // Truncated: an error, or the rows present, with a note.
        maker.indices.truncate(usize::from(height) / 2);
        assert!(decode_with(&maker.file(), false).is_err(), "{height}");
        let part = decode_with(&maker.file(), true);
        assert_eq!(part.is_ok(), height > 1, "{height}");
        assert!(part.is_err() || part.unwrap().1.len() == 1);
    }
}

#[test]
fn truncated_frames() {
    let whole = Maker::new((2, 3), (0, 0), (2, 3)).file();
    let all = samples(decode(&whole));
    let mut whole_at = None;
    for len in 6..whole.len() {
        if let Ok((pixmap, notes)) = decode_with(&whole[..len], false) {
            whole_at.get_or_insert(len);
            let opaque = samples(pixmap).iter().all(|&v| v == 255);
            assert_eq!(
                (opaque, &notes[..]),
                (true, &["truncated GIF: it ends before its trailer".to_owned()][..]),
                "{len}"
            );
            let strict = DecodeOptions { strict: true, ..DecodeOptions::default() };
            let picture = Gif.open(&whole[..len], &Limits::default()).unwrap();
            assert!(picture.decode(&picture.offer(None), &strict).is_err(), "{len}");
        }
        if let Ok((pixmap, notes)) = decode_with(&whole[..len], true) {
            let cut = pixmap.channels() == Channels::Rgba;
            assert_eq!((cut, notes.len()), (len < whole.len() - 1, 1), "{len}");
        }
    }
    assert!(all.iter().all(|&v| v == 255));
    assert!(whole_at.is_some_and(|at| at >= whole.len() - 5), "only what is behind the last code may be missing");
    // Anything behind a complete frame.
    for junk in [&b"\x99\x98\x97"[..], b"\x2c\0\0", b"<html>"] {
        let junk = [&whole[..whole.len() - 1], junk].concat();
        let (pixmap, notes) = decode_with(&junk, false).unwrap();
        assert_eq!((samples(pixmap) == all, notes.len()), (true, 1), "{notes:?}");
    }
    let (part, notes) = decode_with(&Maker::new((2, 3), (0, 0), (2, 3)).indices(&[1; 3]).file(), true).unwrap();
    assert_eq!((samples(part).chunks(6).map(|row| row[0]).collect::<Vec<_>>(), notes.len()), (vec![255, 0, 0], 1));
    let nothing = Maker::new((2, 5), (0, 2), (2, 3)).indices(&[1]).file();
    assert!(decode_with(&nothing, true).is_err(), "only what is above the frame");
    let bits = whole.iter().position(|&b| b == 0x2c).unwrap() + 10;
    for value in [0, 12, 255] {
        let mut wrong = whole.clone();
        wrong[bits] = value;
        assert!(matches!(decode_with(&wrong, true), Err(DecodeError::Damaged { .. })), "{value}");
    }
}

#[test]
fn changed_anywhere() {
    let whole = Maker::new((5, 9), (1, 1), (4, 8)).before(TRANSPARENT_GREEN).file();
    for at in 6..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = decode_with(&changed, true);
        }
    }
}
