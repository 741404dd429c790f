//! Which channels of an OpenEXR file are the picture: files of renderers have many more.

use std::collections::HashSet;

use exr::meta::attribute::Text;
use exr::meta::header::Header;

use crate::pixmap::Channels;

/// Channels of a part.
pub struct ExrLayer {
    /// What their names begin with: nothing, or, as in `ViewLayer.Combined.R`, all up to the last dot.
    prefix: String,
    pub channels: Channels,
}

impl ExrLayer {
    /// Colours without a name, else colours of a layer, else luminance; of the first part that has them.
    pub fn choose(parts: &[Header]) -> Option<(&Header, Self)> {
        let parts: Vec<(&Header, Names)> =
            parts.iter().filter(|part| !part.deep).map(|part| (part, Names::of(part))).collect();
        let kinds = [|names: &Names| names.colors(""), Names::layer, Names::luminance];
        kinds.into_iter().find_map(|kind| parts.iter().find_map(|(part, names)| Some((*part, kind(names)?))))
    }

    /// The name of `R`, `G`, `B`, `A` or `Y`.
    pub fn name(&self, channel: &str) -> Text {
        Text::new_or_none(format!("{}{channel}", self.prefix)).unwrap_or_default()
    }
}

/// Names of a part's channels; a set, for there may be very many.
struct Names(HashSet<String>);

impl Names {
    fn of(part: &Header) -> Self {
        Self(part.channels.list.iter().map(|channel| channel.name.to_string()).collect())
    }

    fn has(&self, prefix: &str, channel: &str) -> bool {
        self.0.contains(&format!("{prefix}{channel}"))
    }

    fn colors(&self, prefix: &str) -> Option<ExrLayer> {
        let channels = if self.has(prefix, "A") { Channels::Rgba } else { Channels::Rgb };
        ["R", "G", "B"].iter().all(|c| self.has(prefix, c)).then(|| ExrLayer { prefix: prefix.to_owned(), channels })
    }

    /// The first by name, of those with alpha if there are: what layers amount to has it, occlusion or normals have not.
    fn layer(&self) -> Option<ExrLayer> {
        let prefixes = self.0.iter().filter_map(|name| name.strip_suffix('R').filter(|prefix| prefix.ends_with('.')));
        let layers = prefixes.filter_map(|prefix| self.colors(prefix));
        layers.min_by(|a, b| (!a.channels.has_alpha(), &a.prefix).cmp(&(!b.channels.has_alpha(), &b.prefix)))
    }

    fn luminance(&self) -> Option<ExrLayer> {
        let channels = if self.has("", "A") { Channels::GreyAlpha } else { Channels::Grey };
        // With colours that are stored as differences of it, it is not all.
        let is_all = self.has("", "Y") && !self.has("", "RY") && !self.has("", "BY");
        is_all.then(|| ExrLayer { prefix: String::new(), channels })
    }
}
