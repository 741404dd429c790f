//! The command as clap runs it: the options of `Args` with what holds for all of them.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Command, CommandFactory, Error, FromArgMatches};

use super::args::Args;

/// Options on the one screen of `-h`.
const COMMON: [&str; 12] = [
    "size", "fit", "output", "format", "quality", "name", "existing", "update", "dry_run", "verbose", "help", "version",
];

/// The command.
pub fn command() -> Command {
    Args::command().mut_args(|arg| {
        let is_common = arg.is_positional() || COMMON.contains(&arg.get_id().as_str());
        let has_words = arg.get_action().takes_values() && arg.get_value_parser().possible_values().is_some();
        arg.hide_short_help(!is_common).ignore_case(has_words)
    })
}

/// Ids of the options that were typed, as opposed to those that have their defaults.
#[derive(Debug, Default)]
pub struct Typed(HashSet<String>);

impl Typed {
    /// Whether the option was typed.
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// All of them, in no order. Groups of options, which clap names after their types, are none.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|id| !id.starts_with(char::is_uppercase))
    }
}

/// Parses a command line, the program's name first.
///
/// # Errors
/// What clap refuses, or help and version.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<(Args, Typed), Error> {
    parse_by(command(), words)
}

/// Like [`parse`], but an option may be given twice. The last one counts.
///
/// # Errors
/// What clap refuses, or help and version.
pub fn parse_again(words: impl IntoIterator<Item = OsString>) -> Result<(Args, Typed), Error> {
    parse_by(command().args_override_self(true), words)
}

fn parse_by(command: Command, words: impl IntoIterator<Item = OsString>) -> Result<(Args, Typed), Error> {
    let matches = command.try_get_matches_from(words)?;
    let is_typed = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let typed = matches.ids().filter(is_typed).map(|id| id.as_str().to_owned()).collect();
    Ok((Args::from_arg_matches(&matches)?, Typed(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_options_exist() {
        let command = Args::command();
        for id in COMMON {
            assert!(command.get_arguments().any(|arg| arg.get_id() == id), "{id}");
        }
        command.debug_assert();
    }

    #[test]
    fn typed_options_are_told_from_defaults() {
        let (_, typed) = parse(["thumbs", "a", "-q", "80"].map(OsString::from)).unwrap();
        assert!(typed.has("quality") && typed.has("inputs") && !typed.has("fit"));
    }

    #[test]
    fn values_have_no_case() {
        let (args, _) = parse(["thumbs", "a", "--gravity", "Top", "--fit", "COVER"].map(OsString::from)).unwrap();
        assert!(matches!(args.gravity, crate::cli::args_values::Gravity::North));
        assert!(matches!(args.fit, crate::cli::args_values::Fit::Cover));
    }
}
