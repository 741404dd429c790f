//! Patterns that no shell expanded.

use std::fs;
use std::io;
use std::path::Path;

use super::{Flow, Item, WalkError, Walker, has_picture_extension, literal_prefix};

impl Walker {
    pub(super) fn pattern(&self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let failed = |error| Item::Failed { path: path.to_path_buf(), error };
        let Some(text) = path.to_str() else {
            return give(failed(WalkError::Io(io::ErrorKind::NotFound.into())));
        };
        let all = if text.ends_with("**") { format!("{text}/*") } else { text.to_owned() };
        let options = glob::MatchOptions {
            require_literal_leading_dot: !self.selection.hidden,
            require_literal_separator: true,
            ..glob::MatchOptions::default()
        };
        let matches = match glob::glob_with(&all, options) {
            Ok(matches) => matches,
            Err(error) => return give(failed(WalkError::Pattern(error.msg))),
        };
        let base = literal_prefix(path);
        // `**` gives the directories' files itself.
        let deep = text.contains("**");
        let mut any = false;
        for entry in matches {
            any = true;
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().to_path_buf();
                    give(Item::Failed { path, error: io::Error::from(error).into() })?;
                    continue;
                }
            };
            let below = entry.strip_prefix(&base).unwrap_or(&entry).to_path_buf();
            let Ok(mut metadata) = fs::symlink_metadata(&entry) else { continue };
            let link = metadata.is_symlink();
            if link {
                let Ok(target) = fs::metadata(&entry) else { continue };
                metadata = target;
            }
            if self.selection.exclude.matches(&below) {
                continue;
            }
            if metadata.is_dir() {
                if !deep {
                    self.directory(&entry, &base, give)?;
                }
                continue;
            }
            if !metadata.is_file() || !self.selection.includes(&below) {
                continue;
            }
            let parent = below.parent().unwrap_or(Path::new(""));
            self.found(&entry, parent, has_picture_extension(&entry), link, give)?;
        }
        if any { Flow::Continue(()) } else { give(failed(WalkError::NoMatch)) }
    }
}
