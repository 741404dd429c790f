//! Tables of inputs: CSV, TSV and NDJSON, read as a stream, and Parquet. One column holds the INPUT of a row, others
//! its name and what is kept about it.

mod csv;
#[cfg(feature = "parquet")]
mod parquet;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Item, WalkError, Walker};
use crate::words;
use csv::Records;

type Flow = ControlFlow<()>;

/// Which columns count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The INPUT: a URL or a path.
    pub url: String,
    /// The name of the output.
    pub key: Option<String>,
    /// What goes into the data set.
    pub keep: Vec<String>,
}

impl Columns {
    /// The names of all of them.
    fn all(&self) -> impl Iterator<Item = &String> {
        [Some(&self.url), self.key.as_ref()].into_iter().flatten().chain(&self.keep)
    }
}

/// What a table says about an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its number in the table, from 1. The names of columns count as a row of CSV and TSV.
    pub number: u64,
    /// The name of its output.
    pub key: Option<String>,
    /// The kept columns, in the order in which they were named.
    pub kept: Map<String, Value>,
}

/// Names of columns whose text becomes a sample's `.txt`.
const CAPTIONS: [&str; 2] = ["caption", "text"];

/// The longest row, and the longest JSON of what is kept.
const LONGEST: u64 = 1 << 20;
const MOST_KEPT: usize = 512 << 10;

impl Row {
    /// The caption, if it is kept.
    pub fn caption(&self) -> Option<&str> {
        CAPTIONS.iter().find_map(|name| self.kept.get(*name)?.as_str()).filter(|text| !text.is_empty())
    }

    fn new(columns: &Columns, cell: &dyn Fn(&str) -> Option<Value>) -> Result<Self, &'static str> {
        let key = match &columns.key {
            None => None,
            Some(column) => match cell(column) {
                Some(Value::String(text)) if !text.is_empty() => Some(text),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => return Err("its --key-column is empty"),
            },
        };
        let kept: Map<String, Value> =
            columns.keep.iter().map(|name| (name.clone(), cell(name).unwrap_or(Value::Null))).collect();
        if serde_json::to_string(&kept).map_or(0, |text| text.len()) > MOST_KEPT {
            return Err("its --keep-columns hold more than 512 KiB");
        }
        Ok(Self { number: 0, key, kept })
    }
}

/// The error for a table without one of the columns that count.
fn missing_column(columns: &Columns, has: &[&str]) -> Option<io::Error> {
    let missing = columns.all().find(|name| !has.contains(&name.as_str()))?;
    let has = words::clipped(&has.join(", "));
    Some(io::Error::other(format!("it has no column {missing:?}; it has {has}")))
}

/// How Parquet begins.
const PARQUET: &[u8] = b"PAR1";

impl Walker {
    /// Calls `give` for the inputs of a table, each with its row. Without a file, it is on standard input.
    ///
    /// # Errors
    /// The table cannot be read further.
    pub fn walk_table(
        &self,
        table: Option<&Path>,
        columns: &Columns,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        let Some(path) = table else { return self.walk_stream(&mut io::stdin().lock(), columns, give) };
        let mut stream = BufReader::new(File::open(path)?);
        if cfg!(feature = "parquet") && path.is_file() && stream.fill_buf()?.starts_with(PARQUET) {
            return self.rows_of_parquet(stream.into_inner(), columns, give);
        }
        self.walk_stream(&mut stream, columns, give)
    }

    #[cfg(not(feature = "parquet"))]
    fn rows_of_parquet(
        &self,
        _: File,
        _: &Columns,
        _: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        Err(unread_parquet())
    }

    fn walk_stream(
        &self,
        table: &mut dyn BufRead,
        columns: &Columns,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        let start = table.fill_buf()?;
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        match start.iter().find(|b| !b.is_ascii_whitespace()) {
            None => Ok(Flow::Continue(())),
            Some(b'[') => Err(io::Error::other("a JSON array is not read; write one object on each line")),
            Some(b'{') => self.objects(table, columns, give),
            Some(_) if start.starts_with(PARQUET) => Err(unread_parquet()),
            Some(_) => self.records(table, columns, give),
        }
    }

    fn records(
        &self,
        table: &mut dyn BufRead,
        columns: &Columns,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        let mut records = Records::new(table, LONGEST);
        let Some(head) = records.next()? else { return Ok(Flow::Continue(())) };
        let head: Vec<String> = head.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let at = |name: &str| head.iter().position(|column| column == name);
        if let Some(error) = missing_column(columns, &head.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Err(error);
        }
        let mut number = 1;
        while let Some(record) = records.next()? {
            number += 1;
            let text = |name: &str| at(name).and_then(|at| record.get(at)).map(Vec::as_slice);
            let row = match record.len() == head.len() {
                true => Row::new(columns, &|name| Some(String::from_utf8_lossy(text(name)?).into_owned().into())),
                false => Err("it has another number of columns than the first"),
            };
            let input = text(&columns.url).unwrap_or_default();
            if self.row(number, input, row, give).is_break() {
                return Ok(Flow::Break(()));
            }
        }
        Ok(Flow::Continue(()))
    }

