//! A picture with its variants, as JSON.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::super::ndjson::name;
use crate::outcome::{Done, Output};
use crate::walk::real_path;
use thumbs_render::format::Format;

/// Addresses of outputs, relative to the directory of a file.
pub struct Urls {
    /// The directory of outputs as paths have it.
    outputs: PathBuf,
    /// It, relative to the file.
    prefix: PathBuf,
}

impl Urls {
    pub fn new(outputs: &Path, file: &Path) -> Self {
        let from = match file.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => real_path(dir),
            _ => real_path(Path::new(".")),
        };
        Self { outputs: outputs.to_path_buf(), prefix: relative(&real_path(outputs), &from) }
    }

    /// The address of an output.
    fn of(&self, path: &Path) -> String {
        let path = self.prefix.join(path.strip_prefix(&self.outputs).unwrap_or(path));
        let mut url = String::new();
        for &byte in path.as_os_str().as_bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    url.push(char::from(byte))
                }
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        url
    }
}

/// `to` as seen from the directory `from`. Both are absolute.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let (to, from): (Vec<Component<'_>>, Vec<Component<'_>>) = (to.components().collect(), from.components().collect());
    let shared = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to[shared..].iter().copied()).collect()
}

/// The place of a format in a list from which a browser takes the first that it can show.
fn rank(format: Format) -> u8 {
    match format {
        Format::Avif => 0,
        Format::WebP => 1,
        Format::Png => 2,
        _ => 3,
    }
}

fn media_type(format: Format) -> String {
    format!("image/{}", format.word())
}

/// A picture: its source, its size and alternative text, its placeholders, and its variants by type.
pub fn picture(done: &Done, urls: &Urls) -> Value {
    let mut outputs: Vec<(Format, &Output)> = done.outputs.iter().filter_map(|o| Some((o.format?, o))).collect();
    outputs.sort_by_key(|(format, output)| (rank(*format), output.size.width, output.size.height));
    let mut formats: Vec<Format> = outputs.iter().map(|(format, _)| *format).collect();
    formats.dedup();
    let variant = |(format, output): &(Format, &Output)| {
        json!({
            "path": urls.of(&output.path),
            "width": output.size.width,
            "height": output.size.height,
            "type": media_type(*format),
            "bytes": output.bytes,
        })
    };
    let source = |format: &Format| {
        let own = outputs.iter().filter(|(other, _)| other == format);
        let set: Vec<String> = own.map(|(_, o)| format!("{} {}w", urls.of(&o.path), o.size.width)).collect();
        json!({"type": media_type(*format), "srcset": set.join(", ")})
    };
    let mut picture = json!({"source": name(&done.source)});
    // The last type is the one that every browser shows; its largest variant gives the size.
    if let Some((_, largest)) = outputs.last() {
        let (width, height) = (largest.size.width, largest.size.height);
        let ratio = f64::from(width) / f64::from(height);
        picture["width"] = width.into();
        picture["height"] = height.into();
        picture["ratio"] = ((ratio * 10_000.0).round() / 10_000.0).into();
        picture["src"] = urls.of(&largest.path).into();
    }
    picture["alt"] = done.description.as_deref().into();
    for (kind, text) in &done.placeholders {
        picture[kind.word()] = text.as_str().into();
    }
    picture["sources"] = formats.iter().map(source).collect();
    picture["variants"] = outputs.iter().map(variant).collect();
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_and_escaped() {
        for (to, from, want) in
            [("/a/b", "/a/b", ""), ("/a/b/c", "/a", "b/c"), ("/a", "/a/b/c", "../.."), ("/a/x", "/a/y", "../x")]
        {
            assert_eq!(relative(Path::new(to), Path::new(from)), Path::new(want), "{to} {from}");
        }
        let urls = Urls { outputs: "out".into(), prefix: "../a b".into() };
        assert_eq!(urls.of(Path::new("out/caf\u{e9}, 50%?.jpg")), "../a%20b/caf%C3%A9%2C%2050%25%3F.jpg");
    }
}
