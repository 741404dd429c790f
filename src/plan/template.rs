//! Templates for output names, such as `{stem}_thumb.{ext}`: filling in, and recognising filled-in
//! names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use super::Destination;

/// The longest file name on Linux file systems, in bytes.
const NAME_MAX: usize = 255;

/// Digits of `{hash}`.
pub const HASH: usize = 16;

/// Bounds the attempts to match a name with a template of many parts.
const MAX_STEPS: u32 = 1 << 16;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Stem,
    Name,
    Ext,
    Size,
    Width,
    Height,
    Hash,
    Dir,
}

/// A parsed template. It is relative and has no `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    text: String,
}

/// An invalid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An unknown word in braces.
    #[error("'{{{0}}}' is none of {{stem}} {{name}} {{ext}} {{size}} {{width}} {{height}} {{hash}} {{dir}}")]
    Unknown(String),
    /// An unmatched brace.
    #[error("a brace without its partner; write {{{{ or }}}} for a brace itself")]
    Brace,
    /// An empty template, `/x`, `a/`, `../x`, or a NUL.
    #[error("it must be a relative path without '..' that ends in a file name")]
    Path,
}

/// The values for the braces.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The input's file name without its last extension.
    pub stem: &'a OsStr,
    /// The input's file name.
    pub name: &'a OsStr,
    /// The output's extension, without the dot.
    pub ext: &'a OsStr,
    /// The size as typed.
    pub size: &'a str,
    /// The output's width.
    pub width: u32,
    /// The output's height.
    pub height: u32,
    /// What identifies the output's bytes: 16 hexadecimal digits.
    pub hash: &'a str,
    /// The input's directory relative to its root.
    pub dir: &'a Path,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// Unknown words in braces, and paths that are absolute or contain `..`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if after.starts_with(brace) {
                literal.push_str(brace);
                rest = &after[1..];
                continue;
            }
            if brace == "}" {
                return Err(TemplateError::Brace);
            }
            let (word, after) = after.split_once('}').ok_or(TemplateError::Brace)?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(match word {
                "stem" => Piece::Stem,
                "name" => Piece::Name,
                "ext" => Piece::Ext,
                "size" => Piece::Size,
                "width" => Piece::Width,
                "height" => Piece::Height,
                "hash" => Piece::Hash,
                "dir" => Piece::Dir,
                _ => return Err(TemplateError::Unknown(word.to_owned())),
            });
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let template = Self { pieces, text: text.to_owned() };
        let shape: String = template
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.as_str(),
                _ => "x",
            })
            .collect();
        let sound = !shape.is_empty()
            && !shape.contains('\0')
            && !shape.starts_with('/')
            && shape.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && template.pieces.last() != Some(&Piece::Dir);
        if sound { Ok(template) } else { Err(TemplateError::Path) }
    }

    /// The default template: `{stem}_thumb.{ext}` beside inputs, `{stem}.{ext}` in a destination,
    /// with `_{size}` before the dot if there are several sizes.
    pub fn standard(destination: &Destination, sizes: usize) -> Self {
        let literal = |text: &str| Piece::Literal(text.to_owned());
        let (mut pieces, mut text) = (vec![Piece::Stem], String::from("{stem}"));
        if *destination == Destination::Beside {
            pieces.push(literal("_thumb"));
            text.push_str("_thumb");
        }
        if sizes > 1 {
            pieces.extend([literal("_"), Piece::Size]);
            text.push_str("_{size}");
        }
        pieces.extend([literal("."), Piece::Ext]);
        text.push_str(".{ext}");
        Self { pieces, text }
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn has(&self, piece: &Piece) -> bool {
        self.pieces.contains(piece)
    }

    /// Whether names differ between sizes of one picture.
    pub fn tells_sizes(&self) -> bool {
        self.has(&Piece::Size) || self.has(&Piece::Width) || self.has(&Piece::Height)
    }

    /// Whether names hold sides in pixels.
    pub fn tells_pixels(&self) -> bool {
        self.has(&Piece::Width) || self.has(&Piece::Height)
    }

    /// Whether names hold a digest.
    pub fn tells_hash(&self) -> bool {
        self.has(&Piece::Hash)
    }

    /// The same with `.{hash}` before its extension, if it holds no digest.
    #[must_use]
    pub fn with_hash(&self) -> Self {
        if self.tells_hash() {
            return self.clone();
        }
        let name = self.text.rfind('/').map_or(0, |slash| slash + 1);
        let dot = self.text[name..].rfind('.').filter(|dot| *dot > 0).map_or(self.text.len(), |dot| name + dot);
        let text = format!("{}.{{hash}}{}", &self.text[..dot], &self.text[dot..]);
        // A dot stands in no braces, and what was sound stays so.
        Self::parse(&text).unwrap_or_else(|_| self.clone())
    }

    /// Whether names differ between formats of one picture. With a literal extension they do not.
    pub fn tells_formats(&self) -> bool {
        self.has(&Piece::Ext)
    }

    /// Whether it places the input's directory itself, so that nothing is mirrored.
    pub fn has_dir(&self) -> bool {
        self.has(&Piece::Dir)
    }

    /// Whether names made by it are recognisable, because letters or digits are added to the
    /// input's name.
    pub fn has_marker(&self) -> bool {
        let own = self.pieces.iter().any(|p| matches!(p, Piece::Stem | Piece::Name));
        let literal = |p: &Piece| match p {
            Piece::Literal(text) => text.rsplit('/').next().is_some_and(|t| t.chars().any(char::is_alphanumeric)),
            Piece::Size | Piece::Width | Piece::Height | Piece::Hash => true,
            _ => false,
        };
        own && self.pieces.iter().any(literal)
    }

    /// The literal extension at its end, without the dot.
    pub fn literal_extension(&self) -> Option<&str> {
        let Some(Piece::Literal(text)) = self.pieces.last() else { return None };
        let name = text.rsplit('/').next().unwrap_or(text);
        let (before, extension) = name.rsplit_once('.')?;
        // `.jpg` by itself is a hidden file without an extension.
        let begins_name = name.len() < text.len() || self.pieces.len() == 1;
        let is_hidden = before.is_empty() && begins_name;
        (!extension.is_empty() && !is_hidden).then_some(extension)
    }

    /// The directory for outputs, if its first component is literal.
    pub fn literal_dir(&self) -> Option<&str> {
        match self.pieces.first() {
            Some(Piece::Literal(text)) => text.split_once('/').map(|(first, _)| first),
            _ => None,
        }
    }

    /// Fills in the template. If a file name would exceed 255 bytes, its stem is shortened and a
    /// digest of the whole stem appended, so that the name remains valid and unique.
    pub fn expand(&self, fields: &Fields<'_>) -> PathBuf {
        let full = no_climbing(self.fill(fields, fields.stem, fields.name));
        let name_len = full.rsplit(|&b| b == b'/').next().map_or(0, <[u8]>::len);
        let over = name_len.saturating_sub(NAME_MAX);
        if over == 0 {
            return into_path(full);
        }
        let stem = shortened(fields.stem.as_bytes(), over);
        let name = shortened(fields.name.as_bytes(), over);
        into_path(no_climbing(self.fill(fields, OsStr::from_bytes(&stem), OsStr::from_bytes(&name))))
    }

    fn fill(&self, fields: &Fields<'_>, stem: &OsStr, name: &OsStr) -> Vec<u8> {
        let mut path = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => path.extend_from_slice(text.as_bytes()),
                Piece::Stem => path.extend_from_slice(stem.as_bytes()),
                Piece::Name => path.extend_from_slice(name.as_bytes()),
                Piece::Ext => path.extend_from_slice(fields.ext.as_bytes()),
                // A size cannot contain a slash, so it cannot leave its component.
                Piece::Size => path.extend_from_slice(fields.size.as_bytes()),
                Piece::Width => path.extend_from_slice(fields.width.to_string().as_bytes()),
                Piece::Height => path.extend_from_slice(fields.height.to_string().as_bytes()),
                Piece::Hash => path.extend_from_slice(fields.hash.as_bytes()),
                Piece::Dir => path.extend_from_slice(fields.dir.as_os_str().as_bytes()),
            }
        }
        path
    }

    /// The stems or full names from which this template makes `name` with one of the size labels.
    /// The longest stem comes first.
    pub fn origins(&self, name: &OsStr, labels: &[String]) -> Vec<Origin> {
        let last = self.pieces.rsplit(|p| matches!(p, Piece::Literal(t) if t.contains('/'))).next();
        let same = last.is_some_and(|last| last.len() == self.pieces.len());
        // Names with directories are recognised by the walk, not by their form.
        if !same || !self.has_marker() || self.has_dir() {
            return Vec::new();
        }
        let mut origins = Vec::new();
        let mut steps = MAX_STEPS;
        self.unfill(name.as_bytes(), 0, &mut Origin::default(), labels, &mut origins, &mut steps);
        origins.sort_by_key(|o| std::cmp::Reverse(o.stem.as_ref().or(o.name.as_ref()).map_or(0, |s| s.len())));
        origins
    }

    fn unfill(
        &self,
        rest: &[u8],
        at: usize,
        sofar: &mut Origin,
        labels: &[String],
        out: &mut Vec<Origin>,
        steps: &mut u32,
    ) {
        if *steps == 0 {
            return;
        }
        *steps -= 1;
        let Some(piece) = self.pieces.get(at) else {
            if rest.is_empty() && (sofar.stem.is_some() || sofar.name.is_some()) && out.len() < 16 {
                out.push(sofar.clone());
            }
            return;
        };
        match piece {
            Piece::Literal(text) => {
                if let Some(rest) = rest.strip_prefix(text.as_bytes()) {
                    self.unfill(rest, at + 1, sofar, labels, out, steps);
                }
            }
            Piece::Size => {
                for label in labels {
                    if let Some(rest) = rest.strip_prefix(label.as_bytes()) {
                        self.unfill(rest, at + 1, sofar, labels, out, steps);
                    }
                }
            }
            Piece::Width | Piece::Height => {
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                for n in 1..=digits {
                    self.unfill(&rest[n..], at + 1, sofar, labels, out, steps);
                }
            }
            Piece::Hash => {
                let digits = rest.get(..HASH).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                if digits.is_some() {
                    self.unfill(&rest[HASH..], at + 1, sofar, labels, out, steps);
                }
            }
            Piece::Stem | Piece::Name | Piece::Ext => {
                for n in (1..=rest.len()).rev() {
                    let mut next = sofar.clone();
                    let slot = match piece {
                        Piece::Stem => &mut next.stem,
                        Piece::Name => &mut next.name,
                        _ => &mut next.ext,
                    };
                    let value = OsString::from_vec(rest[..n].to_vec());
                    if slot.as_ref().is_some_and(|old| *old != value) {
                        continue;
                    }
                    *slot = Some(value);
                    self.unfill(&rest[n..], at + 1, &mut next, labels, out, steps);
                }
            }
            Piece::Dir => {}
        }
    }
}

