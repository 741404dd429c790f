//! Parsers of option values: sizes, formats, colours, amounts. An error says what a value has to be; `usage` puts the option
//! and the value in front of it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::plan::{Template, TemplateError};
use crate::policy::{MaxFailures, MinSavings};
use crate::sink::shards::ShardSize;
use crate::split::{Selector, SelectorError};
use crate::walk::Patterns;
use thumbs_render::format::Format;
use thumbs_render::geometry::SizeSpec;
use thumbs_render::recipe::{Color, FormatChoice, Radius};

/// A size, and its spelling, which `{size}` in names shows.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedSize {
    pub size: SizeSpec,
    pub label: String,
}

pub fn size(text: &str) -> Result<TypedSize, String> {
    let wrong = |_| {
        format!("a size is 800x600, 256, 800x, x600, 50% or original, no side 0{}", did_you_mean(text, ["original"]))
    };
    Ok(TypedSize { size: SizeSpec::from_str(&text.to_ascii_lowercase()).map_err(wrong)?, label: text.to_owned() })
}

pub fn format(text: &str) -> Result<FormatChoice, String> {
    match text.to_ascii_lowercase().as_str() {
        "keep" => Ok(FormatChoice::Keep),
        "auto" => Ok(FormatChoice::Auto),
        _ => written(text, &["keep", "auto"]).map(FormatChoice::To),
    }
}

/// One of the formats of `--allow`.
pub fn allow(text: &str) -> Result<Format, String> {
    written(text, &[])
}

/// A format that is written; `others` are words that are possible, too.
fn written(text: &str, others: &[&'static str]) -> Result<Format, String> {
    let writable = || Format::all().filter(|f| f.writes()).map(Format::word);
    let words = || others.iter().copied().chain(writable());
    let all = || words().collect::<Vec<_>>().join(", ");
    match Format::from_word(text) {
        Some(format) if format.writes() => Ok(format),
        Some(format) => Err(format!("{format} is read, not written; a format is one of {}", all())),
        None => Err(format!("a format is one of {}{}", all(), did_you_mean(text, words()))),
    }
}

pub fn depth(text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "10" => Ok(10),
        _ => Err("a depth is 8 or 10 bits".to_owned()),
    }
}

pub fn color(text: &str) -> Result<Color, String> {
    let names = csscolorparser::NAMED_COLORS.keys().map(|name| name.as_str());
    let wrong = |_| {
        let hint = did_you_mean(text, names.chain(["transparent"]));
        format!("a colour is a CSS name such as white or transparent, #rgb, #rrggbb, or rgb(r, g, b){hint}")
    };
    Ok(Color { rgba: csscolorparser::parse(text).map_err(wrong)?.to_rgba8() })
}

/// Parses "512M", "1.5GiB" and "4096" as powers of 1024, as most such tools do, and "MB" and "GB" as powers of 1000.
pub fn byte_size(text: &str) -> Result<u64, String> {
    let wrong = || "an amount of bytes is 4096, 512M, 2G or 1.5GiB".to_owned();
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
    if (1.0..1e18).contains(&bytes) { Ok(bytes as u64) } else { Err(wrong()) }
}

pub fn memory(text: &str) -> Result<u64, String> {
    match byte_size(text)? {
        0..0x10_0000 => Err("the memory of a run is at least 1M".to_owned()),
        bytes => Ok(bytes),
    }
}

pub fn max_failures(text: &str) -> Result<MaxFailures, String> {
    let wrong = || "a limit of failures is a whole number, or a percentage from 0% to 100%".to_owned();
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            if (0.0..=100.0).contains(&percent) { Ok(MaxFailures::Percent(percent)) } else { Err(wrong()) }
        }
        None => Ok(MaxFailures::Count(text.parse().map_err(|_| wrong())?)),
    }
}

