//! Keyword arguments, which are the options of the command line.

use std::collections::HashMap;
use std::ffi::{CString, OsString};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use pyo3::exceptions::{PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString, PyTuple};
use thumbs::cli::library::{self, Job, Refusal};
use thumbs::{Limits, Recipe};

/// Options about the pixels of one picture.
const PIXELS: [&str; 14] = [
    "size",
    "fit",
    "gravity",
    "background",
    "enlarge",
    "filter",
    "linear",
    "no-auto-orient",
    "icc",
    "allow-truncated",
    "strict",
    "max-pixels",
    "max-file-size",
    "memory",
];

/// Options about the encoding of one picture.
const ENCODING: [&str; 28] = [
    "format",
    "allow",
    "quality",
    "target",
    "max-bytes",
    "allow-smaller",
    "effort",
    "lossless",
    "near-lossless",
    "lossy-png",
    "alpha-quality",
    "progressive",
    "depth",
    "subsample",
    "metadata",
    "placeholder",
    "trim",
    "sharpen",
    "blur",
    "grayscale",
    "watermark",
    "watermark-gravity",
    "watermark-opacity",
    "watermark-scale",
    "border",
    "border-color",
    "round",
    "size",
];

/// The functions that take options.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Pixels of one picture.
    Decode,
    /// Encoded outputs of one picture.
    Render,
    /// A run.
    Run,
}

impl Function {
    fn takes(self, name: &str) -> bool {
        match self {
            Self::Decode => PIXELS.contains(&name),
            Self::Render => PIXELS.contains(&name) || ENCODING.contains(&name),
            Self::Run => true,
        }
    }
}

fn known() -> &'static HashMap<String, bool> {
    static KNOWN: OnceLock<HashMap<String, bool>> = OnceLock::new();
    KNOWN.get_or_init(|| library::options().into_iter().collect())
}

/// The keywords of "decode", "render" or "run", and whether each takes a value.
#[pyfunction]
pub fn option_names(function: &str) -> PyResult<HashMap<String, bool>> {
    let function = match function {
        "decode" => Function::Decode,
        "render" => Function::Render,
        "run" => Function::Run,
        _ => return Err(PyValueError::new_err("function: one of decode, render and run")),
    };
    let options = known().iter().filter(|(name, _)| function.takes(name));
    Ok(options.map(|(name, takes_value)| (name.replace('-', "_"), *takes_value)).collect())
}

/// The words of the command line for keyword arguments. `called` is the function's name in Python.
pub fn words(called: &str, function: Function, options: &Bound<'_, PyDict>) -> PyResult<Vec<OsString>> {
    let mut words = Vec::new();
    for (key, value) in options {
        let key: String = key.extract()?;
        let (long, is_several) = match key.as_str() {
            "sizes" => ("size".to_owned(), true),
            "formats" => ("format".to_owned(), true),
            key => (key.replace('_', "-"), false),
        };
        if is_several && options.contains(&long)? {
            return Err(PyTypeError::new_err(format!("{called}() takes {key} or {long}, not both")));
        }
        let takes_value = known().get(&long).filter(|_| function.takes(&long) && !key.contains('-'));
        let Some(&takes_value) = takes_value else {
            return Err(PyTypeError::new_err(format!("{called}() has no argument {key}{}", hint(function, &long))));
        };
        if value.is_none() {
            continue;
        }
        let wrong = |what: &str| PyTypeError::new_err(format!("{key} must be {what}"));
        match (value.cast::<PyBool>(), takes_value) {
            (Ok(flag), false) => words.extend(flag.is_true().then(|| format!("--{long}").into())),
            (Ok(_), true) => return Err(wrong("a value, not a bool")),
            (Err(_), false) => return Err(wrong("True or False")),
            (Err(_), true) => {
                for value in values(&key, &long, &value, is_several)? {
                    let mut word = OsString::from(format!("--{long}="));
                    word.push(value);
                    words.push(word);
                }
            }
        }
    }
    Ok(words)
}

/// The nearest keyword, if one is near.
fn hint(function: Function, long: &str) -> String {
    let likeness = |name: &String| strsim::jaro(name, long);
    let names = known().keys().filter(|name| function.takes(name) && likeness(name) > 0.7);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)).then_with(|| b.cmp(a)));
    nearest.map_or_else(String::new, |name| format!("; did you mean {}?", name.replace('-', "_")))
}

