//! The records of a zip, and their fields.

/// The local header before the content of each entry.
pub const LOCAL: u32 = 0x0403_4b50;
/// An entry of the central directory.
pub const CENTRAL: u32 = 0x0201_4b50;
/// The end record.
pub const END: u32 = 0x0605_4b50;
/// The ZIP64 end record, for large numbers.
pub const END64: u32 = 0x0606_4b50;
/// The locator of the ZIP64 end record.
pub const LOCATOR64: u32 = 0x0706_4b50;
/// The kind of the extra field with large numbers.
pub const EXTRA64: u16 = 1;
/// Refers to the extra field.
pub const MAX32: u64 = 0xffff_ffff;
/// Refers to the ZIP64 end record.
pub const MAX16: u64 = 0xffff;
/// Length of a local header, without name and extra field.
pub const LOCAL_LEN: usize = 30;
/// Length of a directory entry, without name, extra field and comment.
pub const CENTRAL_LEN: usize = 46;
/// Length of the end record, without its comment.
pub const END_LEN: usize = 22;
/// Length of the locator.
pub const LOCATOR64_LEN: usize = 20;
/// Length of the ZIP64 end record.
pub const END64_LEN: usize = 56;

/// The little-endian number at `at`; 0 beyond the end.
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

/// The little-endian number at `at`; 0 beyond the end.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

/// The little-endian number at `at`; 0 beyond the end.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// Appends little-endian numbers.
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

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
