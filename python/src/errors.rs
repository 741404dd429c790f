//! Exceptions, with the path, the stage and the reason of a failure.

use std::any::Any;
use std::path::Path;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;
use thumbs::cli::library::{JobError, ReadError, Refusal, is_conflict};
use thumbs::{DecodeError, EncodeError, RenderError, SinkError};

use crate::options;

create_exception!(thumbs, Error, PyException, "A picture or a run failed. Has `path`, `stage` and `reason`.");
create_exception!(thumbs, UnsupportedFormat, Error, "Not a picture, or a picture of a format that is not read.");
create_exception!(thumbs, DamagedPicture, Error, "The picture is damaged or truncated.");
create_exception!(thumbs, TooLarge, Error, "The source is over a limit, or the output is too large for its format.");
create_exception!(thumbs, OutputConflict, Error, "A file that has to stay is where an output would be.");

/// The exception for a picture that cannot be rendered.
pub fn of_render(py: Python<'_>, error: &RenderError, path: Option<&Path>) -> PyErr {
    let reason = options::as_keywords(&error.to_string());
    let make: fn(String) -> PyErr = match error {
        RenderError::Decode(DecodeError::NotAPicture(_) | DecodeError::Unsupported(_)) => UnsupportedFormat::new_err,
        RenderError::Decode(DecodeError::Limit(_)) | RenderError::Encode(EncodeError::TooLarge { .. }) => {
            TooLarge::new_err
        }
        RenderError::Decode(DecodeError::Damaged { .. } | DecodeError::Truncated { .. }) => DamagedPicture::new_err,
        _ => Error::new_err,
    };
    with_details(py, make, path, error.stage(), &reason)
}

/// The exception for a file that cannot be read: `OSError`, as for `open()`, or `TooLarge`.
pub fn of_read(py: Python<'_>, error: &ReadError, path: Option<&Path>) -> PyErr {
    match error {
        ReadError::Io(error) => of_system(error, path),
        ReadError::TooLarge { .. } | ReadError::Endless { .. } => {
            with_details(py, TooLarge::new_err, path, "read", &options::as_keywords(&error.to_string()))
        }
        ReadError::NotAFile(_) => of_stage(py, "read", path, &error.to_string()),
    }
}

/// The exception for a file that cannot be saved.
pub fn of_save(py: Python<'_>, error: &SinkError, path: &Path) -> PyErr {
    let (SinkError::Entry { error: cause, .. } | SinkError::Broken { error: cause, .. }) = error;
    if is_conflict(error) {
        let reason = match cause.kind() {
            std::io::ErrorKind::IsADirectory => "a directory has this name",
            _ => "the file exists",
        };
        return with_details(py, OutputConflict::new_err, Some(path), "write", reason);
    }
    of_system(cause, Some(path))
}

/// The exception for a run that is refused.
pub fn of_refusal(py: Python<'_>, refusal: &Refusal) -> PyErr {
    match refusal.is_conflict {
        true => with_details(py, OutputConflict::new_err, None, "start", &options::as_keywords(&refusal.words)),
        false => options::refused(refusal),
    }
}

/// The exception for a run that did not end well.
pub fn of_job(py: Python<'_>, error: &JobError) -> PyErr {
    let reason = options::as_keywords(&error.to_string());
    let (make, stage): (fn(String) -> PyErr, _) = match error {
        error if error.is_conflict() => (OutputConflict::new_err, "write"),
        JobError::Start(_) => (Error::new_err, "start"),
        JobError::Run(_) => (Error::new_err, "write"),
    };
    with_details(py, make, None, stage, &reason)
}

/// The exception for a panic.
pub fn of_panic(py: Python<'_>, panic: &(dyn Any + Send), path: Option<&Path>) -> PyErr {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    of_stage(py, "decode", path, &format!("the decoder or encoder gave up: {words}"))
}

/// An exception of this stage.
pub fn of_stage(py: Python<'_>, stage: &str, path: Option<&Path>, reason: &str) -> PyErr {
    with_details(py, Error::new_err, path, stage, reason)
}

fn of_system(error: &std::io::Error, path: Option<&Path>) -> PyErr {
    match error.raw_os_error() {
        // Python chooses the subclass by the number: FileNotFoundError, PermissionError, ...
        Some(number) => {
            let words = error.to_string();
            let words = words.split(" (os error").next().unwrap_or_default().to_owned();
            PyOSError::new_err((number, words, path.map(|path| path.as_os_str().to_owned())))
        }
        None => PyOSError::new_err(error.to_string()),
    }
}

fn with_details(py: Python<'_>, make: fn(String) -> PyErr, path: Option<&Path>, stage: &str, reason: &str) -> PyErr {
    let shown = path.map(|path| path.display().to_string());
    let exception = make(shown.map_or_else(|| reason.to_owned(), |path| format!("{path}: {reason}")));
    let value = exception.value(py);
    let set = value
        .setattr("path", path.map(|path| path.as_os_str()))
        .and_then(|()| value.setattr("stage", stage))
        .and_then(|()| value.setattr("reason", reason));
    set.err().unwrap_or(exception)
}
