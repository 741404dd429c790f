//! Records of CSV (RFC 4180) and TSV, one at a time. The first line decides whether commas, tabs or
//! semicolons separate fields.
//!
//! The `csv` crate takes everything after an open quote as one field, without an error. Here a record has
//! a limit, and a quote without an end is a reason.

use std::io::{self, BufRead, Read};

pub struct Records<'r> {
    from: &'r mut dyn BufRead,
    longest: u64,
    separator: Option<u8>,
    number: u64,
}

/// Where in a field the next byte stands.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// After a quote that ends the quotes, or that another one follows.
    Closed,
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
            match self.record()? {
                Some(fields) if fields == [b""] => {}
                record => return Ok(record),
            }
        }
    }

    fn record(&mut self) -> io::Result<Option<Vec<Vec<u8>>>> {
        self.number += 1;
        let (mut fields, mut state, mut length) = (vec![Vec::new()], State::Start, 0);
        loop {
            let mut line = Vec::new();
            let room = self.longest + 1 - length;
            length += (&mut *self.from).take(room).read_until(b'\n', &mut line)? as u64;
            if length > self.longest {
                return Err(io::Error::other(format!("row {} is longer than 1 MiB", self.number)));
            }
            match line.is_empty() {
                true if state == State::Quoted => {
                    return Err(io::Error::other(format!("a quote in row {} has no end", self.number)));
                }
                true if length == 0 => return Ok(None),
                true => return Ok(Some(fields)),
                false => {}
            }
            if self.separator.is_none() && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            let separator = *self.separator.get_or_insert_with(|| separator(&line));
            let content = line.strip_suffix(b"\n").unwrap_or(&line);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            for &byte in content {
                state = state.take(byte, separator, &mut fields);
            }
            if state != State::Quoted {
                return Ok(Some(fields));
            }
            // The end of the line belongs to the field.
            fields.last_mut().expect("a field").extend(&line[content.len()..]);
        }
    }
}

impl State {
    fn take(self, byte: u8, separator: u8, fields: &mut Vec<Vec<u8>>) -> Self {
        let field = fields.last_mut().expect("a field");
        match (self, byte) {
            (Self::Start, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closed,
            (Self::Closed, b'"') | (Self::Quoted, _) => {
                field.push(byte);
                Self::Quoted
            }
            (_, byte) if byte == separator => {
                fields.push(Vec::new());
                Self::Start
            }
            // A quote inside a field that does not begin with one is a letter: 5" is five inches.
            _ => {
                field.push(byte);
                Self::Plain
            }
        }
    }
}

fn separator(head: &[u8]) -> u8 {
    let count = |separator: u8| head.iter().filter(|b| **b == separator).count();
    // Of equal counts, the last.
    [b';', b'\t', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
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
            ("a,b\n5\" pipe,\"x\"y\r\n", &[&["a", "b"], &["5\" pipe", "xy"]]),
            ("a\tb\n\"1\r\n2\"\t\"\"", &[&["a", "b"], &["1\r\n2", ""]]),
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

    #[test]
    fn endless_records_end_at_the_limit() {
        for byte in *b"a\n" {
            let mut endless = io::BufReader::new((&b"\""[..]).chain(io::repeat(byte)));
            let error = Records::new(&mut endless, 1 << 20).next().unwrap_err();
            assert_eq!(error.to_string(), "row 1 is longer than 1 MiB");
        }
    }
}
