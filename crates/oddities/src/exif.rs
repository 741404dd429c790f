//! EXIF blocks: a TIFF header with one directory.

/// A block with only the orientation. Odd orientations are little-endian, even ones big-endian.
pub fn orientation(value: u8) -> Vec<u8> {
    if value % 2 == 1 {
        [b"II*\0".as_slice(), &[8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0], &[0; 4]].concat()
    } else {
        [b"MM\0*".as_slice(), &[0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0], &[0; 4]].concat()
    }
}

/// The content of a JPEG APP1 segment for a block.
pub fn app1(block: &[u8]) -> Vec<u8> {
    [b"Exif\0\0".as_slice(), block].concat()
}
