//! Turns piles of pictures into thumbnails and smaller pictures.
//!
//! There are two entry points. [`render`](render()) turns the bytes of one picture into encoded
//! outputs. It opens no files and starts no threads, so it fits into a web handler
//! (`examples/web_handler.rs`, `examples/async_handler.rs`). [`thumbnail`] returns pixels instead.
//!
//! ```
//! use thumbs::{Limits, Recipe, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let photo = std::fs::read("fixtures/photos/chelsea.jpg")?;
//! let recipe = Recipe::default().with_sizes(["256".parse()?, "800x600".parse()?]);
//! let rendered = render(&photo, &recipe, &Limits::default())?;
//! for output in &rendered.outputs {
//!     println!("{} {} bytes, {}", output.format, output.bytes.len(), output.size);
//! }
//! # assert_eq!(rendered.outputs.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! [`run`] processes files and directories on all processors and reports to a [`Reporter`]:
//!
//! ```
//! use thumbs::{Cancel, Event, Recipe, Reporter, RunConfig};
//!
//! struct Failures(Vec<String>);
//!
//! impl Reporter for Failures {
//!     fn event(&mut self, event: &Event<'_>) {
//!         if let Event::Failed(failure) = event {
//!             self.0.push(format!("{}: {}", failure.source, failure.error));
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let out = tempfile::tempdir()?;
//! # let out = out.path();
//! let recipe = Recipe::default().with_sizes(["256".parse()?]);
//! let config = RunConfig::into_directory(["fixtures/photos"], recipe, out);
//! let mut failures = Failures(Vec::new());
//! let summary = thumbs::run(config, &mut failures, &Cancel::default())?;
//! assert_eq!((summary.failed, failures.0.len()), (0, 0));
//! # Ok(())
//! # }
//! ```
//!
//! A [`Recipe`] says what to make of a picture, [`Limits`] what one picture may cost, and a
//! [`RunConfig`] where a batch reads and writes. Their `with_` methods change the defaults, which are
//! those of the command line.
//!
//! The library never prints, never exits, and never touches a global thread pool. A decoder's panic
//! in a batch is the failure of one picture; [`render`](render()) passes it on.
//!
//! Features: `simd` (default) compiles hot loops for AVX2; `http` (default) reads pictures from
//! `http://` and `https://` addresses; `cli` (default) builds the program; `image` converts to and from
//! `image::DynamicImage`.

// Without the command line, the parts that only it uses are dead code.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]
#![cfg_attr(not(feature = "http"), allow(dead_code))]

mod archive;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod json;
mod net;
mod outcome;
mod path_log;
mod pipeline;
mod plan;
mod policy;
mod report;
mod sink;
mod source;
mod split;
mod state;
mod walk;
mod words;

pub use thumbs_render::codec::{DecodeError, EncodeError};
#[cfg(feature = "image")]
pub use thumbs_render::dynamic as image;
pub use thumbs_render::geometry::{Fit, Gravity, SizeSpec};
pub use thumbs_render::pixmap::{Channels, Pixmap, Samples};
pub use thumbs_render::recipe::{
    Border, Color, Effects, EncodeSettings, Filter, FormatChoice, Goal, IccPolicy, MetadataPolicy, Placeholder, Radius,
    Subsampling, Watermark,
};
pub use thumbs_render::render::{
    Described, Encoded, RenderError, Rendered, Thumbnail, decode, describe, render, thumbnail,
};
pub use thumbs_render::size::Size;
pub use thumbs_render::{Format, Limits, Recipe};

pub use archive::Kind as ArchiveKind;
pub use net::DownloadOptions;
pub use outcome::{
    Address, Bottleneck, Done, Failure, Output, SkipReason, SourceName, Stage, Stop, Summary, TimeSpent, Upload,
};
pub use pipeline::{Cancel, InPlaceError, Prune, PruneError, RunConfig, RunError, UpdateOptions, run};
pub use plan::TemplateError;
pub use policy::{DropDuplicates, Existing, MaxFailures, MinSavings};
pub use report::{Event, Progress, Reporter};
pub use sink::SinkError;
pub use state::{LockError, StateError};
pub use walk::{LeftOut, PatternError};

/// Internals for tests and fuzz targets. Not part of the interface.
#[doc(hidden)]
pub mod internal {
    pub use crate::archive::tar::{TarWriter, header as tar_header};
    pub use crate::archive::tar_reader::TarReader;
    pub use crate::archive::zip_writer::ZipWriter;
    pub use crate::plan::{
        Admission, Destination, Fields, Ledger, Naming, OwnOutputs, Plan, PlannedOutput, Standing, Template,
    };
    pub use crate::walk::{Input, Item, Patterns, Selection, Walker};
}
