//! Edits properties of an XMP packet in place, both attributes and elements, without an RDF model.

/// What to do with a property.
#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    /// Leave it unchanged.
    Keep,
    /// Remove it with everything inside.
    Drop,
    /// Replace its value with this simple value.
    Set(String),
}

/// The prefixes that nearly every writer uses, with their namespaces. Only the namespace is
/// binding.
const CUSTOMARY: &[(&str, &str)] = &[
    ("Container", "http://ns.google.com/photos/1.0/container/"),
    ("GAudio", "http://ns.google.com/photos/1.0/audio/"),
    ("GCamera", "http://ns.google.com/photos/1.0/camera/"),
    ("GDepth", "http://ns.google.com/photos/1.0/depthmap/"),
    ("GImage", "http://ns.google.com/photos/1.0/image/"),
    ("GPano", "http://ns.google.com/photos/1.0/panorama/"),
    ("HDRGainMap", "http://ns.apple.com/HDRGainMap/1.0/"),
    ("Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"),
    ("Item", "http://ns.google.com/photos/1.0/container/item/"),
    ("MP", "http://ns.microsoft.com/photo/1.2/"),
    ("acdsee-rs", "http://ns.acdsee.com/regions/"),
    ("apdi", "http://ns.apple.com/pixeldatainfo/1.0/"),
    ("crs", "http://ns.adobe.com/camera-raw-settings/1.0/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("exif", "http://ns.adobe.com/exif/1.0/"),
    ("hdrgm", "http://ns.adobe.com/hdr-gain-map/1.0/"),
    ("mwg-rs", "http://www.metadataworkinggroup.com/schemas/regions/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("stDim", "http://ns.adobe.com/xap/1.0/sType/Dimensions#"),
    ("tiff", "http://ns.adobe.com/tiff/1.0/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("xmpNote", "http://ns.adobe.com/xmp/note/"),
];

/// The number of other prefixes that are resolved. Real packets have none or one.
const MAX_PREFIXES: usize = 32;

/// Applies `decide` to every element and attribute and returns the changed packet. `decide`
/// receives the names of the enclosing elements, the property's name with its customary prefix, and
/// its value if that is simple. Returns None if the packet is not well-formed XML.
pub fn edit(packet: &str, decide: &dyn Fn(&[String], &str, Option<&str>) -> Edit) -> Option<String> {
    let mut editor = Editor { prefixes: Vec::new(), open: Vec::new(), decide };
    editor.run(packet)
}

struct Editor<'a> {
    /// The prefixes that this packet declares, with their customary names.
    prefixes: Vec<(&'a str, &'static str)>,
    open: Vec<String>,
    decide: &'a dyn Fn(&[String], &str, Option<&str>) -> Edit,
}

/// A piece of markup, from `<` to `>`.
enum Piece<'a> {
    /// A comment, a processing instruction, or other markup that is not a tag.
    Other,
    End,
    Start {
        name: &'a str,
        attributes: &'a str,
        is_empty: bool,
    },
}

/// The piece of markup at the start of `text`, and its length.
fn piece(text: &str) -> Option<(Piece<'_>, usize)> {
    let until = |end: &str| text.find(end).map(|at| (Piece::Other, at + end.len()));
    if text.starts_with("<!--") {
        return until("-->");
    }
    if text.starts_with("<![CDATA[") {
        return until("]]>");
    }
    if text.starts_with("<?") {
        return until("?>");
    }
    if text.starts_with("<!") {
        return until(">");
    }
    let mut quote = None;
    let end = text.bytes().position(|b| match (quote, b) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(b);
            false
        }
        (Some(open), _) if open == b => {
            quote = None;
            false
        }
        _ => false,
    })?;
    if text.starts_with("</") {
        return Some((Piece::End, end + 1));
    }
    let inner = &text[1..end];
    let (inner, is_empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
    let at = inner.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inner.len());
    let (name, attributes) = inner.split_at(at);
    (!name.is_empty()).then_some((Piece::Start { name, attributes, is_empty }, end + 1))
}

/// The length up to and including the end tag that closes an element which is already open.
fn to_end(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 1);
    while depth > 0 {
        at += text[at..].find('<')?;
        let (piece, length) = piece(&text[at..])?;
        match piece {
            Piece::End => depth -= 1,
            Piece::Start { is_empty: false, .. } => depth += 1,
            _ => {}
        }
        at += length;
    }
    Some(at)
}

/// Splits off the first attribute: the space before it, its name, its quoted value, and the rest.
fn attribute(text: &str) -> Option<(&str, &str, &str, &str)> {
    let start = text.len() - text.trim_ascii_start().len();
    let equals = start + text[start..].find('=')?;
    let name = text[start..equals].trim_ascii();
    let value = text[equals + 1..].trim_ascii_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let length = value[1..].find(quote)? + 2;
    Some((&text[..start], name, &value[..length], &value[length..]))
}

