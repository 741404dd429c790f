//! Pixels as a buffer of Python: the bytes stay where the decoder put them.

use std::cell::UnsafeCell;
use std::ffi::c_int;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Samples of 8 bits in rows, and their shape, at a fixed place.
pub struct Buffer {
    /// Python may write to it, so nothing else here refers to it after `new`.
    bytes: UnsafeCell<Box<[u8]>>,
    address: usize,
    /// Height, width and channels.
    shape: [isize; 3],
    strides: [isize; 3],
    /// 2 without an axis of channels.
    axes: usize,
}

// SAFETY: the bytes are reached only through buffers of Python, for whose accesses Python's rules hold, as for a bytearray.
#[allow(unsafe_code)]
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `bytes` has height times width times channels samples.
    pub fn new(bytes: Vec<u8>, height: u32, width: u32, channels: usize) -> Self {
        let shape = [height as isize, width as isize, channels as isize];
        let strides = [shape[1] * shape[2], shape[2], 1];
        debug_assert_eq!(bytes.len() as isize, shape[0] * strides[0]);
        let axes = if channels == 1 { 2 } else { 3 };
        let mut bytes = bytes.into_boxed_slice();
        let address = bytes.as_mut_ptr() as usize;
        Self { bytes: UnsafeCell::new(bytes), address, shape, strides, axes }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[isize] {
        &self.shape[..self.axes]
    }

    /// Where the first sample is.
    pub fn address(&self) -> usize {
        self.address
    }

    /// Hands out the samples, in the form that `flags` asks for.
    ///
    /// # Safety
    /// `view` is a buffer to fill, or null, and `owner` keeps `self` alive and at its place.
    #[allow(unsafe_code)]
    pub unsafe fn fill(&self, owner: &Bound<'_, PyAny>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let asks = |what: c_int| flags & what == what;
        if view.is_null() {
            return Err(PyBufferError::new_err("no buffer to fill"));
        }
        if asks(ffi::PyBUF_F_CONTIGUOUS) && !asks(ffi::PyBUF_C_CONTIGUOUS) && !asks(ffi::PyBUF_ANY_CONTIGUOUS) {
            // SAFETY: `view` is not null.
            unsafe { (*view).obj = std::ptr::null_mut() };
            return Err(PyBufferError::new_err("rows come one after another, not columns"));
        }
        let has_shape = asks(ffi::PyBUF_ND);
        // SAFETY: `view` is not null and is ours to fill. Python writes through none of `format`, `shape` and `strides`. They and the
        // bytes live as long as `owner`, to which the buffer holds a reference.
        unsafe {
            (*view).obj = owner.clone().into_ptr();
            (*view).buf = (*self.bytes.get()).as_mut_ptr().cast();
            (*view).len = self.shape[0] * self.strides[0];
            (*view).readonly = 0;
            (*view).itemsize = 1;
            (*view).format = if asks(ffi::PyBUF_FORMAT) { c"B".as_ptr().cast_mut() } else { std::ptr::null_mut() };
            // Without a shape, a buffer is a row of bytes.
            (*view).ndim = if has_shape { self.axes as c_int } else { 1 };
            (*view).shape = if has_shape { self.shape.as_ptr().cast_mut() } else { std::ptr::null_mut() };
            let has_strides = asks(ffi::PyBUF_STRIDES);
            (*view).strides = if has_strides { self.strides.as_ptr().cast_mut() } else { std::ptr::null_mut() };
            (*view).suboffsets = std::ptr::null_mut();
            (*view).internal = std::ptr::null_mut();
        }
        Ok(())
    }
}
