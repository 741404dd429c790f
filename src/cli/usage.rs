//! Usage errors in one line: the option, the value as typed, and what it has to be.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::words;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args_nightly::WITH_UPDATE;
use super::command::command;
use super::foreign;

/// Options that print something and end.
const STANDS_ALONE: [&str; 2] = ["--man", "--completions"];

/// The message for an error of clap about the arguments `typed`.
pub fn words(error: &Error, typed: &[OsString]) -> String {
    let option = first(error, ContextKind::InvalidArg).map_or_else(String::new, |name| spelled(&name, typed));
    let value = first(error, ContextKind::InvalidValue).unwrap_or_default();
    let near =
        first(error, ContextKind::SuggestedValue).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let valid = all(error, ContextKind::ValidValue).join(", ");
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(error, &option, typed),
        ErrorKind::InvalidValue if value.is_empty() && option == "INPUT" => "an INPUT is empty".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() && valid.is_empty() => format!("{option}: a value is missing"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{option}: a value is missing: one of {valid}"),
        ErrorKind::InvalidValue => format!("{option} {}: one of {valid}{near}", shown(&value)),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
            format!("{option} {}: {why}{}", shown(&value), one_dash(&option, &value))
        }
        ErrorKind::TooManyValues => format!("{option}: it takes no value"),
        ErrorKind::MissingRequiredArgument => {
            if typed.iter().any(|word| word == "--allow-smaller") {
                return "--allow-smaller: it has no effect without --max-bytes".to_owned();
            }
            let asks = typed.iter().filter_map(|word| word.to_str()).find_map(|word| {
                let word = word.split('=').next().unwrap_or(word);
                WITH_UPDATE.iter().find(|option| **option == word)
            });
            // No other option requires one.
            format!("{}: it has no effect without --update", asks.unwrap_or(&"an option"))
        }
        ErrorKind::ArgumentConflict => match all(error, ContextKind::PriorArg) {
            // clap names no other option for an exclusive one.
            prior if prior.is_empty() && STANDS_ALONE.contains(&option.as_str()) => {
                format!("{option}: not together with other options or INPUTs")
            }
            prior if prior.first().is_none_or(|prior| spelled(prior, typed) == option) => {
                format!("{option}: given twice")
            }
            prior => {
                let prior: Vec<String> = prior.iter().map(|name| spelled(name, typed)).collect();
                format!("{option}: not together with {}", prior.join(", "))
            }
        },
        ErrorKind::InvalidUtf8 => format!("{}: not UTF-8, which only paths need not be", not_utf8(typed)),
        // Kinds that this command line cannot have, such as those of subcommands.
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

/// A word for a message: quoted if it is empty or contains spaces, with control characters escaped.
pub fn shown(word: &str) -> String {
    let safe = words::path(Path::new(word));
    if safe.is_empty() || safe.contains(char::is_whitespace) { format!("'{safe}'") } else { safe }
}

/// Whether a command line that failed to parse asks for JSON messages.
pub fn wants_json(typed: &[OsString]) -> bool {
    let after = typed.iter().skip_while(|word| *word != "--log-format").nth(1);
    after.is_some_and(|word| word == "json") || typed.iter().any(|word| word == "--log-format=json")
}

fn unknown(error: &Error, option: &str, typed: &[OsString]) -> String {
    let exists = |word: &&str| word.starts_with(option) && Path::new(word).symlink_metadata().is_ok();
    let file = typed.iter().filter_map(|word| word.to_str()).find(exists);
    if let (None, Some(answer)) = (file, foreign::answer(option, value_of(option, typed))) {
        return format!("{}: no such option; {answer}", shown(option));
    }
    let near = first(error, ContextKind::SuggestedArg).or_else(|| other_case(option));
    let hint = match (file, near) {
        (Some(file), _) => format!("; write ./{} for the file of this name", shown(file)),
        (None, Some(near)) => format!("; did you mean {}?", near.split_whitespace().next().unwrap_or(&near)),
        (None, None) => "; thumbs --help lists all".to_owned(),
    };
    format!("{}: no such option{hint}", shown(option))
}

/// The value of an option: after `=`, or the next word.
fn value_of<'a>(option: &str, typed: &'a [OsString]) -> Option<&'a str> {
    typed.iter().enumerate().find_map(|(at, word)| match word.to_str()?.strip_prefix(option)? {
        "" => typed.get(at + 1)?.to_str(),
        rest => rest.strip_prefix('='),
    })
}

