//! Inputs that Python names while a run goes on.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};
use pyo3::prelude::*;

/// Inputs that wait for the run at the most. Some more are with the run itself.
const AHEAD: usize = 16;

/// How often a waiting end looks whether the other is gone.
const TICK: Duration = Duration::from_millis(50);

/// Takes inputs for a run, as fast as the run takes them.
#[pyclass(frozen, module = "thumbs._thumbs")]
pub struct Feed {
    sender: Mutex<Option<Sender<PathBuf>>>,
    paths: Mutex<Option<Receiver<PathBuf>>>,
    over: Arc<AtomicBool>,
}

#[pymethods]
impl Feed {
    #[new]
    fn new() -> Self {
        let (sender, paths) = bounded(AHEAD);
        Self { sender: Mutex::new(Some(sender)), paths: Mutex::new(Some(paths)), over: Arc::default() }
    }

    /// Hands over one path, and waits while the run has enough. False if the run is over.
    fn send(&self, py: Python<'_>, path: PathBuf) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sender) = sender else { return false };
        py.detach(|| {
            let mut path = path;
            loop {
                if self.over.load(Ordering::Relaxed) {
                    return false;
                }
                match sender.send_timeout(path, TICK) {
                    Ok(()) => return true,
                    Err(SendTimeoutError::Disconnected(_)) => return false,
                    Err(SendTimeoutError::Timeout(back)) => path = back,
                }
            }
        })
    }

    /// There are no more inputs.
    fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Feed {
    /// The paths, for the run. They end when the feed is closed, or when the run is over.
    pub fn paths(&self) -> Option<Paths> {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Paths { paths, over: Arc::clone(&self.over) })
    }

    /// Tells the run's end to whoever waits in [`Feed::send`], and the feed's end to the run.
    pub fn over(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.over)
    }
}

/// See [`Feed::paths`].
pub struct Paths {
    paths: Receiver<PathBuf>,
    over: Arc<AtomicBool>,
}

impl Iterator for Paths {
    type Item = PathBuf;

    fn next(&mut self) -> Option<PathBuf> {
        loop {
            match self.paths.recv_timeout(TICK) {
                Ok(path) => return Some(path),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.over.load(Ordering::Relaxed) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
