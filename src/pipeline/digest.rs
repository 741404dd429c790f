//! Digests and metadata of the samples in a data set.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Dataset, Ready, Shape};
use crate::outcome::SourceName;
use crate::policy::DropDuplicates;
use crate::sink::shards::Sample;
use thumbs_render::recipe::Recipe;

/// SHA-256.
pub fn content(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// In hexadecimal digits.
pub fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Distinguishes recipes within one build, by the bytes that they make.
pub fn recipe(recipe: &Recipe) -> String {
    digest(&format!("{:?}", recipe.clone().with_placeholders([])))
}

/// Distinguishes data sets within one build: also by the columns that they keep, and by what they
/// leave out.
pub fn collection(recipe: &Recipe, dataset: &Dataset, shape: &Shape, same: Option<DropDuplicates>) -> String {
    let mut text = format!("{recipe:?}");
    if !dataset.columns.is_empty() {
        text.push_str(&format!("{:?}", dataset.columns));
    }
    if let Some(key) = &dataset.key {
        text.push_str(&format!("key {key:?}"));
    }
    if *shape != Shape::default() {
        text.push_str(&format!("{shape:?}"));
    }
    if let Some(same) = same {
        text.push_str(&format!("without duplicates {same:?}"));
    }
    digest(&text)
}

fn digest(text: &str) -> String {
    hexadecimal(&content(text.as_bytes()))[..16].to_owned()
}

/// The names and contents of the members beside a sample's picture: a JSON, and its caption.
pub fn sample(ready: &Ready, dataset: &Dataset, recipe: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let first = ready.outputs.first();
    let (path, size) = first.map_or((PathBuf::new(), ready.source_size), |o| (o.plan.path.clone(), o.size));
    let key = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let row = ready.row.as_ref();
    let sample = Sample {
        source: match &ready.source {
            SourceName::File(path) => Some(path.as_path()),
            SourceName::Url(address) => Some(Path::new(&address.url)),
            SourceName::Stdin => None,
        },
        original: ready.source_size,
        size,
        sha256: &ready.content.as_ref().map(hexadecimal).unwrap_or_default(),
        look: ready.look,
        placeholders: &ready.placeholders,
        recipe,
        index: dataset.key.is_some().then_some(ready.number),
        kept: row.map(|row| &row.kept),
    };
    let mut members = vec![(path.with_extension("json"), sample.json(&key))];
    if let Some(caption) = row.and_then(|row| row.caption()) {
        members.push((path.with_extension("txt"), caption.as_bytes().to_vec()));
    }
    members
}
