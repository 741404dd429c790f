use super::*;
use crate::pixmap::{Pixmap, Samples};
use crate::size::Size;

fn decode_with(bytes: &[u8], options: &DecodeOptions<'_>) -> Result<(Pixmap, Vec<String>), DecodeError> {
    let picture = Pnm.open(bytes, &Limits::default())?;
    let decoded = picture.decode(&picture.offer(None), options)?;
    Ok((decoded.pixels.into_pixmap(), decoded.notes))
}

fn narrow(bytes: &[u8]) -> Vec<u8> {
    match decode_with(bytes, &DecodeOptions::default()).map(|(pixmap, _)| pixmap.into_samples()) {
        Ok(Samples::U8(v)) => v,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
    }
}

fn wide(bytes: &[u8]) -> Vec<u16> {
    match decode_with(bytes, &DecodeOptions::default()).map(|(pixmap, _)| pixmap.into_samples()) {
        Ok(Samples::U16(v)) => v,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
    }
}

fn fault(bytes: &[u8]) -> DecodeError {
    decode_with(bytes, &DecodeOptions::default()).map(|(pixmap, _)| pixmap).unwrap_err()
}

#[test]
fn all_seven_kinds() {
    assert_eq!(narrow(b"P1 3 2\n1 0 1\n0 1 0\n"), [0, 255, 0, 255, 0, 255]);
    assert_eq!(narrow(b"P1 3 2 101010"), [0, 255, 0, 255, 0, 255], "bits need no blanks");
    assert_eq!(narrow(b"P2 2 1 15 0 15"), [0, 255]);
    assert_eq!(narrow(b"P3 1 1 255 1 2 3"), [1, 2, 3]);
    assert_eq!(narrow(b"P4 9 2\n\x80\x80\x01\x00"), {
        let mut bits = [255; 18];
        (bits[0], bits[8], bits[16]) = (0, 0, 0);
        bits
    });
    assert_eq!(narrow(b"P5 2 1 3 \x01\x03"), [85, 255]);
    assert_eq!(narrow(b"P6 1 1 255\n\x01\x02\x03"), [1, 2, 3]);
    let pam = |depth: u32, kind: &str, pixels: &[u8]| {
        [format!("P7\nWIDTH 1\nHEIGHT 1\nDEPTH {depth}\nMAXVAL 255\n{kind}ENDHDR\n").as_bytes(), pixels].concat()
    };
    for kind in ["", "TUPLTYPE RGB_ALPHA\n", "TUPLTYPE CMYK\n"] {
        assert_eq!(narrow(&pam(4, kind, &[1, 2, 3, 4])), [1, 2, 3, 4]);
    }
    assert_eq!(narrow(&pam(2, "TUPLTYPE GRAYSCALE_ALPHA\n", &[1, 2])), [1, 2]);
    assert_eq!(narrow(&pam(5, "TUPLTYPE RGB\n", &[1, 2, 3, 4, 5])), [1, 2, 3], "what is besides is passed over");
    assert!(matches!(fault(&pam(3, "TUPLTYPE XYZ\n", &[1, 2, 3])), DecodeError::Unsupported(_)));
    assert!(matches!(fault(&pam(2, "TUPLTYPE RGB\n", &[1, 2, 3])), DecodeError::Damaged { .. }));
    assert!(matches!(fault(&pam(6, "", &[0; 6])), DecodeError::Unsupported(_)));
}

#[test]
fn blanks_and_comments() {
    assert_eq!(narrow(b"P3#x\n1#y\r1 # 9\n\t255 1 # red\n2 3"), [1, 2, 3]);
    assert_eq!(narrow(b"P1\n2 2\n1 0 # first\n# none\n0 1"), [0, 255, 255, 0]);
    assert_eq!(narrow(b"P5\n# a\n1 # b\n1\n255\n#"), [b'#'], "a pixel is no comment");
    let pam = b"P7\n\n# a\n  WIDTH 1\nHEIGHT\t1 \r\nDEPTH 1\n\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x01";
    assert_eq!(narrow(pam), [255]);
}

