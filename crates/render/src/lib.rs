//! Renders thumbnails of one picture: from its bytes to encoded files in memory. No files, no threads.
//!
//! # Example
//!
//! Two sizes in two formats from one picture:
//!
//! ```
//! use thumbs_render::recipe::{FormatChoice, Recipe};
//! use thumbs_render::{Format, Limits, RenderError, Rendered, render};
//!
//! fn thumbnails(bytes: &[u8]) -> Result<Rendered, RenderError> {
//!     let recipe = Recipe::default()
//!         .with_sizes(["400x400".parse().unwrap(), "1600x1600".parse().unwrap()])
//!         .with_formats([FormatChoice::To(Format::WebP), FormatChoice::To(Format::Jpeg)]);
//!     render(bytes, &recipe, &Limits::default())
//! }
//!
//! # use thumbs_render::codec::{Attached, registry};
//! # use thumbs_render::{pixmap::{Channels, Pixmap}, recipe::EncodeSettings, size::Size};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pixmap = Pixmap::new_u8(Size::new(2000, 1000), Channels::Grey, vec![7; 2000 * 1000]);
//! # let encoder = registry::encoder(Format::Png).unwrap();
//! # let bytes = encoder.encode(&pixmap, &EncodeSettings::default(), &Attached::default())?;
//! let rendered = thumbnails(&bytes)?;
//! let sizes: Vec<String> = rendered.outputs.iter().map(|output| output.size.to_string()).collect();
//! assert_eq!(sizes, ["400x200", "400x200", "1600x800", "1600x800"]);
//! assert!(rendered.outputs[1].bytes.starts_with(&[0xff, 0xd8]));
//! # Ok(())
//! # }
//! ```
//!
//! The picture is decoded once for all outputs, at the smallest size that suffices for the largest of them. Orientation, colour
//! profiles and alpha are handled; [`Rendered::notes`] lists everything that was lost.
//!
//! # Steps
//!
//! [`render()`] does all of the following. Call the steps to plan before decoding:
//!
//! - [`render::open`] detects the format by content, reads the header, checks it against the [`Limits`], and plans the outputs.
//! - [`render::Opened::variants`] lists the planned outputs, and [`render::Opened::memory`] bounds the memory for rendering.
//! - [`render::Opened::render`] decodes, resizes and encodes the wanted variants. A callback can interrupt it.
//!
//! # Formats
//!
//! Reads JPEG, PNG, WebP, GIF, TIFF, BMP, ICO, QOI, PNM, TGA, Radiance HDR, OpenEXR and farbfeld. Writes JPEG, PNG and WebP.
//! [`Format::reads`] and [`Format::writes`] are the authority.
//!
//! # Errors and limits
//!
//! [`RenderError`] distinguishes decoding, resizing and encoding. A truncated or damaged picture fails with a reason, unless
//! [`Recipe::with_allow_truncated`] accepts it. [`Limits`] bound the pixels, the file size and the memory of one picture. They are
//! checked from the header, before pixels are allocated.
//!
//! # Features
//!
//! `simd` (default) compiles hot loops for AVX2 and chooses them at run time.

pub mod codec;
#[cfg(feature = "image")]
pub mod dynamic;
pub mod format;
pub mod geometry;
pub mod limits;
pub mod metadata;
pub mod op;
pub mod orientation;
pub mod pixmap;
pub mod recipe;
pub mod render;
pub mod search;
pub mod size;
pub mod words;

pub use format::Format;
pub use limits::Limits;
pub use recipe::Recipe;
pub use render::{RenderError, Rendered, render};
