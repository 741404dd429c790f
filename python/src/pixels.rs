//! One picture, from a source to pixels that Python can use without a copy.

use std::ffi::{OsStr, c_int};
use std::path::Path;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMemoryView, PyTuple};
use thumbs::cli::library;
use thumbs::{Channels, Described, Limits, Samples, Size};

use crate::buffer::Buffer;
use crate::options::{self, Function};
use crate::source::{Failed, Source};

/// Decoded pixels: 8 bits a sample, upright, alpha not premultiplied.
#[pyclass(frozen, module = "thumbs")]
pub struct Picture {
    /// The samples, in the shape of the picture.
    buffer: Buffer,
    #[pyo3(get)]
    width: u32,
    #[pyo3(get)]
    height: u32,
    #[pyo3(get)]
    mode: &'static str,
    #[pyo3(get)]
    icc: Option<Vec<u8>>,
    #[pyo3(get)]
    notes: Vec<String>,
}

#[pymethods]
impl Picture {
    #[getter]
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.buffer.shape())
    }

    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("shape", self.shape(py)?)?;
        interface.set_item("typestr", "|u1")?;
        interface.set_item("data", (self.buffer.address(), false))?;
        interface.set_item("version", 3)?;
        Ok(interface)
    }

    #[pyo3(signature = (**options))]
    fn __dlpack__<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("numpy")?.call_method1("asarray", (slf,))?.call_method("__dlpack__", (), options)
    }

    fn __dlpack_device__(&self) -> (u8, u8) {
        // kDLCPU.
        (1, 0)
    }

    /// # Safety
    /// Python calls it with a buffer to fill.
    #[allow(unsafe_code)]
    unsafe fn __getbuffer__(slf: &Bound<'_, Self>, buffer: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: `buffer` is what Python gave us, and the picture, which is frozen and never moves, keeps its samples.
        unsafe { slf.get().buffer.fill(slf.as_any(), buffer, flags) }
    }

    fn tobytes<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        PyMemoryView::from(slf.as_any())?.call_method0("tobytes")
    }

    fn to_pil<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("thumbs._friends")?.call_method1("picture_to_pil", (slf,))
    }

    fn _repr_png_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("thumbs._friends")?.call_method1("picture_as_png", (slf,))
    }

    fn __repr__(&self) -> String {
        format!("<thumbs.Picture {} {}x{}>", self.mode, self.width, self.height)
    }
}

impl Picture {
    fn new(py: Python<'_>, thumbnail: thumbs::Thumbnail, mode: Option<Channels>, over: [u8; 3]) -> PyResult<Self> {
        let (size, channels) = (thumbnail.pixels.size(), thumbnail.pixels.channels());
        let Samples::U8(samples) = thumbnail.pixels.into_samples() else {
            return Err(PyValueError::new_err("samples of 16 bits"));
        };
        let (channels, samples) = match mode {
            Some(to) if to != channels => (to, py.detach(|| convert(&samples, channels, to, over))),
            _ => (channels, samples),
        };
        Ok(Self {
            buffer: Buffer::new(samples, size.height, size.width, channels.count()),
            width: size.width,
            height: size.height,
            mode: name(channels),
            icc: thumbnail.icc,
            notes: thumbnail.notes,
        })
    }
}

/// The name of channels in Pillow.
fn name(channels: Channels) -> &'static str {
    match channels {
        Channels::Grey => "L",
        Channels::GreyAlpha => "LA",
        Channels::Rgb => "RGB",
        Channels::Rgba => "RGBA",
        Channels::Cmyk => "CMYK",
    }
}

