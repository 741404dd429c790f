//! In a build without the feature `stores`, nothing is read from object stores or written to them.

// What nothing is made of is never read.
#![allow(dead_code)]

use std::fs::File;
use std::ops::ControlFlow;

use super::{Condition, DownloadOptions, Listed, Object, Problem, Put, Url};

/// No stores.
#[derive(Debug)]
pub struct Stores;

type Stop<'a> = dyn Fn() -> bool + 'a;

fn none<R>() -> Result<R, Problem> {
    Err(Problem::standing("this build knows no object stores (feature stores)"))
}

impl Stores {
    /// Makes none.
    pub fn new(_: &DownloadOptions) -> Self {
        Self
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn list(
        &self,
        _: &Url,
        _: &Stop<'_>,
        _: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Problem> {
        none()
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn head(&self, _: &Url, _: &Stop<'_>) -> Result<Option<Object>, Problem> {
        none()
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn put(&self, _: &Url, _: &[u8], _: &str, _: Condition<'_>, _: &Stop<'_>) -> Result<Put, Problem> {
        none()
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn upload(&self, _: &Url, _: &File, _: &str, _: Condition<'_>, _: &Stop<'_>) -> Result<Put, Problem> {
        none()
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn download(&self, _: &Url, _: u64, _: &File, _: &Stop<'_>) -> Result<(), Problem> {
        none()
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn delete(&self, _: &Url, _: &Stop<'_>) -> Result<(), Problem> {
        none()
    }
}
