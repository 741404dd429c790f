//! Pages of listings, as S3 sends them with `encoding-type=url`. `object_store` refuses a whole page for one key that it cannot
//! name, so pages are read here.

use std::time::{Duration, UNIX_EPOCH};

use percent_encoding::percent_decode_str;

use crate::net::{Problem, Validators};

/// A key of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key, decoded. It may hold anything.
    pub key: Vec<u8>,
    /// What identifies its content.
    pub validators: Validators,
}

/// A page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub keys: Vec<Listed>,
    /// What the next page is asked for with.
    pub next: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// It is not a listing.
pub fn read(page: &[u8]) -> Result<Page, Problem> {
    let text = String::from_utf8_lossy(page);
    let root = within(&text, "ListBucketResult").ok_or_else(|| Problem::standing("the answer is not a listing"))?;
    let encoded = within(root, "EncodingType").is_some_and(|kind| kind == "url");
    let (mut keys, mut rest) = (Vec::new(), root);
    while let Some((inner, after)) = next(rest, "Contents") {
        rest = after;
        let Some(key) = within(inner, "Key").map(unescaped) else { continue };
        let key = match encoded {
            // A space is a plus here.
            true => percent_decode_str(&key.replace('+', " ")).collect(),
            false => key.into_bytes(),
        };
        let etag = within(inner, "ETag").map(unescaped).filter(|etag| !etag.is_empty());
        let modified = within(inner, "LastModified").and_then(http_date);
        keys.push(Listed { key, validators: Validators { etag, modified } });
    }
    let truncated = within(root, "IsTruncated").is_some_and(|text| text == "true");
    let next = within(root, "NextContinuationToken").filter(|token| truncated && !token.is_empty()).map(unescaped);
    if truncated && next.is_none() {
        return Err(Problem::standing("the listing is truncated and names no next page"));
    }
    Ok(Page { keys, next })
}

/// The text of the first element of this name.
fn within<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    next(text, name).map(|(inner, _)| inner)
}

/// The text of the next element of this name, and what follows it.
fn next<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let mut rest = text;
    loop {
        let (_, tag) = rest.split_once('<')?;
        match tag.strip_prefix(name).filter(|tag| tag.starts_with(['>', ' ', '\n', '\r', '\t'])) {
            Some(tag) => return tag.split_once('>')?.1.split_once(&format!("</{name}>")),
            None => rest = tag,
        }
    }
}

/// Decodes the entities of XML.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((name, after)) = after.split_once(';') else {
            out.push('&');
            rest = after;
            continue;
        };
        let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        });
        match (name, number.and_then(char::from_u32)) {
            ("lt", _) => out.push('<'),
            ("gt", _) => out.push('>'),
            ("amp", _) => out.push('&'),
            ("quot", _) => out.push('"'),
            ("apos", _) => out.push('\''),
            (_, Some(letter)) => out.push(letter),
            _ => out.push_str(&format!("&{name};")),
        }
        rest = after;
    }
    out + rest
}

/// `2026-11-28T06:18:51.000Z` as `Last-Modified` has it.
fn http_date(text: &str) -> Option<String> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !text.ends_with('Z') || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    let date = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?;
    Some(httpdate::fmt_http_date(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_keys_and_the_next_token() {
        let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><EncodingType>url</EncodingType>\
            <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>\
            <Contents><Key>p/a+b%2B%0A.jpg</Key><LastModified>2026-11-28T06:18:51.123Z</LastModified>\
            <ETag>&quot;e&quot;</ETag><Size>3</Size></Contents></ListBucketResult>";
        let page = read(xml.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("a&b"));
        assert_eq!(page.keys[0].key, b"p/a b+\n.jpg");
        let validators = &page.keys[0].validators;
        assert_eq!(validators.etag.as_deref(), Some("\"e\""));
        assert_eq!(validators.modified.as_deref(), Some("Sat, 28 Nov 2026 06:18:51 GMT"));
    }

    #[test]
    fn other_answers_are_no_listing() {
        for text in ["", "<html>", "<ListBucketResult><Contents><Key>a", "<Error><Code>x</Code></Error>"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let cut = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
        assert!(read(cut.as_bytes()).is_err());
    }

    #[test]
    fn dates_cross_months_and_leap_days() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2024-02-29T23:59:59.000Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            ("2025-03-01T00:00:00.000Z", "Sat, 01 Mar 2025 00:00:00 GMT"),
        ] {
            assert_eq!(http_date(text).as_deref(), Some(want));
        }
        for text in ["yesterday", "", "2025-03-01", "1900-03-01T00:00:00.000Z"] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }
}
