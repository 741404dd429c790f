//! Patterns of file names, matched byte by byte, because neither names nor patterns need to be
//! UTF-8.
//!
//! `*` is any sequence of bytes, `?` one character (or one byte of invalid UTF-8), `[a-z]` and
//! `[!a-z]` one of a set, `{a,b}` one of several, and a backslash escapes the next character. `**`
//! between slashes is any number of directories.

use super::PatternError;

/// The largest number of alternatives from the braces of one name.
const MOST_WAYS: usize = 256;

/// A component of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// `**`
    Directories,
    /// A literal name.
    Literal(Vec<u8>),
    /// One of these.
    Wild(Vec<Vec<Piece>>),
}

/// An element that matches one or more characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Byte(u8),
    Any,
    Run,
    Class { ranges: Vec<(char, char)>, negated: bool },
}

impl Part {
    /// Parses the text between two slashes.
    pub fn new(text: &[u8]) -> Result<Self, PatternError> {
        if text == b"**" {
            return Ok(Self::Directories);
        }
        if !text.iter().any(|b| b"*?[{\\".contains(b)) {
            return Ok(Self::Literal(text.to_vec()));
        }
        let ways = alternatives(text)?;
        Ok(Self::Wild(ways.iter().map(|way| pieces(way)).collect::<Result<_, _>>()?))
    }

    /// Whether it matches files and directories that begin with a dot.
    pub fn is_dotted(&self) -> bool {
        match self {
            Self::Directories => false,
            Self::Literal(name) => name.starts_with(b"."),
            Self::Wild(ways) => ways.iter().any(|way| way.first() == Some(&Piece::Byte(b'.'))),
        }
    }

    /// Whether it matches a name.
    pub fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Directories => true,
            Self::Literal(own) => own == name,
            Self::Wild(ways) => ways.iter().any(|way| matches(way, name)),
        }
    }
}

/// Expands braces: `{a,b}c` is `ac` and `bc`.
fn alternatives(text: &[u8]) -> Result<Vec<Vec<u8>>, PatternError> {
    let mut ways: Vec<Vec<u8>> = vec![Vec::new()];
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' => {
                let (inner, end) = braces(text, at + 1)?;
                let inner: Vec<Vec<u8>> =
                    inner.into_iter().map(alternatives).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
                if ways.len() * inner.len() > MOST_WAYS {
                    return Err(PatternError::Large);
                }
                ways = ways.iter().flat_map(|way| inner.iter().map(|more| [way.as_slice(), more].concat())).collect();
                at = end;
            }
            b'}' => return Err(PatternError::Braces),
            b'\\' | b'[' => {
                let end = if byte == b'\\' { at + 2 } else { class_end(text, at).unwrap_or(at + 1) };
                let end = end.min(text.len());
                ways.iter_mut().for_each(|way| way.extend(&text[at..end]));
                at = end;
            }
            byte => {
                ways.iter_mut().for_each(|way| way.push(byte));
                at += 1;
            }
        }
    }
    Ok(ways)
}

/// The parts between commas up to the closing brace, and the position behind it.
fn braces(text: &[u8], from: usize) -> Result<(Vec<&[u8]>, usize), PatternError> {
    let (mut parts, mut start, mut depth, mut at) = (Vec::new(), from, 0, from);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at = class_end(text, at).map_or(at, |end| end - 1),
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                parts.push(&text[start..at]);
                return Ok((parts, at + 1));
            }
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    Err(PatternError::Braces)
}

/// The position behind the bracket that closes the class opened by `text[at]`. A closing bracket
/// that comes first is a member.
fn class_end(text: &[u8], at: usize) -> Option<usize> {
    let first = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'!' | b'^')));
    let close = text.get(first + 1..)?.iter().position(|&b| b == b']')?;
    Some(first + 1 + close + 1)
}

fn pieces(text: &[u8]) -> Result<Vec<Piece>, PatternError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            // Several in a row are one.
            b'*' if out.last() == Some(&Piece::Run) => {}
            b'*' => out.push(Piece::Run),
            b'?' => out.push(Piece::Any),
            b'\\' => {
                out.push(Piece::Byte(*text.get(at).ok_or(PatternError::Backslash)?));
                at += 1;
            }
            b'[' => {
                let end = class_end(text, at - 1).ok_or(PatternError::Class)?;
                out.push(class(&text[at..end - 1])?);
                at = end;
            }
            byte => out.push(Piece::Byte(byte)),
        }
    }
    Ok(out)
}

fn class(text: &[u8]) -> Result<Piece, PatternError> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let mut rest = &text[usize::from(negated)..];
    let mut ranges = Vec::new();
    while !rest.is_empty() {
        let (from, len) = character(rest);
        rest = &rest[len..];
        let range = rest.strip_prefix(b"-").filter(|more| !more.is_empty());
        let to = match range {
            Some(more) => {
                let (to, len) = character(more);
                rest = &more[len..];
                to
            }
            None => from,
        };
        if to < from {
            return Err(PatternError::Range(from, to));
        }
        ranges.push((from, to));
    }
    Ok(Piece::Class { ranges, negated })
}

