//! Turns piles of pictures into thumbnails and smaller pictures.
//!
//! Two doors. [`render`](render()) takes the bytes of one picture and gives encoded variants: no
//! files, no threads, no clock, so it can stand in a web handler (`examples/web_handler.rs`, and
//! `examples/async_handler.rs` for an async one).
//!
//! ```
//! use thumbs::{Limits, Recipe, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let photo = std::fs::read("fixtures/photos/chelsea.jpg")?;
//! let recipe = Recipe { sizes: vec!["256".parse()?, "800x600".parse()?], ..Recipe::default() };
//! let rendered = render(&photo, &recipe, &Limits::default())?;
//! for output in &rendered.outputs {
//!     println!("{} {} bytes, {}", output.format, output.bytes.len(), output.size);
//! }
//! # assert_eq!(rendered.outputs.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! [`run`] works through files and directories with all processors, and tells a [`Reporter`] of the
//! caller's what happens:
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
//! let recipe = Recipe { sizes: vec!["256".parse()?], ..Recipe::default() };
//! let config = RunConfig::into_directory(["fixtures/photos"], recipe, out);
//! let mut failures = Failures(Vec::new());
//! let summary = thumbs::run(config, &mut failures, &Cancel::default())?;
//! assert_eq!((summary.failed, failures.0.len()), (0, 0));
//! # Ok(())
//! # }
//! ```
//!
//! The library never prints, never exits, and never touches a global thread pool.

pub mod archive;
pub mod outcome;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod report;
pub mod sink;
pub mod source;
pub mod state;
pub mod walk;
pub mod words;

pub use thumbs_render::{Format, Limits, Recipe, RenderError, Rendered, render};
pub use thumbs_render::{codec, format, geometry, limits, metadata, op, orientation, pixmap, recipe, size};

pub use outcome::Summary;
pub use pipeline::{Cancel, RunConfig, run};
pub use report::{Event, Reporter};
