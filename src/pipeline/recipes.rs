//! Digests of a run's options, by which the state knows whether an output is current.

use std::path::Path;

use super::config::{RunConfig, Shape};
use crate::plan::Destination;
use crate::state::digest::Common;
use crate::walk::real_path;

/// Digests of a run's options.
pub struct Recipes {
    common: Common,
    naming: String,
    limits: String,
}

impl Recipes {
    pub fn new(config: &RunConfig) -> Self {
        let naming = &config.naming;
        // The real destination, independent of its spelling. Beside inputs, outputs move with them.
        let destination = match (&naming.destination, &config.nightly.update) {
            (Destination::Directory(dir) | Destination::File(dir), Some(update)) => {
                update.state().stored(&real_path(dir))
            }
            (Destination::Store(place), Some(_)) => place.as_os_str().as_encoded_bytes().to_vec(),
            _ => Vec::new(),
        };
        let beside = naming.is_beside();
        let naming = match &config.in_place {
            Some(in_place) => format!("in place {:?} {}", in_place.min_savings, in_place.hard_links),
            None => format!("{beside} {destination:?} {:?} {:?}", naming.template.as_str(), naming.labels),
        };
        let naming = match &config.page {
            Some(page) => format!("{naming} {:?}", real_path(page)),
            None => naming,
        };
        // A limit that follows the machine's free memory would retry failures for ever.
        let ceiling = config.memory.ceiling >> 28;
        let limits = &config.limits;
        let mut limits =
            format!("{} {} {ceiling} {:?}", limits.max_pixels, limits.max_file_size, config.nightly.timeout);
        if config.shape != Shape::default() {
            limits.push_str(&format!(" {:?}", config.shape));
        }
        Self { common: Common::new(&config.recipe), naming, limits }
    }

    /// The digest for a source whose outputs are mirrored below `below`, which decides their place.
    pub fn run(&self, below: &Path) -> i64 {
        self.common.run(&self.naming, &self.limits, below)
    }

    pub fn common(&self) -> &Common {
        &self.common
    }
}