/// The first character and its length. A byte of invalid UTF-8 is mapped to a character that text
/// cannot contain.
fn character(bytes: &[u8]) -> (char, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(c) => (c, c.len_utf8()),
        // Private use, plane 16.
        None => (char::from_u32(0x10_0000 + u32::from(bytes[0])).unwrap_or(char::REPLACEMENT_CHARACTER), 1),
    }
}

fn matches(pieces: &[Piece], name: &[u8]) -> bool {
    let (mut piece, mut at) = (0, 0);
    // Where to resume with the last `*` if the rest does not match: it takes one more byte.
    let mut again: Option<(usize, usize)> = None;
    loop {
        match pieces.get(piece) {
            None if at == name.len() => return true,
            Some(Piece::Run) => {
                again = Some((piece + 1, at));
                piece += 1;
                continue;
            }
            Some(one) if at < name.len() => {
                let (c, len) = character(&name[at..]);
                let len = match one {
                    Piece::Byte(byte) => (*byte == name[at]).then_some(1),
                    Piece::Class { ranges, negated } => {
                        let inside = ranges.iter().any(|&(from, to)| (from..=to).contains(&c));
                        (inside != *negated).then_some(len)
                    }
                    Piece::Any | Piece::Run => Some(len),
                };
                if let Some(len) = len {
                    (piece, at) = (piece + 1, at + len);
                    continue;
                }
            }
            _ => {}
        }
        match again {
            Some((next, from)) if from < name.len() => {
                (piece, at) = (next, from + 1);
                again = Some((next, from + 1));
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_match(pattern: &[u8], name: &[u8]) -> bool {
        Part::new(pattern).unwrap().matches(name)
    }

    #[test]
    fn names() {
        for (pattern, name, want) in [
            (&b"*.jpg"[..], &b"a.jpg"[..], true),
            (b"*.jpg", b"a.jpg.x", false),
            (b"*.jpg", b"\xff\xfe.jpg", true),
            (b"caf\xe9*", b"caf\xe9.jpg", true),
            (b"?.jpg", "é.jpg".as_bytes(), true),
            (b"?.jpg", b"\xe9.jpg", true),
            (b"?.jpg", b"ab.jpg", false),
            (b"[a-c]x", b"bx", true),
            (b"[!a-c]x", b"bx", false),
            (b"[^a-c]x", b"dx", true),
            (b"[]]x", b"]x", true),
            (b"[a-]x", b"-x", true),
            (b"[\xe9]x", b"\xe9x", true),
            ("[é-ü]".as_bytes(), "ö".as_bytes(), true),
            (b"*.{jpg,png}", b"a.png", true),
            (b"*.{jpg,png}", b"a.gif", false),
            (b"{a,b{c,d}}", b"bd", true),
            (b"{,x}a", b"a", true),
            (b"[{]*", b"{a", true),
            (br"\*.jpg", b"*.jpg", true),
            (br"\*.jpg", b"a.jpg", false),
            (b"a*b*c", b"aXbXbXc", true),
            (b"a*b*c", b"aXbXbX", false),
            (b"*", b"", true),
        ] {
            assert_eq!(is_match(pattern, name), want, "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn invalid_patterns() {
        assert_eq!(Part::new(b"[a"), Err(PatternError::Class));
        assert_eq!(Part::new(b"[z-a]"), Err(PatternError::Range('z', 'a')));
        assert_eq!(Part::new(b"{a"), Err(PatternError::Braces));
        assert_eq!(Part::new(b"*}"), Err(PatternError::Braces));
        assert_eq!(Part::new(b"a\\"), Err(PatternError::Backslash));
        assert_eq!(Part::new("{a,b}".repeat(9).as_bytes()), Err(PatternError::Large));
    }

    proptest! {
        #[test]
        fn globset_agrees(pattern in "[ab*?]{0,6}|[ab]?\\[!?[a-c]{1,2}\\]\\*?|\\{a,b\\*\\}[ab]?", name in "[abc]{0,6}") {
            let other = globset::GlobBuilder::new(&pattern).literal_separator(true).build().unwrap();
            // Here two stars are one; in globset they match across directories.
            prop_assume!(!pattern.contains("**"));
            prop_assert_eq!(is_match(pattern.as_bytes(), name.as_bytes()), other.compile_matcher().is_match(&name));
        }

        #[test]
        fn nothing_panics(pattern: Vec<u8>, name: Vec<u8>) {
            if let Ok(part) = Part::new(&pattern) {
                part.matches(&name);
            }
        }
    }
}