impl<'a> Editor<'a> {
    fn run(&mut self, packet: &'a str) -> Option<String> {
        let mut out = String::with_capacity(packet.len());
        let mut rest = packet;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (found, length) = piece(rest)?;
            let (tag, behind) = rest.split_at(length);
            rest = behind;
            match found {
                Piece::Other => out.push_str(tag),
                Piece::End => {
                    self.open.pop()?;
                    out.push_str(tag);
                }
                Piece::Start { name, attributes, is_empty } => {
                    let text = &rest[..rest.find('<').unwrap_or(rest.len())];
                    let is_simple = !is_empty && rest[text.len()..].starts_with("</");
                    self.declare(attributes)?;
                    let known = self.known(name);
                    match (self.decide)(&self.open, &known, is_simple.then(|| text.trim())) {
                        Edit::Keep => {}
                        Edit::Set(value) if is_simple => {
                            out.push_str(&format!("{tag}{value}"));
                            self.open.push(known);
                            rest = &rest[text.len()..];
                            continue;
                        }
                        Edit::Set(_) | Edit::Drop => {
                            rest = if is_empty { rest } else { &rest[to_end(rest)?..] };
                            continue;
                        }
                    }
                    self.open.push(known);
                    out.push_str(&format!("<{name}"));
                    self.attributes(attributes, &mut out)?;
                    out.push_str(if is_empty { "/>" } else { ">" });
                    if is_empty {
                        self.open.pop();
                    }
                }
            }
        }
        out.push_str(rest);
        self.open.is_empty().then_some(out)
    }

    fn attributes(&self, mut rest: &str, out: &mut String) -> Option<()> {
        while !rest.trim_ascii().is_empty() {
            let (space, name, value, behind) = attribute(rest)?;
            rest = behind;
            let plain = &value[1..value.len() - 1];
            match (self.decide)(&self.open, &self.known(name), Some(plain)) {
                Edit::Keep => out.push_str(&format!("{space}{name}={value}")),
                Edit::Set(new) => out.push_str(&format!("{space}{name}=\"{new}\"")),
                Edit::Drop => {}
            }
        }
        out.push_str(rest);
        Some(())
    }

    /// Records the prefixes that this tag declares.
    fn declare(&mut self, mut rest: &'a str) -> Option<()> {
        while !rest.trim_ascii().is_empty() {
            let (_, name, value, behind) = attribute(rest)?;
            rest = behind;
            let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
            let uri = &value[1..value.len() - 1];
            if self.prefixes.len() < MAX_PREFIXES
                && let Some((known, _)) = CUSTOMARY.iter().find(|(known, other)| *other == uri && *known != prefix)
            {
                self.prefixes.push((prefix, known));
            }
        }
        Some(())
    }

    /// The name with its customary prefix.
    fn known(&self, name: &str) -> String {
        let prefix = |prefix: &str| self.prefixes.iter().rev().find(|(own, _)| *own == prefix).map(|(_, known)| *known);
        match name.split_once(':') {
            Some(("xmlns", own)) => format!("xmlns:{}", prefix(own).unwrap_or(own)),
            Some((own, local)) => format!("{}:{local}", prefix(own).unwrap_or(own)),
            None => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop_or_set(packet: &str) -> Option<String> {
        edit(packet, &|open, name, value| match (name, value) {
            ("GPano:Gone", _) => Edit::Drop,
            ("GPano:New", Some(_)) => Edit::Set("7".to_owned()),
            ("a:in", _) if open.last().is_some_and(|name| name == "a:s") => Edit::Set("8".to_owned()),
            _ => Edit::Keep,
        })
    }

    #[test]
    fn attributes_and_elements() {
        for (from, to) in [
            ("<a GPano:Gone='1' b=\"2\"/>", "<a b=\"2\"/>"),
            ("<a GPano:New='1'>t</a>", "<a GPano:New=\"7\">t</a>"),
            ("<a><GPano:New> 1 </GPano:New>x</a>", "<a><GPano:New>7</GPano:New>x</a>"),
            ("<a><GPano:Gone><b/><GPano:Gone>></GPano:Gone></GPano:Gone>x</a>", "<a>x</a>"),
            ("<a><GPano:Gone x='>'/>x</a>", "<a>x</a>"),
            ("<a><!--<GPano:Gone/>--></a>", "<a><!--<GPano:Gone/>--></a>"),
            ("<a><a:s a:in='1'/><a:in>1</a:in></a>", "<a><a:s a:in=\"8\"/><a:in>1</a:in></a>"),
        ] {
            assert_eq!(drop_or_set(from).as_deref(), Some(to));
        }
    }

    #[test]
    fn a_prefix_is_only_a_name() {
        let from = "<a xmlns:p='http://ns.google.com/photos/1.0/panorama/' p:Gone='1'/>";
        assert_eq!(drop_or_set(from).unwrap(), "<a xmlns:p='http://ns.google.com/photos/1.0/panorama/'/>");
    }

    #[test]
    fn malformed_xml_is_refused() {
        for from in ["<a", "<a>", "</a>", "<a b></a>", "<a b='1></a>", "<GPano:Gone>", "<a><!--</a>", "<>"] {
            assert_eq!(drop_or_set(from), None, "{from}");
        }
    }
}
