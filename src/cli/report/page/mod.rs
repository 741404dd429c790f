//! The file that tells a page of all outputs: one picture a line, as JSON or as HTML. It appears at the end of the run.
//!
//! With `--update`, lines of pictures that are up to date are taken from the file of the run before. For that, the run
//! remembers a hash of each such picture.

mod entry;
mod html;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::super::page_kind::{Kind, PageOptions};
use super::ndjson::name;
use crate::outcome::{SkipReason, SourceName, Summary};
use crate::policy::Replace;
use crate::report::Event;
use crate::sink::{Outlet, Readers};
use entry::Urls;

/// The file while it grows.
pub struct Page {
    options: PageOptions,
    urls: Urls,
    out: BufWriter<Outlet>,
    /// Whether there is a line.
    has_lines: bool,
    /// Pictures whose lines are in the file of the run before.
    kept: HashSet<u64>,
}

impl Page {
    pub fn create(options: &PageOptions) -> io::Result<Self> {
        let mut out = BufWriter::new(Outlet::open(Some(&options.file), None)?);
        writeln!(out, "{}", options.kind.head())?;
        let urls = Urls::new(&options.outputs, &options.file);
        Ok(Self { options: options.clone(), urls, out, has_lines: false, kept: HashSet::new() })
    }

    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Done(done) => {
                let picture = entry::picture(done, &self.urls);
                let line = match self.options.kind {
                    Kind::Json => picture.to_string(),
                    Kind::Html => html::element(&picture),
                };
                self.line(&line)
            }
            Event::Skipped(source, SkipReason::UpToDate | SkipReason::Exists) => {
                self.kept.insert(xxh3_64(self.key(source).as_bytes()));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What a line is found by.
    fn key(&self, source: &SourceName) -> String {
        match self.options.kind {
            Kind::Json => name(source).to_string(),
            Kind::Html => html::source(&name(source)),
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.has_lines, true);
        match self.options.kind {
            Kind::Json if !is_first => write!(self.out, ",\n{line}"),
            Kind::Json => write!(self.out, "{line}"),
            Kind::Html => writeln!(self.out, "{line}"),
        }
    }

    /// Takes over lines of the run before. Returns how many are missing.
    fn carry(&mut self) -> io::Result<usize> {
        let mut missing = std::mem::take(&mut self.kept);
        if missing.is_empty() || !self.options.kind.is_head_of(&self.options.file) {
            return Ok(missing.len());
        }
        for line in BufReader::new(File::open(&self.options.file)?).lines().skip(1) {
            let line = line?;
            let line = line.strip_suffix(',').filter(|_| self.options.kind == Kind::Json).unwrap_or(&line);
            let key = match self.options.kind {
                Kind::Json => serde_json::from_str(line).ok().map(|line: Value| line["source"].to_string()),
                Kind::Html => html::source_of(line).map(str::to_owned),
            };
            if key.is_some_and(|key| missing.remove(&xxh3_64(key.as_bytes()))) {
                self.line(line)?;
            }
        }
        Ok(missing.len())
    }

    /// Gives the file its name, if the run has seen all pictures. Returns how many pictures that are up to date it lacks.
    pub fn finish(mut self, summary: &Summary) -> io::Result<usize> {
        if summary.stopped.is_some() || !summary.searched {
            return Ok(0);
        }
        let missing = self.carry()?;
        if self.options.kind == Kind::Json {
            self.out.write_all(if self.has_lines { b"\n]}\n" } else { b"]}\n" })?;
        }
        let out = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.commit(Readers::default(), Replace::Any)?;
        Ok(missing)
    }
}
