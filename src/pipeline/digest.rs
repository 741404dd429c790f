//! Digests and metadata of the samples in a data set.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Ready;
use crate::outcome::SourceName;
use crate::sink::shards::Sample;
use thumbs_render::recipe::Recipe;

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Distinguishes recipes within one build.
pub fn recipe(recipe: &Recipe) -> String {
    sha256(format!("{recipe:?}").as_bytes())[..16].to_owned()
}

/// The name and content of the JSON beside a sample's picture.
pub fn sample(ready: &Ready, options: &Recipe) -> (PathBuf, Vec<u8>) {
    let first = ready.outputs.first();
    let (path, size) = first.map_or((PathBuf::new(), ready.source_size), |o| (o.plan.path.clone(), o.size));
    let key = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let sample = Sample {
        source: match &ready.source {
            SourceName::File(path) => Some(path.as_path()),
            SourceName::Url(address) => Some(Path::new(&address.url)),
            SourceName::Stdin => None,
        },
        original: ready.source_size,
        size,
        sha256: ready.sha256.as_deref().unwrap_or_default(),
        recipe: &recipe(options),
    };
    (path.with_extension("json"), sample.json(&key))
}
