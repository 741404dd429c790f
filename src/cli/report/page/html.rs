//! A picture as an element of HTML.

use std::fmt::Write;

use serde_json::Value;

/// Text for an attribute in double quotes, in one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Also other ends of lines, so that a picture is a line.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A source as the value of an attribute.
pub fn source(name: &Value) -> String {
    match name.as_str() {
        Some(name) => escaped(name),
        // A path that is not UTF-8.
        None => escaped(&name.to_string()),
    }
}

const SOURCE: &str = "<picture data-source=\"";

/// The source of a line.
pub fn source_of(line: &str) -> Option<&str> {
    line.strip_prefix(SOURCE)?.split('"').next()
}

/// The `<picture>` element of a picture, in one line.
pub fn element(picture: &Value) -> String {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let mut out = format!("{SOURCE}{}\">", source(&picture["source"]));
    let sources = picture["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some((last, others)) = sources.split_last() {
        for source in others {
            let (kind, set) = (text(&source["type"]), text(&source["srcset"]));
            let _ = write!(out, "<source type=\"{kind}\" srcset=\"{set}\" sizes=\"100vw\">");
        }
        let (src, set) = (text(&picture["src"]), text(&last["srcset"]));
        let _ = write!(out, "<img src=\"{src}\" srcset=\"{set}\" sizes=\"100vw\"");
        // Without a description the text is empty: a reader then passes over the picture.
        let _ = write!(out, " width=\"{}\" height=\"{}\"", picture["width"], picture["height"]);
        let _ = write!(out, " alt=\"{}\" loading=\"lazy\" decoding=\"async\"", text(&picture["alt"]));
        for kind in ["thumbhash", "blurhash"] {
            if picture[kind].is_string() {
                let _ = write!(out, " data-{kind}=\"{}\"", text(&picture[kind]));
            }
        }
        let background = [
            picture["color"].as_str().map(str::to_owned),
            picture["lqip"].as_str().map(|uri| format!("url({uri}) 0 0 / cover")),
        ];
        let background: Vec<String> = background.into_iter().flatten().rev().collect();
        if !background.is_empty() {
            let _ = write!(out, " style=\"background: {}\"", escaped(&background.join(" ")));
        }
        out.push('>');
    }
    out + "</picture>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_leaves_its_attribute() {
        let picture = json!({
            "source": "a\"><script>\n'.jpg",
            "width": 4, "height": 3, "src": "a.jpg", "alt": "\"quoted\" & <b>\u{2028}",
            "color": "#123456", "lqip": "data:image/webp;base64,AA==",
            "sources": [{"type": "image/webp", "srcset": "a.webp 4w"}, {"type": "image/jpeg", "srcset": "a.jpg 4w"}],
        });
        let line = element(&picture);
        assert_eq!(
            line,
            "<picture data-source=\"a&quot;&gt;&lt;script&gt;&#10;&#39;.jpg\">\
             <source type=\"image/webp\" srcset=\"a.webp 4w\" sizes=\"100vw\">\
             <img src=\"a.jpg\" srcset=\"a.jpg 4w\" sizes=\"100vw\" width=\"4\" height=\"3\" \
             alt=\"&quot;quoted&quot; &amp; &lt;b&gt;&#8232;\" loading=\"lazy\" decoding=\"async\" \
             style=\"background: url(data:image/webp;base64,AA==) 0 0 / cover #123456\"></picture>"
        );
        assert_eq!(source_of(&line), Some(&*source(&picture["source"])));
    }
}