/// The option whose value is not UTF-8, and the value.
fn not_utf8(typed: &[OsString]) -> String {
    let command = command();
    let takes_text = |word: &str| {
        let is = |arg: &clap::Arg| {
            let long = arg.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
            long || arg.get_short().is_some_and(|short| word.strip_prefix('-') == Some(&short.to_string()))
        };
        let arg = command.get_arguments().find(|arg| is(arg));
        arg.is_some_and(|arg| arg.get_value_parser().type_id() != TypeId::of::<PathBuf>())
    };
    let shown = |word: &OsString| words::path(Path::new(word));
    let before = std::iter::once(None).chain(typed.iter().map(|word| word.to_str()));
    let wrong = typed.iter().zip(before).filter(|(word, _)| word.to_str().is_none()).find_map(|(word, before)| {
        match before.filter(|before| takes_text(before)) {
            Some(before) => Some(format!("{before} {}", shown(word))),
            None => word.as_encoded_bytes().starts_with(b"-").then(|| shown(word)),
        }
    });
    wrong.unwrap_or_else(|| "a value".to_owned())
}

/// The short option in the other case.
fn other_case(option: &str) -> Option<String> {
    let mut letters = option.strip_prefix('-')?.chars();
    let (letter, None) = (letters.next()?, letters.next()) else { return None };
    let other = if letter.is_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
    let known = command().get_arguments().any(|arg| arg.get_short() == Some(other));
    known.then(|| format!("-{other}"))
}

/// `-size 256` is read as `-s ize`.
fn one_dash(option: &str, value: &str) -> String {
    let Some(short) = option.strip_prefix('-').filter(|short| short.len() == 1) else { return String::new() };
    let long = format!("{short}{value}");
    let known = command().get_arguments().any(|arg| arg.get_long() == Some(&long));
    if known { format!("; did you mean --{long}?") } else { String::new() }
}

/// The spelling that was typed, `-s` or `--size`, of an option that clap calls `--size <SIZE>`.
fn spelled(name: &str, typed: &[OsString]) -> String {
    let name = name.split([' ', '=']).next().unwrap_or(name);
    let Some(long) = name.strip_prefix("--") else {
        return name.trim_matches(['[', ']', '<', '>', '.']).to_owned();
    };
    let is_long = |word: &OsString| {
        let rest = word.to_str().and_then(|word| word.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let command = command();
    let short = command.get_arguments().find(|arg| arg.get_long() == Some(long)).and_then(clap::Arg::get_short);
    match short {
        Some(short) if !typed.iter().any(is_long) => format!("-{short}"),
        _ => name.to_owned(),
    }
}

fn all(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}

fn first(error: &Error, kind: ContextKind) -> Option<String> {
    all(error, kind).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let words_typed = std::iter::once(OsString::from("thumbs")).chain(typed.clone());
        let error = super::super::command::parse(words_typed).unwrap_err();
        words(&error, &typed)
    }

    #[test]
    fn one_shape() {
        for (line, want) in [
            ("a -q high", "-q high: quality is a whole number from 1 to 100, or auto"),
            ("a --quality=high", "--quality high: quality is a whole number from 1 to 100, or auto"),
            ("a -vqhigh", "-q high: quality is a whole number from 1 to 100, or auto"),
            ("a --fit covr", "--fit covr: one of inside, cover, contain, fill, outside; did you mean cover?"),
            ("a --fit", "--fit: a value is missing: one of inside, cover, contain, fill, outside"),
            ("a -s", "-s: a value is missing"),
            ("a --sise 3", "--sise: no such option; did you mean --size?"),
            ("a --zzz", "--zzz: no such option; thumbs --help lists all"),
            ("a -S 3", "-S: no such option; did you mean -s?"),
            ("a --enlarge=yes", "--enlarge: it takes no value"),
            ("a --checksum", "--checksum: it has no effect without --update"),
            ("a --lock=wait", "--lock: it has no effect without --update"),
            ("a --webdataset d -o e", "--webdataset: not together with -o"),
            ("a --fit fill --fit fill", "--fit: given twice"),
            ("a --report=", "--report: a value is missing"),
            ("a --width 300", "--width: no such option; -s 300x sets the width, with the height free"),
            ("a --height=200", "--height: no such option; -s x200 sets the height, with the width free"),
            ("a --force", "--force: no such option; --existing replace replaces files that thumbs did not write"),
            ("a --strip", "--strip: no such option; metadata is dropped by default"),
            ("a -r", "-r: no such option; directories are walked anyway (--max-depth 1 takes only their own files)"),
            ("a --man", "--man: not together with other options or INPUTs"),
        ] {
            assert_eq!(said(line), want, "{line}");
        }
        assert!(said("a -size 256").ends_with("; did you mean --size?"));
        assert_eq!(said(" -s 3"), "an INPUT is empty");
    }

    #[test]
    fn words_are_seen_as_they_are() {
        for (word, want) in [("high", "high"), ("", "''"), ("a b", "'a b'"), ("\x1b[31m", "\\x1b[31m")] {
            assert_eq!(shown(word), want);
        }
    }
}
