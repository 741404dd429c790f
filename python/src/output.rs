//! One picture, from a source to encoded outputs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use thumbs::cli::library;

use crate::errors;
use crate::options::{self, Function};
use crate::source::Source;

/// An encoded picture.
#[pyclass(frozen, module = "thumbs")]
pub struct Output {
    #[pyo3(get)]
    bytes: Py<PyBytes>,
    #[pyo3(get)]
    format: &'static str,
    #[pyo3(get)]
    width: u32,
    #[pyo3(get)]
    height: u32,
    #[pyo3(get)]
    quality: Option<u8>,
    #[pyo3(get)]
    score: Option<f64>,
    #[pyo3(get)]
    effort: Option<u8>,
    #[pyo3(get)]
    encoder: &'static str,
    notes: Arc<Vec<String>>,
    placeholders: Arc<Placeholders>,
}

type Placeholders = Vec<(&'static str, String)>;

#[pymethods]
impl Output {
    #[getter]
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.to_vec()
    }

    #[getter]
    fn placeholders(&self) -> HashMap<&'static str, String> {
        self.placeholders.iter().cloned().collect()
    }

    #[pyo3(signature = (path, *, existing = "replace"))]
    fn save(&self, py: Python<'_>, path: PathBuf, existing: &str) -> PyResult<()> {
        let replaces = match existing {
            "replace" => true,
            "fail" => false,
            _ => return Err(PyValueError::new_err(format!("existing {existing}: one of replace, fail"))),
        };
        let bytes = self.bytes.as_bytes(py);
        py.detach(|| library::save(&path, bytes, replaces)).map_err(|error| errors::of_save(py, &error, &path))
    }

    fn to_pil<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("thumbs._friends")?.call_method1("open_output", (slf,))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("thumbs._friends")?.call_method1("output_as_html", (slf,))
    }

    fn __bytes__(&self, py: Python<'_>) -> Py<PyBytes> {
        self.bytes.clone_ref(py)
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.bytes.as_bytes(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let Self { format, width, height, .. } = self;
        format!("<thumbs.Output {format} {width}x{height}, {} bytes>", self.__len__(py))
    }
}

/// Ends a rendering that nobody waits for any more.
#[pyclass(frozen, module = "thumbs._thumbs")]
#[derive(Default)]
pub struct Interrupt(AtomicBool);

#[pymethods]
impl Interrupt {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Renders one picture into all sizes and formats. `called` is the function that messages name.
#[pyfunction]
#[pyo3(signature = (source, options, called = "render", interrupt = None))]
pub fn render(
    source: &Bound<'_, PyAny>,
    options: &Bound<'_, PyDict>,
    called: &str,
    interrupt: Option<&Interrupt>,
) -> PyResult<Vec<Output>> {
    let py = source.py();
    let plan = options::plan(called, Function::Render, options)?;
    let limit = plan.limits.max_file_size;
    let source = Source::new(source, limit)?;
    let stop = || interrupt.is_some_and(|interrupt| interrupt.0.load(Ordering::Relaxed));
    let rendered = source.work(py, limit, |bytes| library::render(bytes, &plan.recipe, &plan.limits, &stop))?;
    let notes = Arc::new(rendered.notes);
    let placeholders = rendered.placeholders.into_iter().map(|(kind, text)| (kind.word(), text));
    let placeholders = Arc::new(placeholders.collect::<Placeholders>());
    let output = |output: thumbs::Encoded| Output {
        bytes: PyBytes::new(py, &output.bytes).unbind(),
        format: output.format.word(),
        width: output.size.width,
        height: output.size.height,
        quality: output.quality,
        score: output.score,
        effort: output.effort,
        encoder: output.encoder,
        notes: Arc::clone(&notes),
        placeholders: Arc::clone(&placeholders),
    };
    Ok(rendered.outputs.into_iter().map(output).collect())
}