pub fn min_savings(text: &str) -> Result<MinSavings, String> {
    let wrong = || "savings are a percentage from 0% to 99%, or an amount of bytes such as 20k".to_owned();
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            if (0.0..=99.0).contains(&percent) { Ok(MinSavings::Percent(percent)) } else { Err(wrong()) }
        }
        None if text == "0" => Ok(MinSavings::Bytes(0)),
        None => byte_size(text).map(MinSavings::Bytes).map_err(|_| wrong()),
    }
}

pub fn shard_size(text: &str) -> Result<ShardSize, String> {
    let wrong =
        |_| "the size of a shard is a whole number of samples from 1, or bytes with a unit, such as 500M".to_owned();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().filter(|n| *n > 0).map(ShardSize::Samples).ok_or_else(|| wrong(String::new()));
    }
    byte_size(text).map(ShardSize::Bytes).map_err(wrong)
}

/// Parses "90", "90s", "1.5h" and "2h30m".
pub fn shard(text: &str) -> Result<Selector, String> {
    text.parse().map_err(|error: SelectorError| error.to_string())
}

pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is 90 (seconds), 90s, 30m or 2h30m".to_owned();
    let mut seconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..at].parse().map_err(|_| wrong())?;
        let unit = rest[at..].chars().next();
        let factor = match unit {
            None if at == text.trim().len() => 1.0,
            Some('s') => 1.0,
            Some('m') => 60.0,
            Some('h') => 3600.0,
            Some('d') => 86_400.0,
            _ => return Err(wrong()),
        };
        seconds += number * factor;
        rest = &rest[at + unit.map_or(0, char::len_utf8)..];
    }
    if seconds > 0.0 && seconds < 1e9 { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
}

pub fn template(text: &str) -> Result<Template, String> {
    Template::parse(text).map_err(|error| {
        let hint = match &error {
            TemplateError::Unknown(word) => {
                did_you_mean(word, ["stem", "name", "ext", "size", "width", "height", "hash", "dir"])
            }
            TemplateError::Brace | TemplateError::Path => String::new(),
        };
        format!("{error}{hint}")
    })
}

pub fn glob(text: &str) -> Result<String, String> {
    Patterns::new(&[text]).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// `--quality`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    Fixed(u8),
    /// A target of 80.
    Auto,
}

pub fn quality(text: &str) -> Result<Quality, String> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(Quality::Auto);
    }
    let number = whole::<u8>("quality", 1..=100)(text);
    number.map(Quality::Fixed).map_err(|why| format!("{why}, or auto{}", did_you_mean(text, ["auto"])))
}

pub fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|score| (1.0..=100.0).contains(score));
    score.ok_or_else(|| "a score is a number from 1 to 100".to_owned())
}

pub fn aspect(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio: &f64| ratio.is_finite() && *ratio >= 1.0);
    ratio.ok_or_else(|| "a ratio of sides is a number from 1 on, such as 3 or 2.5".to_owned())
}

/// An amount of sharpening.
pub fn amount(text: &str) -> Result<f32, String> {
    let amount = text.parse().ok().filter(|amount| (0.01..=10.0).contains(amount));
    amount.ok_or_else(|| "an amount is a number from 0.01 to 10, such as 0.5".to_owned())
}

/// The standard deviation of a blur.
pub fn sigma(text: &str) -> Result<f32, String> {
    let sigma = text.parse().ok().filter(|sigma| (0.3..=100.0).contains(sigma));
    sigma.ok_or_else(|| "a blur is a number of pixels from 0.3 to 100, such as 2.5".to_owned())
}