    fn objects(
        &self,
        table: &mut dyn BufRead,
        columns: &Columns,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> io::Result<Flow> {
        let (mut number, mut line) = (0, Vec::new());
        loop {
            line.clear();
            if (&mut *table).take(LONGEST).read_until(b'\n', &mut line)? == 0 {
                return Ok(Flow::Continue(()));
            }
            number += 1;
            if line.len() as u64 == LONGEST && line.last() != Some(&b'\n') {
                return Err(io::Error::other(format!("row {number} is longer than 1 MiB")));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
            if text.is_empty() {
                continue;
            }
            let object: Map<String, Value> = serde_json::from_slice(text).unwrap_or_default();
            let row = match object.is_empty() {
                false => Row::new(columns, &|name| object.get(name).cloned()),
                true => Err("it is not a JSON object"),
            };
            let input = object.get(&columns.url).and_then(Value::as_str).unwrap_or_default();
            if self.row(number, input.as_bytes(), row, give).is_break() {
                return Ok(Flow::Break(()));
            }
        }
    }

    fn row(
        &self,
        number: u64,
        input: &[u8],
        row: Result<Row, &'static str>,
        give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
    ) -> Flow {
        let input = input.trim_ascii();
        let path = Path::new(OsStr::from_bytes(input));
        let wrong = |why| {
            let path = if input.is_empty() { format!("row {number}").into() } else { crate::net::masked_text(path) };
            Item::Failed { path, error: WalkError::Row { number, why } }
        };
        match row {
            Ok(_) if input.is_empty() => give(wrong("its --url-column is empty"), None),
            Err(why) => give(wrong(why), None),
            Ok(row) => {
                let row = Arc::new(Row { number, ..row });
                self.walk_literally(path, &mut |item| give(item, Some(Arc::clone(&row))))
            }
        }
    }
}

/// The error for Parquet that cannot be read.
fn unread_parquet() -> io::Error {
    io::Error::other(match cfg!(feature = "parquet") {
        true => "Parquet is read from a file only, not from a pipe",
        false => "this build reads no Parquet (feature parquet); convert it to CSV or NDJSON",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, keep: &[&str]) -> Result<Vec<(String, Option<(String, Map<String, Value>)>)>, String> {
        let columns = Columns {
            url: "url".into(),
            key: Some("id".into()),
            keep: keep.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut found = Vec::new();
        let mut give = |item, row: Option<Arc<Row>>| {
            let name = match item {
                Item::Remote { url, .. } => url.request(),
                Item::Failed { error, .. } => error.to_string(),
                other => panic!("{other:?}"),
            };
            found.push((name, row.map(|row| (row.key.clone().unwrap_or_default(), row.kept.clone()))));
            Flow::Continue(())
        };
        let flow = Walker::default().walk_stream(&mut text.as_bytes(), &columns, &mut give);
        flow.map(|_| found).map_err(|error| error.to_string())
    }

    #[test]
    fn the_same_table_in_three_forms() {
        let kept = |caption: &str| [("caption".to_owned(), Value::from(caption))].into_iter().collect();
        let want = vec![
            ("http://h/a.jpg".to_owned(), Some(("1".to_owned(), kept("a, \"b\"\nc")))),
            ("http://h/b.jpg".to_owned(), Some(("2".to_owned(), kept("d")))),
        ];
        for text in [
            "id,url,caption\r\n1,http://h/a.jpg,\"a, \"\"b\"\"\nc\"\r\n2,http://h/b.jpg,d\r\n",
            "\u{feff}id\turl\tcaption\n1\thttp://h/a.jpg\t\"a, \"\"b\"\"\nc\"\n2\thttp://h/b.jpg\td",
            "{\"id\":1,\"url\":\"http://h/a.jpg\",\"caption\":\"a, \\\"b\\\"\\nc\"}\n\n\
             {\"id\":\"2\",\"url\":\"http://h/b.jpg\",\"caption\":\"d\",\"more\":[1]}",
        ] {
            assert_eq!(read(text, &["caption"]).as_ref(), Ok(&want), "{text}");
        }
    }

    #[test]
    fn wrong_rows_fail_alone() {
        let rows = "id,url\n1,http://h/a.jpg,x\n2,\n,http://h/c.jpg\n4,http://h/d.jpg\n";
        let names: Vec<String> = read(rows, &[]).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "row 2 of the table: it has another number of columns than the first",
                "row 3 of the table: its --url-column is empty",
                "row 4 of the table: its --key-column is empty",
                "http://h/d.jpg",
            ]
        );
        let names: Vec<String> = read("{\"url\":1}\n{x", &[]).unwrap().into_iter().map(|(name, _)| name).collect();
        assert!(names[1].ends_with("it is not a JSON object"), "{names:?}");
    }

    #[test]
    fn wrong_tables_fail_with_a_reason() {
        for (text, want) in [
            ("a,b\n1,2\n", "it has no column \"url\"; it has a, b"),
            ("[{}]", "a JSON array is not read; write one object on each line"),
            (
                "PAR1\0\0",
                match cfg!(feature = "parquet") {
                    true => "Parquet is read from a file only, not from a pipe",
                    false => "this build reads no Parquet (feature parquet); convert it to CSV or NDJSON",
                },
            ),
            ("id,url\n1,\"http://h/a", "a quote in row 2 has no end"),
        ] {
            assert_eq!(read(text, &[]), Err(want.to_owned()));
        }
        assert_eq!(read("", &[]), Ok(Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let columns = Columns { url: "a".into(), key: None, keep: Vec::new() };
            for start in [&b""[..], b"a,b\n", b"{\"a\":\"http://h/\"}\n"] {
                let table = [start, &bytes].concat();
                let _ = Walker::default().walk_stream(&mut &table[..], &columns, &mut |_, _| Flow::Continue(()));
            }
        }
    }
}
