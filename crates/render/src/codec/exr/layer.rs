//! Chooses the channels of an OpenEXR file that make up the picture. Files of renderers have many
//! more.

use std::collections::HashSet;

use exr::meta::attribute::Text;
use exr::meta::header::Header;

use crate::pixmap::Channels;

/// The channels of a layer.
pub struct ExrLayer {
    /// The common prefix of their names: empty, or everything up to the last dot, as in
    /// `ViewLayer.Combined.R`.
    prefix: String,
    pub channels: Channels,
}

impl ExrLayer {
    /// Unnamed colours, else the colours of a layer, else luminance; from the first part that has
    /// them.
    pub fn choose(parts: &[Header]) -> Option<(&Header, Self)> {
        let parts: Vec<(&Header, Names)> =
            parts.iter().filter(|part| !part.deep).map(|part| (part, Names::of(part))).collect();
        let kinds = [|names: &Names| names.colors(""), Names::layer, Names::luminance];
        kinds.into_iter().find_map(|kind| parts.iter().find_map(|(part, names)| Some((*part, kind(names)?))))
    }

    /// The full name of `R`, `G`, `B`, `A` or `Y`.
    pub fn name(&self, channel: &str) -> Text {
        Text::new_or_none(format!("{}{channel}", self.prefix)).unwrap_or_default()
    }
}

/// The channel names of a part. A set, because there may be very many.
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

    /// The first layer by name, preferably one with alpha: composed layers have alpha, occlusion or
    /// normals do not.
    fn layer(&self) -> Option<ExrLayer> {
        let prefixes = self.0.iter().filter_map(|name| name.strip_suffix('R').filter(|prefix| prefix.ends_with('.')));
        let layers = prefixes.filter_map(|prefix| self.colors(prefix));
        layers.min_by(|a, b| (!a.channels.has_alpha(), &a.prefix).cmp(&(!b.channels.has_alpha(), &b.prefix)))
    }

    fn luminance(&self) -> Option<ExrLayer> {
        let channels = if self.has("", "A") { Channels::GreyAlpha } else { Channels::Grey };
        // If colours are stored as differences from luminance, luminance alone is not the picture.
        let is_all = self.has("", "Y") && !self.has("", "RY") && !self.has("", "BY");
        is_all.then(|| ExrLayer { prefix: String::new(), channels })
    }
}
