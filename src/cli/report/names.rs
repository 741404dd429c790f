//! Paths of finished outputs on standard output, and the plan of a dry run.

use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;

use crate::plan::OPEN;
use crate::report::Event;
use crate::words;
use thumbs_render::format::Format;

use crate::cli::tell::{Print, Tell};

pub struct Names {
    print: Option<Print>,
    plan: bool,
    terminal: bool,
}

impl Names {
    pub fn new(tell: &Tell) -> Option<Self> {
        let report_out = tell.report.as_ref().is_some_and(|r| r.as_os_str() == "-");
        let plan = tell.dry_run && !report_out;
        (tell.print.is_some() || plan).then(|| Self { print: tell.print, plan, terminal: io::stdout().is_terminal() })
    }

    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let mut out = Vec::new();
        match event {
            Event::Done(done) => {
                for output in &done.outputs {
                    if self.terminal {
                        out.extend_from_slice(words::path(&output.path).as_bytes());
                    } else {
                        out.extend_from_slice(output.path.as_os_str().as_bytes());
                    }
                    out.push(if self.print == Some(Print::Nul) { 0 } else { b'\n' });
                }
            }
            Event::Planned(done) if self.plan => {
                for output in &done.outputs {
                    let (path, size) = (words::path(&output.path), output.size);
                    let format = output.format.map_or(OPEN, Format::name);
                    let measured = match output.bytes {
                        0 => String::new(),
                        bytes => format!(", {} -> {}", words::bytes(done.source_bytes), words::bytes(bytes)),
                    };
                    let line = format!("{} -> {path} ({size} {format}{measured})\n", done.source);
                    out.extend_from_slice(line.as_bytes());
                }
            }
            Event::Pruned(path) if self.plan => {
                out.extend_from_slice(format!("remove {}\n", words::path(path)).as_bytes());
            }
            _ => return Ok(()),
        }
        // Flush, so that the next stage of a pipeline can start.
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
    }
}
