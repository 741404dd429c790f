//! Makes TIFF files, tag by tag.

use crate::size::Size;

/// A file under construction: tags with their numbers, and strips or tiles.
#[derive(Clone)]
pub(super) struct Maker {
    pub(super) big: bool,
    pub(super) wide: bool,
    pub(super) tags: Vec<(u16, u16, Vec<u64>)>,
    pub(super) parts: Vec<Vec<u8>>,
    pub(super) tiled: bool,
}

pub(super) const SHORT: u16 = 3;
pub(super) const LONG: u16 = 4;

impl Maker {
    pub(super) fn new(size: Size, bits: u64, samples: u64, photometric: u64) -> Self {
        let tags = vec![
            (256, LONG, vec![u64::from(size.width)]),
            (257, LONG, vec![u64::from(size.height)]),
            (258, SHORT, vec![bits; samples as usize]),
            (262, SHORT, vec![photometric]),
            (277, SHORT, vec![samples]),
        ];
        Self { big: false, wide: false, tags, parts: Vec::new(), tiled: false }
    }

    pub(super) fn tag(mut self, tag: u16, kind: u16, values: &[u64]) -> Self {
        self.tags.push((tag, kind, values.to_vec()));
        self
    }

    pub(super) fn part(mut self, part: Vec<u8>) -> Self {
        self.parts.push(part);
        self
    }

    pub(super) fn number(&self, v: u64, len: usize) -> Vec<u8> {
        if self.big { v.to_be_bytes()[8 - len..].to_vec() } else { v.to_le_bytes()[..len].to_vec() }
    }

    /// Header, strips or tiles, values, directory.
    pub(super) fn file(&self) -> Vec<u8> {
        let (offset, count_size, room) = if self.wide { (8, 8, 8) } else { (4, 2, 4) };
        let mut out = if self.big { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(self.number(if self.wide { 43 } else { 42 }, 2));
        if self.wide {
            out.extend(self.number(8, 2));
            out.extend(self.number(0, 2));
        }
        let pointer = out.len();
        out.extend(vec![0; offset]);
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for part in &self.parts {
            offsets.push(out.len() as u64);
            counts.push(part.len() as u64);
            out.extend(part);
            out.extend(vec![0; part.len() % 2]);
        }
        let mut tags = self.tags.clone();
        tags.push((if self.tiled { 324 } else { 273 }, LONG, offsets));
        tags.push((if self.tiled { 325 } else { 279 }, LONG, counts));
        tags.sort_by_key(|tag| tag.0);
        let mut entries = Vec::new();
        for (tag, kind, values) in &tags {
            let size = match kind {
                1 | 7 => 1,
                3 => 2,
                _ => 4,
            };
            let mut value: Vec<u8> = values.iter().flat_map(|&v| self.number(v, size)).collect();
            if value.len() > room {
                let at = out.len() as u64;
                out.extend(&value);
                value = self.number(at, offset);
            }
            value.resize(room, 0);
            entries.extend(self.number(u64::from(*tag), 2));
            entries.extend(self.number(u64::from(*kind), 2));
            entries.extend(self.number(values.len() as u64, offset));
            entries.extend(value);
        }
        let directory = self.number(out.len() as u64, offset);
        out.splice(pointer..pointer + offset, directory);
        out.extend(self.number(tags.len() as u64, count_size));
        out.extend(entries);
        out.extend(vec![0; offset]);
        out
    }
}