/// A share from 1% to 100%, as a fraction.
pub fn percent(text: &str) -> Result<f64, String> {
    let percent: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
    let percent = percent.filter(|percent| (1.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "a share is a percentage from 1% to 100%".to_owned())
}

/// A radius of corners.
pub fn radius(text: &str) -> Result<Radius, String> {
    let wrong = || "a radius is a whole number of pixels from 1, or a percentage from 1% to 50%".to_owned();
    if text.ends_with('%') {
        return percent(text).ok().filter(|share| *share <= 0.5).map(Radius::Fraction).ok_or_else(wrong);
    }
    whole::<u32>("a radius", 1..=1_000_000)(text).map(Radius::Pixels).map_err(|_| wrong())
}

/// A parser of whole numbers within bounds.
pub fn whole<T>(what: &'static str, bounds: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Copy + Limits,
{
    move |text| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|n| digits && bounds.contains(n));
        number.ok_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            match *most == T::MOST {
                true => format!("{what} is a whole number from {least}"),
                false => format!("{what} is a whole number from {least} to {most}"),
            }
        })
    }
}

/// The largest number of a type, which is no bound to mention.
pub trait Limits {
    const MOST: Self;
}

macro_rules! limits {
    ($($number:ident)*) => { $(impl Limits for $number { const MOST: Self = $number::MAX; })* };
}

limits!(u8 u32 i32 u64);

/// A hint with the most similar of `words`, if one is similar.
pub fn did_you_mean<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let text = text.to_ascii_lowercase();
    let near = words.into_iter().map(|word| (strsim::jaro(&text, word), word)).filter(|(likeness, _)| *likeness > 0.75);
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, word)) => format!("; did you mean {word}?"),
        None => String::new(),
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
        assert!(memory("1023k").is_err() && memory("1M").is_ok());
    }

    #[test]
    fn failure_limits() {
        assert_eq!(max_failures("5").unwrap(), MaxFailures::Count(5));
        assert_eq!(max_failures("2.5%").unwrap(), MaxFailures::Percent(2.5));
        for text in ["", "%", "-1", "101%", "x", "NaN%"] {
            assert!(max_failures(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, seconds) in
            [("90", 90.0), ("90s", 90.0), ("1.5h", 5400.0), ("2h30m", 9000.0), ("0.25", 0.25), ("1d", 86_400.0)]
        {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "s", "-1", "0", "1x", "2h30", "1..5", "1 h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_numbers() {
        assert_eq!(quality("80"), Ok(Quality::Fixed(80)));
        assert_eq!(quality("Auto"), Ok(Quality::Auto));
        for text in ["", "0", "101", "999", "-1", "+7", "8.5", "high"] {
            assert_eq!(quality(text).unwrap_err(), "quality is a whole number from 1 to 100, or auto", "{text}");
        }
        assert_eq!(whole("a depth", 1..=u32::MAX)("0").unwrap_err(), "a depth is a whole number from 1");
    }

    #[test]
    fn radii_and_shares() {
        assert_eq!(radius("12"), Ok(Radius::Pixels(12)));
        assert_eq!(radius("50%"), Ok(Radius::Fraction(0.5)));
        for text in ["", "0", "-1", "0%", "51%", "1.5", "x", "%"] {
            assert!(radius(text).is_err(), "{text}");
        }
        assert_eq!((percent("25%"), percent("100")), (Ok(0.25), Ok(1.0)));
        for text in ["", "0", "101%", "NaN", "%%"] {
            assert!(percent(text).is_err() && amount(text).is_err(), "{text}");
        }
        assert!(sigma("0.2").is_err() && sigma("inf").is_err() && sigma("2.5") == Ok(2.5));
    }

    #[test]
    fn shard_sizes() {
        assert_eq!(shard_size("100"), Ok(ShardSize::Samples(100)));
        assert_eq!(shard_size("1M"), Ok(ShardSize::Bytes(1 << 20)));
        for text in ["", "0", "x", "99999999999999999999999"] {
            assert!(shard_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn near_words() {
        let words = ["inside", "cover", "contain"];
        assert_eq!(did_you_mean("Covr", words), "; did you mean cover?");
        assert_eq!(did_you_mean("zebra", words), "");
        assert_eq!(did_you_mean("", words), "");
    }
}
