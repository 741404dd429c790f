//! Records of CSV (RFC 4180) and TSV, one at a time. The first record decides whether commas, tabs or
//! semicolons separate fields.

use std::io::{self, BufRead};

pub struct Records<'r> {
    from: &'r mut dyn BufRead,
    longest: u64,
    separator: Option<u8>,
    number: u64,
}

impl<'r> Records<'r> {
    pub fn new(from: &'r mut dyn BufRead, longest: u64) -> Self {
        Self { from, longest, separator: None, number: 0 }
    }

    /// The fields of the next record. Empty lines are skipped.
    ///
    /// # Errors
    /// The file cannot be read, or a record is too long or has no end.
    pub fn next(&mut self) -> io::Result<Option<Vec<Vec<u8>>>> {
        loop {
            let Some(mut record) = self.raw()? else { return Ok(None) };
            if self.number == 1 && record.starts_with(b"\xef\xbb\xbf") {
                record.drain(..3);
            }
            let separator = *self.separator.get_or_insert_with(|| separator(&record));
            if !record.is_empty() {
                return Ok(Some(fields(&record, separator)));
            }
        }
    }

    /// A record with its quotes, without its end.
    fn raw(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut record = Vec::new();
        self.number += 1;
        loop {
            let before = record.len();
            let n = self.from.read_until(b'\n', &mut record)?;
            if record.len() as u64 > self.longest {
                return Err(io::Error::other(format!("row {} is longer than 1 MiB", self.number)));
            }
            // A quote inside a field is doubled, so that their number shows whether a field is open.
            let is_open = record.iter().filter(|b| **b == b'"').count() % 2 == 1;
            if n == 0 && is_open {
                return Err(io::Error::other(format!("a quote in row {} has no end", self.number)));
            }
            if n == 0 && before == 0 {
                return Ok(None);
            }
            if n == 0 || !is_open {
                let end = record.strip_suffix(b"\n").unwrap_or(&record);
                let end = end.strip_suffix(b"\r").unwrap_or(end).len();
                record.truncate(end);
                return Ok(Some(record));
            }
        }
    }
}

fn separator(head: &[u8]) -> u8 {
    let count = |separator: u8| head.iter().filter(|b| **b == separator).count();
    // Of equal counts, the last.
    [b';', b'\t', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn fields(record: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    let mut bytes = record.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let field = fields.last_mut().expect("a field");
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                field.push(b'"');
            }
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => fields.push(Vec::new()),
            byte => field.push(byte),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        for (text, want) in [
            ("a,b\n1,2", &[&["a", "b"][..], &["1", "2"]][..]),
            ("a;b,c;d\r\n\r\n1;2;3\r\n", &[&["a", "b,c", "d"], &["1", "2", "3"]]),
            ("a\n\"x\n\"\"y\"\"\"\n", &[&["a"], &["x\n\"y\""]]),
            ("a,b\n,\n", &[&["a", "b"], &["", ""]]),
        ] {
            let mut bytes = text.as_bytes();
            let mut records = Records::new(&mut bytes, 1000);
            for record in want {
                let got = records.next().unwrap().unwrap();
                assert_eq!(got, record.iter().map(|field| field.as_bytes().to_vec()).collect::<Vec<_>>(), "{text}");
            }
            assert!(records.next().unwrap().is_none());
        }
        let mut long = "aaaaaaaaaa\n".as_bytes();
        assert!(Records::new(&mut long, 5).next().is_err());
    }
}
