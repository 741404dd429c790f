//! What a picture is read from: a path, bytes or another buffer, or a binary file object.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use thumbs::RenderError;
use thumbs::cli::library::{self, ReadError};

use crate::errors;

/// A source that needs no GIL any more.
pub enum Source {
    /// Bytes that Python keeps and nobody changes.
    Bytes(Py<PyBytes>),
    /// A copy of a buffer that may change.
    Copy(Vec<u8>),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Takes a source. Of a file object, it reads as much as `limit` allows and one byte more, which is then refused.
    ///
    /// # Errors
    /// `TypeError` for anything else, or what `read` raises.
    pub fn new(object: &Bound<'_, PyAny>, limit: u64) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone().unbind()));
        }
        if let Ok(path) = object.extract::<PathBuf>() {
            return Ok(Self::File(path));
        }
        if let Ok(buffer) = PyBuffer::<u8>::get(object) {
            return Ok(Self::Copy(buffer.to_vec(object.py())?));
        }
        if object.hasattr("read")? {
            let content = object.call_method1("read", (limit.saturating_add(1),))?;
            let kind = content.get_type().name()?.to_string();
            return match content.cast_into::<PyBytes>() {
                Ok(bytes) => Ok(Self::Bytes(bytes.unbind())),
                Err(_) => Err(PyTypeError::new_err(format!("source: its read() gave {kind}, not bytes"))),
            };
        }
        let kind = object.get_type().name()?.to_string();
        let what = "a path, bytes, a buffer, a binary file, an array of pixels or a PIL image";
        Err(PyTypeError::new_err(format!("source must be {what}, not {kind}")))
    }

    /// The path, for messages.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// Works on the bytes without the GIL. A panic of a decoder is an exception like any other failure.
    ///
    /// # Errors
    /// The file cannot be read, has more than `limit` bytes, or is no picture that the work can do with.
    pub fn work<R: Send>(
        &self,
        py: Python<'_>,
        limit: u64,
        work: impl FnOnce(&[u8]) -> Result<R, RenderError> + Send,
    ) -> PyResult<R> {
        let guarded = |bytes: &[u8]| {
            if bytes.len() as u64 > limit {
                return Err(Failed::Read(ReadError::Endless { limit }));
            }
            catch_unwind(AssertUnwindSafe(|| work(bytes))).map_err(Failed::Panic)?.map_err(Failed::Render)
        };
        let done = match self {
            Self::Bytes(bytes) => {
                let bytes = bytes.as_bytes(py);
                py.detach(|| guarded(bytes))
            }
            Self::Copy(bytes) => py.detach(|| guarded(bytes)),
            Self::File(path) => {
                py.detach(|| library::read(path, limit).map_err(Failed::Read).and_then(|b| guarded(&b)))
            }
        };
        done.map_err(|failed| failed.into_exception(py, self.path()))
    }
}

/// Why work on a source failed.
pub enum Failed {
    /// It cannot be read.
    Read(ReadError),
    /// It cannot be rendered.
    Render(RenderError),
    /// The decoder or encoder panicked.
    Panic(Box<dyn std::any::Any + Send>),
}

impl Failed {
    /// The exception.
    pub fn into_exception(self, py: Python<'_>, path: Option<&Path>) -> PyErr {
        match self {
            Self::Read(error) => errors::of_read(py, &error, path),
            Self::Render(error) => errors::of_render(py, &error, path),
            Self::Panic(panic) => errors::of_panic(py, &*panic, path),
        }
    }
}