/// The values of one option. A size may be a pair of numbers; a list or another tuple holds several values.
fn values(key: &str, long: &str, value: &Bound<'_, PyAny>, is_several: bool) -> PyResult<Vec<OsString>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(vec![text.extract::<OsString>()?]);
    }
    if let (Ok(pair), "size", false) = (value.cast::<PyTuple>(), long, is_several) {
        let is_side = |side: &Bound<'_, PyAny>| side.is_none() || side.extract::<u64>().is_ok();
        if pair.len() == 2 && pair.iter().all(|side| is_side(&side)) {
            let side = |at| pair.get_item(at).and_then(|s| if s.is_none() { Ok(String::new()) } else { text(&s) });
            return Ok(vec![format!("{}x{}", side(0)?, side(1)?).into()]);
        }
    }
    let is_list = value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok();
    if is_list || (is_several && value.hasattr("__iter__")?) {
        let each = value.try_iter()?.map(|item| values(key, long, &item?, false));
        let all = each.collect::<PyResult<Vec<_>>>()?.concat();
        return if all.is_empty() { Err(PyValueError::new_err(format!("{key} is empty"))) } else { Ok(all) };
    }
    if value.extract::<f64>().is_ok() {
        return Ok(vec![text(value)?.into()]);
    }
    match value.extract::<PathBuf>() {
        Ok(path) if value.cast::<PyBytes>().is_err() => Ok(vec![path.into()]),
        _ => {
            let kind = value.get_type().name()?.to_string();
            Err(PyTypeError::new_err(format!("{key} must be a str, a number or a path, not {kind}")))
        }
    }
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.str()?.extract()
}

/// What to make of one picture.
pub struct Plan {
    /// The recipe.
    pub recipe: Recipe,
    /// The limits.
    pub limits: Limits,
}

/// Plans of the last calls. Parsing options takes longer than a small thumbnail's header.
const REMEMBERED: usize = 64;

/// What these options make of one picture.
pub fn plan(called: &str, function: Function, options: &Bound<'_, PyDict>) -> PyResult<Arc<Plan>> {
    static PLANS: OnceLock<Mutex<HashMap<Vec<OsString>, Arc<Plan>>>> = OnceLock::new();
    let words = words(called, function, options)?;
    let plans = PLANS.get_or_init(Mutex::default);
    // Never waits: a forked process may find the lock taken by a thread that it does not have.
    if let Some(plan) = plans.try_lock().ok().and_then(|plans| plans.get(&words).cloned()) {
        return Ok(plan);
    }
    // The options of a run that is never started.
    let run = ["--output=./", "--name={stem}-{size}.{ext}", "-"].map(OsString::from);
    let job = Job::new(words.iter().cloned().chain(run)).map_err(|refusal| refused(&refusal))?;
    warn(options.py(), &job)?;
    let plan = Arc::new(Plan { recipe: job.recipe().clone(), limits: job.limits() });
    if let Ok(mut plans) = plans.try_lock() {
        if plans.len() >= REMEMBERED {
            plans.clear();
        }
        plans.insert(words, Arc::clone(&plan));
    }
    Ok(plan)
}

/// Warns of options without effect.
pub fn warn(py: Python<'_>, job: &Job) -> PyResult<()> {
    for notice in job.notices() {
        let message = CString::new(as_keywords(notice)).unwrap_or_default();
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 2)?;
    }
    Ok(())
}

/// The exception for options that are refused.
pub fn refused(refusal: &Refusal) -> PyErr {
    PyValueError::new_err(as_keywords(&refusal.words))
}

/// A message with the names of keywords in place of options.
pub fn as_keywords(message: &str) -> String {
    const SHORT: [(&str, &str); 8] = [
        ("-s", "size"),
        ("-o", "output"),
        ("-f", "format"),
        ("-q", "quality"),
        ("-n", "dry_run"),
        ("-u", "update"),
        ("-j", "jobs"),
        ("INPUT", "input"),
    ];
    let word = |word: &str| {
        let core = word.trim_start_matches(['(', '\'']).trim_end_matches([':', ',', ';', ')', '.', '\'']);
        let name = match core.strip_prefix("--") {
            Some(long) if known().contains_key(long) => long.replace('-', "_"),
            _ => match SHORT.iter().find(|(short, _)| *short == core) {
                Some((_, name)) => (*name).to_owned(),
                None => return word.to_owned(),
            },
        };
        word.replacen(core, &name, 1)
    };
    message.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
