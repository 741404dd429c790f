//! An input in a plan, as a line of JSON.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::json::{path_of, path_value};
use crate::net::{Url, Validators};
use crate::walk::{Found, Item, Row, WalkError};

/// An input as a walk has found it.
#[derive(Debug)]
pub struct Entry {
    /// The input.
    pub item: Item,
    /// What a table says about it.
    pub row: Option<Arc<Row>>,
    /// The size of its file in bytes; 0 if unknown.
    pub bytes: u64,
}

impl Entry {
    /// The line, without its end. None for what no plan can hold: standard input and archives.
    pub fn line(&self) -> Option<String> {
        let mut line = Map::new();
        let below = match &self.item {
            Item::Found(found) => {
                line.insert("path".into(), path_value(found.path.as_deref()?));
                for (key, is_set) in [("maybe", !found.certain), ("link", found.link)] {
                    if is_set {
                        line.insert(key.into(), true.into());
                    }
                }
                Some(&found.below)
            }
            Item::Remote { url, below, .. } => {
                line.insert("url".into(), url.exact().into());
                Some(below)
            }
            Item::Failed { path, error } => {
                line.insert("path".into(), path_value(path));
                line.insert("error".into(), error.to_string().into());
                None
            }
            Item::Archive { .. } | Item::StdinArchive | Item::LeftOut(_) => return None,
        };
        if let Some(below) = below.filter(|below| !below.as_os_str().is_empty()) {
            line.insert("below".into(), path_value(below));
        }
        if self.bytes > 0 {
            line.insert("bytes".into(), self.bytes.into());
        }
        if let Some(row) = &self.row {
            line.insert("row".into(), json!({"number": row.number, "key": row.key, "kept": row.kept}));
        }
        Some(Value::from(line).to_string())
    }

    /// The input of a line.
    pub fn of_line(line: &str) -> Option<Self> {
        Self::of_value(&serde_json::from_str(line).ok()?)
    }

    /// The input of a line that is parsed.
    pub fn of_value(line: &Value) -> Option<Self> {
        let below = match line.get("below") {
            Some(below) => path_of(below)?,
            None => PathBuf::new(),
        };
        let is_set = |key: &str| line.get(key).and_then(Value::as_bool).unwrap_or(false);
        let item = match (line.get("url"), line.get("error")) {
            (Some(url), _) => {
                let url = Url::parse(url.as_str()?.as_bytes()).ok()?;
                Item::Remote { url, below, listed: Validators::default(), size: None }
            }
            (None, Some(error)) => Item::Failed {
                path: path_of(line.get("path")?)?,
                error: WalkError::Planned(error.as_str()?.to_owned()),
            },
            (None, None) => {
                let path = Some(path_of(line.get("path")?)?);
                Item::Found(Found { path, below, certain: !is_set("maybe"), link: is_set("link") })
            }
        };
        let row = match line.get("row") {
            None => None,
            Some(row) => Some(Arc::new(Row {
                number: row.get("number")?.as_u64()?,
                key: row.get("key").and_then(Value::as_str).map(str::to_owned),
                kept: row.get("kept")?.as_object()?.clone(),
            })),
        };
        Some(Self { item, row, bytes: line.get("bytes").and_then(Value::as_u64).unwrap_or(0) })
    }

    /// Its name in a report, and whether a report must have a line about it: a file without a picture's extension has none if it
    /// is no picture.
    pub fn name(&self) -> (Value, bool) {
        match &self.item {
            Item::Found(found) => (path_value(found.path.as_deref().unwrap_or(Path::new("-"))), found.certain),
            Item::Remote { url, .. } => (url.masked().into(), true),
            Item::Failed { path, .. } => (path_value(path), true),
            Item::Archive { path, .. } => (path_value(path), true),
            Item::StdinArchive | Item::LeftOut(_) => (Value::Null, false),
        }
    }

    /// The directory and the name that decide the names of its outputs. Of two inputs that agree in them, the first gets the
    /// name. What follows the first dot does not count, as the format of an output decides its extension.
    pub fn claims(&self, beside: bool) -> Option<(PathBuf, OsString)> {
        Self::claims_of(&self.item, self.row.as_deref(), beside)
    }

    /// Like [`claims`](Self::claims), of an item of a walk.
    pub fn claims_of(item: &Item, row: Option<&Row>, beside: bool) -> Option<(PathBuf, OsString)> {
        let (below, own) = match item {
            Item::Found(found) => {
                let path = found.path.as_deref()?;
                let parent = path.parent().unwrap_or(Path::new(""));
                let dir = if beside { parent } else { found.below.as_path() };
                (dir.to_path_buf(), path.file_name()?.to_owned())
            }
            Item::Remote { url, below, .. } => (below.clone(), url.file_name()),
            _ => return None,
        };
        let name = match row.and_then(|row| row.key.as_ref()) {
            Some(key) => OsString::from(key),
            None => own,
        };
        let bytes = name.as_bytes();
        // A name may begin with a dot.
        let end = bytes.iter().skip(1).position(|b| *b == b'.').map_or(bytes.len(), |at| at + 1);
        Some((below, OsStr::from_bytes(&bytes[..end]).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &[u8], below: &str) -> Entry {
        let path = Some(PathBuf::from(OsStr::from_bytes(path)));
        let found = Found { path, below: below.into(), certain: true, link: false };
        Entry { item: Item::Found(found), row: None, bytes: 7 }
    }

    #[test]
    fn a_line_gives_its_input_back() {
        let url = Url::parse(b"https://u:p@example.org/a/b.jpg?X-Amz-Signature=1").unwrap();
        let row = Row { number: 3, key: Some("k".into()), kept: Map::from_iter([("caption".into(), json!("c"))]) };
        let row = Some(Arc::new(row));
        for entry in [
            found(b"a/b.jpg", "a"),
            found(b"a/\xff\n.jpg", ""),
            Entry {
                item: Item::Remote { url, below: "x".into(), listed: Validators::default(), size: None },
                row,
                bytes: 0,
            },
            Entry { item: Item::Failed { path: "gone".into(), error: WalkError::Empty }, row: None, bytes: 0 },
        ] {
            let line = entry.line().unwrap();
            assert!(!line.contains('\n'));
            let back = Entry::of_line(&line).unwrap();
            assert_eq!(back.line().unwrap(), line);
            assert_eq!(back.name(), entry.name());
        }
        assert!(found(b"a.jpg", "").line().unwrap().contains("\"bytes\":7"));
        for broken in ["", "{}", "{\"url\":\"ftp://a/\"}", "{\"path\":3}"] {
            assert!(Entry::of_line(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn names_that_may_collide_claim_the_same() {
        let claims = |path: &str| found(path.as_bytes(), "d").claims(false).unwrap();
        assert_eq!(claims("x/a.jpg"), claims("y/a.png"));
        assert_eq!(claims("x/a.b.jpg"), claims("x/a.webp"));
        assert_ne!(claims("x/a.jpg"), claims("x/b.jpg"));
        assert_eq!(claims("x/.a.jpg").1, ".a");
        assert_ne!(found(b"x/a.jpg", "").claims(true), found(b"y/a.jpg", "").claims(true));
    }
}
