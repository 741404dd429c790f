//! The Python module `thumbs._thumbs`: a thin layer over the library. All work runs without the GIL.

mod batch;
mod buffer;
mod errors;
mod feed;
mod options;
mod output;
mod pixels;
mod source;

use pyo3::prelude::*;

/// See `thumbs/_thumbs.pyi`.
#[pymodule(gil_used = false)]
mod _thumbs {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use super::batch::{Event, Run, Summary};
    #[pymodule_export]
    use super::errors::{DamagedPicture, Error, OutputConflict, TooLarge, UnsupportedFormat};
    #[pymodule_export]
    use super::feed::Feed;
    #[pymodule_export]
    use super::options::option_names;
    #[pymodule_export]
    use super::output::{Interrupt, Output, render};
    #[pymodule_export]
    use super::pixels::{Image, Picture};

    /// Runs the command line, and ends the process.
    #[pyfunction]
    fn main(py: Python<'_>, words: Vec<OsString>) {
        py.detach(|| thumbs::cli::main_with(words))
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A panic becomes the failure of one picture, or an exception; the module never prints.
        std::panic::set_hook(Box::new(|_| ()));
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
