//! Digests of contents, and of everything but the source that decides the bytes of an output. The
//! only file that uses xxHash, which is fast but not collision-resistant against attackers. An
//! attacker who can craft a picture that collides with another of the same size can just as well
//! leave it unchanged.

use std::path::Path;
use std::sync::LazyLock;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use thumbs_render::format::Format;
use thumbs_render::recipe::Recipe;
use thumbs_render::render::PlannedVariant;

/// The digest of a file's content.
pub type Content = [u8; 16];

/// The digest of these bytes.
pub fn content(bytes: &[u8]) -> Content {
    xxh3_128(bytes).to_be_bytes()
}

/// The versions of all dependencies of this build, including codecs.
const LOCK: &str = include_str!("../../Cargo.lock");

/// Their digest.
static VERSIONS: LazyLock<u64> = LazyLock::new(|| versions(LOCK));

/// Packages that never affect pixels. All others count, so that none is forgotten.
const BYSTANDERS: [&str; 12] = [
    "clap",
    "clap_builder",
    "clap_derive",
    "clap_lex",
    "clap_complete",
    "clap_mangen",
    "strsim",
    "rusqlite",
    "libsqlite3-sys",
    "signal-hook",
    "tempfile",
    "proptest",
];

/// The part that all outputs of a run share.
#[derive(Clone, Debug)]
pub struct Common {
    digest: u64,
    recipe: Recipe,
}

impl Common {
    /// The digest of a recipe and this build.
    pub fn new(recipe: &Recipe) -> Self {
        // Debug prints every field, also future ones.
        let rest = recipe.clone().with_sizes([]).with_formats([]);
        let text = format!("{} {:x} {rest:?}", env!("CARGO_PKG_VERSION"), *VERSIONS);
        Self { digest: xxh3_64(text.as_bytes()), recipe: recipe.clone() }
    }

    /// The digest of one output: the requested size, the format (None where it is chosen), and how its source was decoded,
    /// as the shrink and the chroma share.
    pub fn variant(&self, size_index: usize, format: Option<Format>, (shrink, chroma): (f64, f64)) -> i64 {
        let size = self.recipe.sizes.get(size_index);
        number(&format!("{:x} {size:?} {format:?} {:x} {:x}", self.digest, shrink.to_bits(), chroma.to_bits()))
    }

    /// What identifies the bytes of an output in names, as hexadecimal digits: its source, all that decides what is made of
    /// that, and this build. Variants that come out equal share it.
    pub fn name(&self, content: Content, variant: &PlannedVariant, format: Format, decoding: (f64, f64)) -> String {
        let place = (variant.size, variant.placement);
        format!(
            "{:016x}",
            xxh3_64(format!("{content:x?} {:x} {place:?} {format:?} {decoding:?}", self.digest).as_bytes())
        )
    }

    /// The digest of everything that a run does to a source: `naming` describes output names,
    /// `limits` the limits per picture, and `below` the mirrored part of its path.
    pub fn run(&self, naming: &str, limits: &str, below: &Path) -> i64 {
        let (sizes, formats) = (&self.recipe.sizes, &self.recipe.formats);
        number(&format!("{:x} {sizes:?} {formats:?} {naming} {limits} {below:?}", self.digest))
    }
}

/// As an SQLite integer.
fn number(text: &str) -> i64 {
    i64::from_ne_bytes(xxh3_64(text.as_bytes()).to_ne_bytes())
}

fn versions(lock: &str) -> u64 {
    let mut text = String::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|l| l.strip_prefix(key)).unwrap_or_default();
            line.trim_matches(|c| c == ' ' || c == '=' || c == '"')
        };
        let name = value("name");
        if !BYSTANDERS.contains(&name) {
            text.push_str(name);
            text.push(' ');
            text.push_str(value("version"));
            text.push('\n');
        }
    }
    xxh3_64(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_bytes_changes_the_digest() {
        let base = Recipe::default();
        let of = |recipe: &Recipe, shrink| Common::new(recipe).variant(0, Some(Format::Jpeg), (shrink, 1.0));
        let first = of(&base, 2.0);
        assert_eq!(first, of(&base.clone(), 2.0));
        assert_ne!(first, of(&base, 4.0), "the decode scale");
        assert_ne!(first, of(&base.clone().with_enlarge(true), 2.0));
        let mut other = base.clone();
        other.encode.quality = 81;
        assert_ne!(first, of(&other, 2.0));
        let open = Common::new(&base).variant(0, None, (2.0, 1.0));
        assert_ne!(open, of(&base, 2.0));
        let fewer = base.clone().with_allowed([Format::WebP]);
        assert_ne!(open, Common::new(&fewer).variant(0, None, (2.0, 1.0)), "the formats among which it is chosen");
        // Adding a size does not affect existing outputs, but is another run.
        let more = base.clone().with_sizes([base.sizes[0], "256".parse().unwrap()]);
        assert_eq!(first, of(&more, 2.0));
        let run = |recipe: &Recipe| Common::new(recipe).run("", "", Path::new(""));
        assert_ne!(run(&base), run(&more));
    }

    #[test]
    fn versions_of_codecs_count() {
        let lock = |name: &str, version: &str| {
            versions(&format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n"))
        };
        assert_ne!(lock("png", "0.18.0"), lock("png", "0.18.1"));
        assert_eq!(lock("clap", "4.0.0"), lock("clap", "4.0.1"));
    }
}
