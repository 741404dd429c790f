//! Groups failures with the same reason: the first few are printed, the rest is counted. The report lists all of them.

use std::collections::HashMap;

use crate::outcome::{Failure, SourceName, Stage};
use crate::words;
use thumbs_render::format::Format;

/// Failures that are printed per reason.
const SHOWN: u64 = 5;
/// Reasons that are tracked. Failures with further reasons are all printed.
const KINDS: usize = 1000;

/// Failures so far, by reason.
#[derive(Default)]
pub struct Repeats {
    kinds: Vec<Kind>,
    by_reason: HashMap<(Stage, String), usize>,
}

struct Kind {
    reason: String,
    count: u64,
    /// The line, if only one failure was held back.
    held: Option<String>,
}

impl Repeats {
    /// The line to print, unless enough of this reason were printed.
    pub fn show(&mut self, failure: &Failure, line: String) -> Option<String> {
        let reason = reason(failure);
        let key = (failure.stage, reason);
        let at = match self.by_reason.get(&key) {
            Some(at) => *at,
            None if self.kinds.len() >= KINDS => return Some(line),
            None => {
                self.kinds.push(Kind { reason: key.1.clone(), count: 0, held: None });
                self.by_reason.insert(key, self.kinds.len() - 1);
                self.kinds.len() - 1
            }
        };
        let kind = &mut self.kinds[at];
        kind.count += 1;
        if kind.count <= SHOWN {
            return Some(line);
        }
        kind.held = (kind.count == SHOWN + 1).then_some(line);
        None
    }

    /// Lines with the numbers that were not printed; `list` names where they are listed.
    pub fn rest(self, list: &str) -> impl Iterator<Item = String> {
        self.kinds.into_iter().filter(|kind| kind.count > SHOWN).map(move |kind| match kind.held {
            // Print it; a line with its count would be as long.
            Some(line) => line,
            None => {
                let more = kind.count - SHOWN;
                format!("thumbs: ... and {more} more for the same reason (all of them: {list}): {}", kind.reason)
            }
        })
    }
}

/// The reason without names and numbers that differ between files.
fn reason(failure: &Failure) -> String {
    let mut text = failure.error.clone();
    if let SourceName::File(path) = &failure.source {
        let name = path.file_name().map(|name| words::path(name.as_ref())).unwrap_or_default();
        let stem = path.file_stem().map(|stem| words::path(stem.as_ref())).unwrap_or_default();
        // Otherwise each of its words would be replaced.
        let stem = if stem.contains(char::is_whitespace) { stem } else { String::new() };
        for own in [words::path(path), name, stem] {
            if own.len() > 2 {
                text = text.replace(&own, NAME);
            }
        }
    }
    without_numbers(&without_names(&text))
}

const NAME: &str = "...";

/// The extent of a path: to the closing quote, or to the next space.
fn without_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push('"');
        }
        if at % 2 == 1 {
            out.push_str(if is_name(part) { NAME } else { part });
            continue;
        }
        for (at, word) in part.split(' ').enumerate() {
            if at > 0 {
                out.push(' ');
            }
            let bare = word.trim_matches(|c: char| ":;,()'".contains(c));
            if is_name(bare) { out.push_str(&word.replace(bare, NAME)) } else { out.push_str(word) }
        }
    }
    out
}

fn is_name(word: &str) -> bool {
    let extension = word.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    let picture = extension.is_some_and(|(_, extension)| Format::from_extension(extension.as_bytes()).is_some());
    !word.starts_with("--") && (picture || word.contains('/') || word.contains(NAME))
}

/// Replaces separate numbers, not the 16 of "UTF16".
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c.is_ascii_digit() {
            true if before == 'N' && out.ends_with('N') => continue,
            true if !before.is_alphanumeric() => out.push('N'),
            _ => out.push(c),
        }
        before = if c.is_ascii_digit() && out.ends_with('N') { 'N' } else { c };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(source: &str, error: &str) -> Failure {
        Failure::new(SourceName::File(source.into()), Stage::Plan, error.to_owned())
    }

    #[test]
    fn the_first_few_are_shown() {
        let mut repeats = Repeats::default();
        let mut shown = 0;
        for at in 0..1000 {
            let failure = failure(&format!("in/{at}.jpg"), &format!("\"out/{at}.jpg\" exists"));
            shown += usize::from(repeats.show(&failure, String::new()).is_some());
        }
        assert!(repeats.show(&failure("in/1.jpg", "Permission denied"), String::new()).is_some());
        assert_eq!(shown, 5);
        let rest: Vec<String> = repeats.rest("--report FILE").collect();
        assert_eq!(rest, ["thumbs: ... and 995 more for the same reason (all of them: --report FILE): \"...\" exists"]);
    }

    #[test]
    fn one_more_is_shown_itself() {
        let mut repeats = Repeats::default();
        for at in 0..6 {
            repeats.show(&failure("a.jpg", "bad"), format!("line {at}"));
        }
        assert!(repeats.rest("r").eq(["line 5"]));
    }

    #[test]
    fn names_and_numbers_are_no_reasons() {
        for (source, error, want) in [
            ("in/a.jpg", "\"out/a.jpg\" exists", "\"...\" exists"),
            ("in/my dog.jpg", "out/my dog_thumb.jpg exists; choose another", "... exists; choose another"),
            ("1/x.jpg", "\"2/x.jpg\" already makes \"out/x.jpg\"; --name", "\"...\" already makes \"...\"; --name"),
            ("a.jpg", "it needs 350 GB, over 12.5 GB (--memory)", "it needs N GB, over N.N GB (--memory)"),
            ("a.jpg", "unsupported: UTF16, JPEG 2000", "unsupported: UTF16, JPEG N"),
            ("a.jpg", "a truncated JPEG", "a truncated JPEG"),
            ("in/a", "out/a.png: Permission denied", "...: Permission denied"),
        ] {
            assert_eq!(reason(&failure(source, error)), want);
        }
    }

    #[test]
    fn different_reasons_are_all_shown() {
        let mut repeats = Repeats::default();
        for at in 0..2000 {
            let error: String = std::iter::repeat_n('x', at).collect();
            assert!(repeats.show(&failure("a.jpg", &error), String::new()).is_some());
        }
        assert_eq!(repeats.rest("r").count(), 0);
    }
}
