//! tar at the level of blocks: ustar headers, PAX records where ustar has no room, and GNU long
//! names for reading.

use std::io::{self, Write};

/// The block size of tar.
pub const BLOCK: usize = 512;

/// Sizes from here on do not fit eleven octal digits.
const OCTAL_LIMIT: u64 = 1 << 33;

/// The content of a header block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The stored name, including the prefix.
    pub name: Vec<u8>,
    /// Size of the content, without padding.
    pub size: u64,
    /// The type flag; `0` is a file.
    pub kind: u8,
}

impl Header {
    /// Parses a block. Returns None if its checksum is wrong.
    pub fn parse(block: &[u8; BLOCK]) -> Option<Self> {
        let stored = number(&block[148..156])?;
        let outside = |i: &usize| !(148..156).contains(i);
        let sum =
            |byte: fn(u8) -> i64| 8 * i64::from(b' ') + (0..BLOCK).filter(outside).map(|i| byte(block[i])).sum::<i64>();
        // Some old writers summed signed bytes.
        if [sum(i64::from), sum(|b| i64::from(b.cast_signed()))].iter().all(|&s| s != stored as i64) {
            return None;
        }
        let mut name = Vec::new();
        // GNU's magic has blanks where POSIX has a NUL, and stores other fields in place of the
        // prefix.
        if &block[257..263] == b"ustar\0" && block[345] != 0 {
            name.extend_from_slice(until_nul(&block[345..500]));
            name.push(b'/');
        }
        name.extend_from_slice(until_nul(&block[..100]));
        Some(Self { name, size: number(&block[124..136])?, kind: block[156] })
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|&b| b == 0).unwrap_or(field.len())]
}

/// Parses octal digits, or a binary number if the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        // Negative numbers and numbers beyond 64 bits are invalid in every field read here.
        let (head, tail) = field.split_at(field.len() - 8.min(field.len() - 1));
        if head[0] != 0x80 || head[1..].iter().any(|&b| b != 0) {
            return None;
        }
        return tail.iter().try_fold(0u64, |n, &b| n.checked_mul(256).map(|n| n | u64::from(b)));
    }
    let text = until_nul(field).trim_ascii();
    text.iter().try_fold(0u64, |n, &b| match b {
        b'0'..=b'7' => n.checked_mul(8).map(|n| n + u64::from(b - b'0')),
        _ => None,
    })
}

/// The records of a PAX header. The last one of a key counts.
pub fn pax_records(mut bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().position(|&b| b == b' ')?;
        let len: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
        let record = bytes.get(blank + 1..len)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|&b| b == b'=')?;
        records.push((&record[..equals], &record[equals + 1..]));
        bytes = &bytes[len..];
    }
    Some(records)
}

/// The header block of an entry. Everything but name, size and kind is fixed.
fn block(name: &[u8], size: u64, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let len = name.len().min(100);
    block[..len].copy_from_slice(&name[..len]);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0000000");
    block[116..123].copy_from_slice(b"0000000");
    let size = if size < OCTAL_LIMIT { size } else { 0 };
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[136..147].copy_from_slice(b"00000000000");
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

/// Whether a tar that begins with this block has the form written here: without owner and time, or
/// without members.
pub fn begins_ours(first: &[u8; BLOCK]) -> bool {
    match Header::parse(first) {
        Some(header) => block(&header.name, header.size, header.kind) == *first,
        None => first.iter().all(|&b| b == 0),
    }
}

/// A PAX record. It starts with its own length, including the digits of the length.
fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len.to_string().len() + rest != len {
        len = len.to_string().len() + rest;
    }
    let mut record = format!("{len} {key}=").into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

/// All headers of an entry: a PAX header if the name or size needs one, and the ustar header.
pub fn header(name: &[u8], size: u64) -> Vec<u8> {
    let mut records = Vec::new();
    let text = std::str::from_utf8(name).is_ok();
    if name.len() > 100 || (text && !name.is_ascii()) {
        // By default PAX names are UTF-8.
        if !text {
            records.extend(pax_record("hdrcharset", b"BINARY"));
        }
        records.extend(pax_record("path", name));
    }
    if size >= OCTAL_LIMIT {
        records.extend(pax_record("size", size.to_string().as_bytes()));
    }
    let mut out = Vec::with_capacity(BLOCK);
    if !records.is_empty() {
        let mut pax_name = b"PaxHeaders/".to_vec();
        let last = name.rsplit(|&b| b == b'/').next().unwrap_or(name);
        pax_name.extend(last.iter().take(80).map(|&b| if b.is_ascii() { b } else { b'_' }));
        out.extend(block(&pax_name, records.len() as u64, b'x'));
        out.extend_from_slice(&records);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.extend(block(name, size, b'0'));
    out
}

/// Writes entries one after the other.
#[derive(Debug)]
pub struct TarWriter<W>(pub W);

impl<W: Write> TarWriter<W> {
    /// Writes an entry.
    ///
    /// # Errors
    /// An error of the stream. Nothing can follow it.
    pub fn add(&mut self, name: &[u8], bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(&header(name, bytes.len() as u64))?;
        self.0.write_all(bytes)?;
        let padding = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.0.write_all(&[0; BLOCK][..padding])
    }

    /// Writes the end marker.
    ///
    /// # Errors
    /// An error of the stream.
    pub fn end(mut self) -> io::Result<W> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8]) -> Header {
        Header::parse(bytes[..BLOCK].try_into().unwrap()).unwrap()
    }

    #[test]
    fn headers_come_back() {
        let bytes = header(b"a/b.jpg", 12345);
        assert_eq!(bytes.len(), BLOCK);
        assert_eq!(first(&bytes), Header { name: b"a/b.jpg".to_vec(), size: 12345, kind: b'0' });
        let mut damaged: [u8; BLOCK] = bytes.try_into().unwrap();
        damaged[3] ^= 1;
        assert_eq!(Header::parse(&damaged), None);
        assert_eq!(Header::parse(&[0; BLOCK]), None);
    }

    #[test]
    fn long_names_and_sizes_use_pax() {
        for (name, size) in
            [(vec![b'n'; 101], 5), ("é.jpg".into(), 5), (vec![0xff; 200], 5), (b"big".to_vec(), 1 << 33)]
        {
            let bytes = header(&name, size);
            let pax = first(&bytes);
            assert_eq!(pax.kind, b'x');
            let records = pax_records(&bytes[BLOCK..BLOCK + pax.size as usize]).unwrap();
            let get = |key: &[u8]| records.iter().find(|(k, _)| *k == key).map(|(_, v)| v.to_vec());
            if size == 5 {
                assert_eq!(get(b"path").unwrap(), name);
            } else {
                assert_eq!(get(b"size").unwrap(), size.to_string().as_bytes());
            }
            assert_eq!(get(b"hdrcharset").is_some(), name[0] == 0xff);
        }
    }

    #[test]
    fn a_record_counts_itself() {
        for n in 0..1200 {
            let record = pax_record("path", &vec![b'x'; n]);
            let len: usize = std::str::from_utf8(&record).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert_eq!(len, record.len());
        }
    }

    #[test]
    fn invalid_numbers() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"        \0"), Some(0));
        assert_eq!(number(b"12345678"), None, "8 is no octal digit");
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(1 << 33));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"\x80\x01\0\0\0\0\0\0\0\0\0\0"), None);
        for lie in [&b"99 path=x\n"[..], b"x path=y\n", b"3 a\n", b"9 pathxxx\n", b"0 a=b\n", b"1 =\n"] {
            assert_eq!(pax_records(lie), None, "{lie:?}");
        }
    }
}