#[test]
fn samples_of_more_than_eight_bits() {
    assert_eq!(wide(b"P5 2 1 65535\n\x01\x02\xff\xff"), [0x0102, 65_535]);
    assert_eq!(wide(b"P5 2 1 1023\n\x03\xff\x02\x00"), [65_535, scale(512, 1023, 65_535) as u16]);
    assert_eq!(wide(b"P2 3 1 1000 0 500 1000"), [0, 32_768, 65_535]);
    assert_eq!(wide(b"P2 1 1 1000 4000"), [65_535], "over the largest");
    assert_eq!(narrow(b"P5 2 1 100\n\xff\x32"), [255, 128]);
}

#[test]
fn floats() {
    let light = |v: [f32; 3], big: bool| v.map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).concat();
    let bytes = [&b"PF 1 1 1.0\n"[..], &light([0.5, 0.0, 1.0], true)].concat();
    assert_eq!(wide(&bytes), [48_192, 0, 65_535]);
    let bytes = [&b"Pf\n1 3\n-1.0\n"[..], &light([1.0, 2.0, f32::NAN], false)].concat();
    let picture = Pnm.open(&bytes, &Limits::default()).unwrap();
    assert_eq!(picture.header().orientation, Orientation::FlipV);
    let (pixmap, notes) = decode_with(&bytes, &DecodeOptions::default()).unwrap();
    assert_eq!(pixmap.into_samples(), Samples::U16(vec![65_535, 65_535, 0]));
    assert_eq!(notes, ["HDR highlights clipped to white"]);
    for scale in ["0", "x", "inf"] {
        assert!(matches!(fault(format!("Pf 1 1 {scale}\n1234").as_bytes()), DecodeError::Damaged { .. }), "{scale}");
    }
}

#[test]
fn what_is_wrong() {
    for bytes in
        ["P5 1 1 0 x", "P5 1 1 65536 xx", "P5 1 1 99999999999 x", "P2 1 1 255 x", "P1 1 1 2", "P6 -1 1 255 123"]
    {
        assert!(matches!(fault(bytes.as_bytes()), DecodeError::Damaged { .. }), "{bytes}");
    }
    for bytes in
        ["P5 0 1 255 ", "P5 1 1 255x", "P7\nWIDTH 1\nWIDTH 1\n", "P7\nENDHDR\n", "P7\nSIDE 1\n", "P7\nWIDTH x\n"]
    {
        assert!(matches!(fault(bytes.as_bytes()), DecodeError::Damaged { .. }), "{bytes}");
    }
    for bytes in ["P", "P5", "P5 1", "P5 1 1 255", "P5 1 1 255 ", "P2 2 1 255 1", "P1 2 1 1", "P7\nWIDTH 1", "Pf 1 1 1"]
    {
        assert!(matches!(fault(bytes.as_bytes()), DecodeError::Truncated { .. }), "{bytes}");
    }
}

#[test]
fn rows_that_are_missing() {
    let partial = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    let (pixmap, notes) = decode_with(b"P5 2 3 255 \x01\x02\x03", &partial).unwrap();
    assert_eq!(pixmap.into_samples(), Samples::U8(vec![1, 2, 0, 0, 0, 0]));
    assert_eq!(notes, ["truncated PNM: its data end too early; what is missing was filled"]);
    assert!(decode_with(b"P5 2 3 255 \x01", &partial).is_err());
}

#[test]
fn further_pictures() {
    let animated = |bytes: &[u8]| Pnm.open(bytes, &Limits::default()).unwrap().header().animated;
    assert!(animated(b"P5 1 1 255 xP5 1 1 255 y"));
    assert!(!animated(b"P5 1 1 255 x\n"));
    assert!(!animated(b"P5 2 1 255 P5 1 1 255"));
}

#[test]
fn averaged_while_they_come() {
    let bytes = [&b"P5 64 64 255 "[..], &[100; 64 * 64]].concat();
    let picture = Pnm.open(&bytes, &Limits::default()).unwrap();
    let offer = picture.offer(Some(Need { width: 8.0, height: 8.0, chroma: 1.0 }));
    assert_eq!(offer.size, Size::new(16, 16));
    let decoded = picture.decode(&offer, &DecodeOptions::default()).unwrap();
    assert_eq!(decoded.pixels.into_pixmap().into_samples(), Samples::U8(vec![100; 256]));
}
