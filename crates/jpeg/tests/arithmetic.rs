//! Compares arithmetically coded JPEGs with their twins, which hold the same coefficients with
//! Huffman coding.

use thumbs_jpeg::{Error, Header, Image, Kind, Options};

const TWINS: [(&[u8], &[u8], Kind); 2] = [
    (
        include_bytes!("../../../fixtures/jpeg/arithmetic.jpg"),
        include_bytes!("../../../fixtures/jpeg/huffman.jpg"),
        Kind::Extended,
    ),
    (
        include_bytes!("../../../fixtures/jpeg/arithmetic-progressive.jpg"),
        include_bytes!("../../../fixtures/jpeg/huffman-progressive.jpg"),
        Kind::Progressive,
    ),
];

fn header(data: &[u8]) -> Header {
    thumbs_jpeg::read_header(data).unwrap()
}

fn at(data: &[u8], n: u8, options: &Options<'_>) -> Result<Image, Error> {
    let header = header(data);
    thumbs_jpeg::decode(data, &header, &header.plan_at(n), options)
}

#[test]
fn twins_decode_alike() {
    for (arithmetic, huffman, kind) in TWINS {
        let (ours, theirs) = (header(arithmetic), header(huffman));
        assert_eq!((ours.arithmetic, ours.kind, theirs.arithmetic), (true, kind, false));
        for n in 1..=8 {
            for strict in [false, true] {
                let options = Options { strict, ..Options::default() };
                assert!(at(arithmetic, n, &options).unwrap() == at(huffman, n, &options).unwrap(), "{kind:?} at {n}");
            }
        }
        for need in [(20.0, 15.0), (60.0, 45.0), (110.0, 80.0)] {
            let all = |data, header: &Header| {
                thumbs_jpeg::decode(data, header, &header.plan(need), &Options::default()).unwrap()
            };
            assert!(all(arithmetic, &ours) == all(huffman, &theirs), "{kind:?} for {need:?}");
        }
    }
}

/// The position of the first restart marker with number `n`.
fn restart(data: &[u8], n: u8) -> usize {
    data.windows(2).position(|two| two == [0xFF, 0xD0 + n]).unwrap()
}

#[test]
fn truncated_anywhere() {
    for (data, _, kind) in TWINS {
        for end in (0..data.len()).step_by(23).chain([data.len() - 1, data.len() - 2]) {
            let cut = &data[..end];
            if thumbs_jpeg::read_header(cut).is_err() {
                continue;
            }
            let result = at(cut, 4, &Options::default());
            assert!(matches!(result, Err(Error::Truncated(_) | Error::Damaged(_))), "{kind:?} {end}: {result:?}");
            let image = at(cut, 4, &Options { allow_truncated: true, ..Options::default() }).unwrap();
            assert!(image.damage.is_some(), "{kind:?} {end}");
        }
    }
}

#[test]
fn lines_before_the_damage_are_kept() {
    let (data, huffman, _) = TWINS[0];
    let whole = at(huffman, 8, &Options::default()).unwrap();
    // Every row of 16 lines restarts; the third has a marker with a wrong number.
    let mut bad = data.to_vec();
    bad[restart(data, 1) + 1] = 0xD5;
    assert_eq!(at(&bad, 8, &Options::default()), Err(Error::Damaged("a restart marker has the wrong number")));
    for (data, rows) in [(&bad[..], 2), (&data[..restart(data, 3) - 9], 3)] {
        let image = at(data, 8, &Options { allow_truncated: true, ..Options::default() }).unwrap();
        assert_eq!(image.damage.unwrap().whole_lines, rows * 16);
        // The interpolated chroma of the last line depends on the line below.
        let same = (rows * 16 - 1) as usize * 3 * image.width as usize;
        assert!(image.data[..same] == whole.data[..same]);
        assert!(image.data[same..] != whole.data[same..]);
    }
}

#[test]
fn other_conditioning_is_read_and_broken_one_refused() {
    let (data, ..) = TWINS[0];
    // The segment holds the default values of the standard: differences of 0 are zero, up to 2 are
    // small, and 5 frequencies are low.
    let told = [0xFF, 0xCC, 0, 10, 0, 0x10, 0x10, 5, 1, 0x10, 0x11, 5];
    let place = data.windows(told.len()).position(|window| window == told).unwrap();
    let with = |pairs: &[u8]| {
        let mut all = data[..place].to_vec();
        if !pairs.is_empty() {
            all.extend([0xFF, 0xCC, 0, 2 + pairs.len() as u8]);
            all.extend(pairs);
        }
        all.extend(&data[place + told.len()..]);
        at(&all, 8, &Options::default())
    };
    let plain = at(data, 8, &Options::default()).unwrap();
    assert!(with(&[]).unwrap() == plain);
    for other in [[0, 0x21], [0x10, 9]] {
        assert!(with(&other) != Ok(plain.clone()), "{other:?} says something else");
    }
    for broken in [&[0, 0x12][..], &[0x10, 0], &[0x10, 64], &[4, 0x10], &[0x20, 1], &[0]] {
        let error = Error::Damaged("a conditioning of arithmetic coding is broken");
        assert_eq!(with(broken), Err(error), "{broken:?}");
    }
}

#[test]
fn flipped_bits_do_not_panic() {
    for (data, ..) in TWINS {
        let first = data.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
        for at_byte in (first..data.len() - 2).step_by(5) {
            let mut bad = data.to_vec();
            bad[at_byte] ^= 1 << (at_byte % 8);
            let Ok(header) = thumbs_jpeg::read_header(&bad) else { continue };
            let allow = Options { allow_truncated: true, ..Options::default() };
            for options in [Options::default(), allow] {
                if let Ok(image) = thumbs_jpeg::decode(&bad, &header, &header.plan_at(2), &options) {
                    assert_eq!(image.data.len(), 31 * 24 * 3);
                }
            }
        }
    }
}
