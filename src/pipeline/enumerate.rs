//! Finds all inputs of a run without making anything.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::config::RunConfig;
use super::feeder::feed_list;
use crate::walk::{Item, Row};
use crate::words;

/// Calls `give` for all inputs in their order, until it breaks off.
///
/// # Errors
/// A list that cannot be read.
pub fn enumerate(
    config: &RunConfig,
    give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> ControlFlow<()>,
) -> Result<(), String> {
    for input in config.missing_first() {
        if config.walker.walk(input, &mut |item| give(item, None)).is_break() {
            return Ok(());
        }
    }
    for list in &config.lists {
        let unread = |error: io::Error| {
            let name = list.file.as_deref().map_or_else(|| "standard input".to_owned(), words::path);
            format!("{name}: the list cannot be read: {}", words::system_words(&error))
        };
        if feed_list(config, list, give).map_err(unread)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}
