//! Splits a run among machines. A plan holds the list of inputs, cut into shards of about equal work; each shard is a run of its own,
//! and leaves a report and a marker; in the end, all markers and reports are checked and merged. `docs/scale.md` describes the files.

mod entry;
mod error;
mod finish;
mod keys;
mod marker;
mod paths;
mod plan;
mod reader;
mod selector;
mod writer;

pub use entry::Entry;
pub use error::SplitError;
pub use finish::finish;
pub use marker::{Marker, made};
pub use paths::Paths;
pub use plan::Plan;
pub use reader::shard;
pub use selector::{Portion, Selector, SelectorError};
pub use writer::Writer;