/// Converts between grey and colour, and lays what has alpha over a background if the result has none.
fn convert(samples: &[u8], from: Channels, to: Channels, over: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::with_capacity(samples.len() / from.count() * to.count());
    for pixel in samples.chunks_exact(from.count()) {
        let (mut rgb, alpha) = match *pixel {
            [grey] => ([grey; 3], 255),
            [grey, alpha] => ([grey; 3], alpha),
            [r, g, b] => ([r, g, b], 255),
            [r, g, b, alpha] => ([r, g, b], alpha),
            _ => continue,
        };
        if !to.has_alpha() && alpha < 255 {
            let (a, rest) = (u32::from(alpha), 255 - u32::from(alpha));
            for (sample, under) in rgb.iter_mut().zip(over) {
                *sample = ((u32::from(*sample) * a + u32::from(under) * rest + 127) / 255) as u8;
            }
        }
        match to {
            Channels::Rgb | Channels::Rgba => out.extend_from_slice(&rgb),
            // The luma of ITU-R 601, as in Pillow.
            _ => {
                let [r, g, b] = rgb.map(u32::from);
                out.push(((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8);
            }
        }
        if to.has_alpha() {
            out.push(alpha);
        }
    }
    out
}

/// A picture whose header is read, and whose pixels are not.
#[pyclass(frozen, module = "thumbs")]
pub struct Image {
    source: Source,
    about: Described,
}

#[pymethods]
impl Image {
    #[new]
    fn new(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (py, limits) = (source.py(), Limits::DEFAULT);
        let source = Source::new(source, limits.max_file_size)?;
        let describe = |bytes: &[u8]| thumbs::describe(bytes, &limits).map_err(thumbs::RenderError::from);
        let Source::File(path) = &source else {
            let about = source.work(py, limits.max_file_size, describe)?;
            return Ok(Self { source, about });
        };
        let read = |path: &Path| library::head(path, limits.max_file_size);
        let (head, is_all) = py.detach(|| read(path)).map_err(|e| Failed::Read(e).into_exception(py, Some(path)))?;
        // The header may be longer, and what looks damaged may be cut.
        let about = match describe(&head) {
            Err(_) if !is_all => source.work(py, limits.max_file_size, describe)?,
            about => about.map_err(|e| Failed::Render(e).into_exception(py, Some(path)))?,
        };
        Ok(Self { source, about })
    }

    #[getter]
    fn size(&self) -> (u32, u32) {
        (self.about.size.width, self.about.size.height)
    }

    #[getter]
    fn width(&self) -> u32 {
        self.about.size.width
    }

    #[getter]
    fn height(&self) -> u32 {
        self.about.size.height
    }

    #[getter]
    fn format(&self) -> &'static str {
        self.about.format.word()
    }

    #[getter]
    fn has_alpha(&self) -> bool {
        self.about.has_alpha
    }

    #[getter]
    fn path(&self) -> Option<&OsStr> {
        self.source.path().map(Path::as_os_str)
    }

    #[pyo3(signature = (*, at_least = None, mode = None, **options))]
    fn decode(
        &self,
        py: Python<'_>,
        at_least: Option<(u32, u32)>,
        mode: Option<&str>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Picture> {
        let nothing = PyDict::new(py);
        let options = options.unwrap_or(&nothing);
        let resizes = options.contains("size")?;
        if resizes && at_least.is_some() {
            return Err(PyTypeError::new_err("decode() takes at_least or size, not both"));
        }
        if options.contains("sizes")? {
            return Err(PyTypeError::new_err("decode() has no argument sizes; it makes one picture (size)"));
        }
        for key in ["fit", "gravity", "enlarge", "filter", "linear"] {
            if !resizes && options.contains(key)? {
                return Err(PyTypeError::new_err(format!("{key} has no effect without size")));
            }
        }
        let mode = match mode {
            None => None,
            Some("L") => Some(Channels::Grey),
            Some("LA") => Some(Channels::GreyAlpha),
            Some("RGB") => Some(Channels::Rgb),
            Some("RGBA") => Some(Channels::Rgba),
            Some(other) => return Err(PyValueError::new_err(format!("mode {other}: one of L, LA, RGB, RGBA"))),
        };
        let at_least = match at_least {
            Some((0, _) | (_, 0)) => return Err(PyValueError::new_err("at_least: both sides are at least 1")),
            Some((width, height)) => Some(Size::new(width, height)),
            None => None,
        };
        let plan = options::plan("decode", Function::Decode, options)?;
        if plan.recipe.sizes.len() > 1 {
            return Err(PyTypeError::new_err("size must be one size"));
        }
        let work = |bytes: &[u8]| match resizes {
            true => thumbs::thumbnail(bytes, &plan.recipe, &plan.limits),
            false => thumbs::decode(bytes, at_least, &plan.recipe, &plan.limits),
        };
        let thumbnail = self.source.work(py, plan.limits.max_file_size, work)?;
        if thumbnail.pixels.channels() == Channels::Cmyk && mode.is_some() {
            return Err(PyValueError::new_err("mode: CMYK that keeps its profile has no other mode (icc)"));
        }
        let [red, green, blue, _] = plan.recipe.background.over_white().rgba;
        Picture::new(py, thumbnail, mode, [red, green, blue])
    }

    fn __repr__(&self) -> String {
        format!("<thumbs.Image {} {}x{}>", self.format(), self.width(), self.height())
    }
}
