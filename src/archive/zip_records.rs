//! The records of a zip that are written and read, and their numbers.

/// Before each entry's bytes.
pub const LOCAL: u32 = 0x0403_4b50;
/// One for each entry in the directory at the end.
pub const CENTRAL: u32 = 0x0201_4b50;
/// At the very end.
pub const END: u32 = 0x0605_4b50;
/// Before it where numbers are large.
pub const END64: u32 = 0x0606_4b50;
/// Says where that is.
pub const LOCATOR64: u32 = 0x0706_4b50;
/// Kind of the extra field with large numbers.
pub const EXTRA64: u16 = 1;
/// "See the extra field".
pub const MAX32: u64 = 0xffff_ffff;
/// "See the other end record".
pub const MAX16: u64 = 0xffff;
/// Bytes of a local header without name and extra field.
pub const LOCAL_LEN: usize = 30;
/// Bytes of a directory entry without name, extra field and comment.
pub const CENTRAL_LEN: usize = 46;
/// Bytes of the end record without its comment.
pub const END_LEN: usize = 22;
/// Bytes of the locator.
pub const LOCATOR64_LEN: usize = 20;
/// Bytes of the large end record.
pub const END64_LEN: usize = 56;

/// A little-endian number at `at`; 0 beyond the end.
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

/// A little-endian number at `at`; 0 beyond the end.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

/// A little-endian number at `at`; 0 beyond the end.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// Appends numbers, the low byte first.
#[derive(Debug, Default)]
pub struct Record(pub Vec<u8>);

impl Record {
    /// 16 bits.
    pub fn u16(&mut self, n: u16) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }

    /// 32 bits.
    pub fn u32(&mut self, n: u32) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }

    /// 64 bits.
    pub fn u64(&mut self, n: u64) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }

    /// As it is.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
