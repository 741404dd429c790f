//! What single words of the command line mean: sizes, formats, colours, amounts.

use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use thumbs::format::Format;
use thumbs::geometry::SizeSpec;
use thumbs::policy::MaxFailures;
use thumbs::recipe::{Color, FormatChoice};

pub fn sizes(texts: &[String]) -> Result<(Vec<SizeSpec>, Vec<String>)> {
    if texts.is_empty() {
        return Ok((vec![SizeSpec::default()], vec![SizeSpec::default().to_string()]));
    }
    let mut labels: Vec<String> = Vec::new();
    let mut sizes = Vec::new();
    for text in texts {
        let size = SizeSpec::from_str(text).context("--size")?;
        // Typed twice, it is meant once.
        if !labels.contains(text) {
            labels.push(text.clone());
            sizes.push(size);
        }
    }
    Ok((sizes, labels))
}

pub fn formats(words: &[String]) -> Result<Vec<FormatChoice>> {
    let mut formats = Vec::new();
    for word in words {
        let choice = match word.as_str() {
            "keep" => FormatChoice::Keep,
            word => {
                let writable = || Format::all().filter(|f| f.writes()).map(Format::word).collect::<Vec<_>>().join(", ");
                let format = Format::from_word(word)
                    .ok_or_else(|| anyhow!("--format: '{word}' is none of keep, {}", writable()))?;
                ensure!(format.writes(), "--format: {format} is not written; choose of {}", writable());
                FormatChoice::To(format)
            }
        };
        if !formats.contains(&choice) {
            formats.push(choice);
        }
    }
    if formats.is_empty() {
        formats.push(FormatChoice::Keep);
    }
    Ok(formats)
}

pub fn color(text: &str) -> Result<Color> {
    let color = csscolorparser::parse(text).with_context(|| format!("--background '{text}'"))?;
    Ok(Color { rgba: color.to_rgba8() })
}

/// "512M", "1.5GiB", "4096": powers of 1024, as most tools of this kind read them; "MB" and "GB"
/// with their B are powers of 1000.
pub fn byte_size(text: &str) -> Result<u64> {
    let wrong = || anyhow!("'{text}' is not a size: write 512M, 2G or bytes");
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.trim().to_ascii_lowercase();
    let (prefix, base) = match unit.as_str() {
        "" | "b" => ("", 1024_f64),
        u if u.ends_with("ib") => (&u[..u.len() - 2], 1024.0),
        u if u.ends_with('b') => (&u[..u.len() - 1], 1000.0),
        u => (u, 1024.0),
    };
    let power = ["", "k", "m", "g", "t"].iter().position(|p| *p == prefix).ok_or_else(wrong)?;
    let bytes = number * base.powi(power as i32);
    ensure!((1.0..1e18).contains(&bytes), wrong());
    Ok(bytes as u64)
}

pub fn max_failures(text: &str) -> Result<MaxFailures> {
    let wrong = || anyhow!("--max-failures: '{text}' is neither a number nor a percentage such as 5%");
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            ensure!((0.0..=100.0).contains(&percent), wrong());
            Ok(MaxFailures::Percent(percent))
        }
        None => Ok(MaxFailures::Count(text.parse().map_err(|_| wrong())?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_sizes() {
        for (text, want) in [
            ("4096", 4096),
            ("512M", 512 << 20),
            ("1.5GiB", 3 << 29),
            ("2g", 2 << 30),
            ("1MB", 1_000_000),
            ("100k", 102_400),
            ("7b", 7),
        ] {
            assert_eq!(byte_size(text).unwrap(), want, "{text}");
        }
        for text in ["", "M", "-1", "0", "1X", "1e3", "9999999T", "1.2.3"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn failure_limits() {
        assert_eq!(max_failures("5").unwrap(), MaxFailures::Count(5));
        assert_eq!(max_failures("2.5%").unwrap(), MaxFailures::Percent(2.5));
        for text in ["", "%", "-1", "101%", "x"] {
            assert!(max_failures(text).is_err(), "{text}");
        }
    }
}