/// The origin of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The input's stem, if the template contains it.
    pub stem: Option<OsString>,
    /// The input's full name, if the template contains it.
    pub name: Option<OsString>,
    /// The output's extension, if the template contains it.
    pub ext: Option<OsString>,
}

fn into_path(bytes: Vec<u8>) -> PathBuf {
    // For an input at the top, `{dir}/x` starts with a meaningless slash.
    let start = bytes.iter().position(|&b| b != b'/').unwrap_or(bytes.len());
    let path = PathBuf::from(OsString::from_vec(bytes[start..].to_vec()));
    debug_assert!(path.components().all(|c| matches!(c, Component::Normal(_))), "{path:?}");
    path
}

/// Appends an underscore to components that came out as `.` or `..`, as the stem of a file named
/// `...` does.
fn no_climbing(path: Vec<u8>) -> Vec<u8> {
    if !path.split(|&b| b == b'/').any(|part| matches!(part, b"." | b"..")) {
        return path;
    }
    let mark = |part: &[u8]| if matches!(part, b"." | b"..") { [part, b"_"].concat() } else { part.to_vec() };
    path.split(|&b| b == b'/').map(mark).collect::<Vec<_>>().join(&b'/')
}

/// Whether `short` is a shortened form of `whole`.
pub fn is_shortened(short: &OsStr, whole: &OsStr) -> bool {
    let (short, whole) = (short.as_bytes(), whole.as_bytes());
    let Some(keep) = short.len().checked_sub(MARK) else { return false };
    short[keep] == b'~'
        && short.len() < whole.len()
        && whole.starts_with(&short[..keep])
        && short[keep..] == mark(whole)
}

/// The length of the mark on a shortened name.
const MARK: usize = 9;

/// A tilde and 8 hexadecimal digits of the FNV-1a hash.
fn mark(stem: &[u8]) -> [u8; MARK] {
    let hash = stem.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut mark = [b'~'; MARK];
    mark[1..].copy_from_slice(format!("{:08x}", (hash >> 32) as u32 ^ hash as u32).as_bytes());
    mark
}

/// Shortens `stem` by `over` bytes and marks it. Cuts at a character boundary if possible.
fn shortened(stem: &[u8], over: usize) -> Vec<u8> {
    let mut keep = stem.len().saturating_sub(over + MARK);
    while keep > 0 && keep < stem.len() && stem[keep] & 0xc0 == 0x80 {
        keep -= 1;
    }
    [&stem[..keep], &mark(stem)].concat()
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
