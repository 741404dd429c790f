//! Pages of listings, as S3 and Google send them with `encoding-type=url`, and as Azure does. `object_store` refuses a whole
//! page for one key that it cannot name, so pages are read here.

use std::time::{Duration, UNIX_EPOCH};

use chrono::DateTime;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::service::Service;
use crate::net::{Listed, Problem, Validators};

/// A page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub keys: Vec<Listed>,
    /// What the next page is asked for with.
    pub next: Option<String>,
}

/// The elements of a page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketResult {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_continuation_token: Option<String>,
    #[serde(default)]
    contents: Vec<Contents>,
}

#[derive(Deserialize)]
struct Contents {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "ETag")]
    etag: Option<String>,
    #[serde(rename = "LastModified")]
    modified: Option<String>,
    #[serde(rename = "Size")]
    size: Option<u64>,
}

/// The elements of a page of Azure.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnumerationResults {
    #[serde(default)]
    blobs: Blobs,
    next_marker: Option<String>,
}

#[derive(Default, Deserialize)]
struct Blobs {
    #[serde(rename = "Blob", default)]
    list: Vec<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    properties: Properties,
}

#[derive(Deserialize)]
struct Name {
    /// Whether it is percent-encoded, because XML cannot hold it.
    #[serde(rename = "@Encoded", default)]
    encoded: bool,
    #[serde(rename = "$text", default)]
    text: String,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "Etag")]
    etag: Option<String>,
    #[serde(rename = "Last-Modified")]
    modified: Option<String>,
    #[serde(rename = "Content-Length")]
    size: Option<u64>,
}

/// What a page is asked for with.
pub fn query<'a>(service: &Service, prefix: &'a str, next: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let (mut query, token) = match service {
        Service::Azure { .. } => (vec![("restype", "container"), ("comp", "list"), ("prefix", prefix)], "marker"),
        _ => (vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)], "continuation-token"),
    };
    query.extend(next.map(|next| (token, next)));
    query
}

/// Reads a page.
///
/// # Errors
/// It is not a listing.
pub fn read(service: &Service, page: &[u8]) -> Result<Page, Problem> {
    match service {
        Service::Azure { .. } => read_blobs(page),
        _ => read_keys(page),
    }
}

fn read_blobs(page: &[u8]) -> Result<Page, Problem> {
    let other = || Problem::standing("the answer is not a listing");
    let text = String::from_utf8_lossy(page);
    let text = text.trim_start_matches('\u{feff}');
    if !text.contains("<EnumerationResults") {
        return Err(other());
    }
    let page: EnumerationResults = quick_xml::de::from_str(text).map_err(|_| other())?;
    let listed = |blob: Blob| Listed {
        key: match blob.name.encoded {
            true => percent_decode_str(&blob.name.text).collect(),
            false => blob.name.text.into_bytes(),
        },
        validators: Validators {
            // As in the header.
            etag: blob.properties.etag.filter(|etag| !etag.is_empty()).map(|etag| match etag.starts_with('"') {
                true => etag,
                false => format!("\"{etag}\""),
            }),
            modified: blob.properties.modified,
        },
        size: blob.properties.size,
    };
    let next = page.next_marker.filter(|token| !token.is_empty());
    Ok(Page { keys: page.blobs.list.into_iter().map(listed).collect(), next })
}

fn read_keys(page: &[u8]) -> Result<Page, Problem> {
    let other = || Problem::standing("the answer is not a listing");
    let text = String::from_utf8_lossy(page);
    // The reader takes any root.
    if !text.contains("<ListBucketResult") {
        return Err(other());
    }
    let page: ListBucketResult = quick_xml::de::from_str(&text).map_err(|_| other())?;
    let is_encoded = page.encoding_type.as_deref() == Some("url");
    let listed = |found: Contents| Listed {
        key: match is_encoded {
            // A space is a plus here.
            true => percent_decode_str(&found.key.replace('+', " ")).collect(),
            false => found.key.into_bytes(),
        },
        validators: Validators {
            etag: found.etag.filter(|etag| !etag.is_empty()),
            modified: found.modified.as_deref().and_then(http_date),
        },
        size: found.size,
    };
    let next = page.next_continuation_token.filter(|token| page.is_truncated && !token.is_empty());
    if page.is_truncated && next.is_none() {
        return Err(Problem::standing("the listing is truncated and names no next page"));
    }
    Ok(Page { keys: page.contents.into_iter().map(listed).collect(), next })
}

/// `2026-11-28T06:18:51.000Z` as `Last-Modified` has it.
fn http_date(text: &str) -> Option<String> {
    let seconds = DateTime::parse_from_rfc3339(text).ok()?.timestamp();
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
        let page = read_keys(xml.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("a&b"));
        assert_eq!(page.keys[0].key, b"p/a b+\n.jpg");
        let validators = &page.keys[0].validators;
        assert_eq!(validators.etag.as_deref(), Some("\"e\""));
        assert_eq!(validators.modified.as_deref(), Some("Sat, 28 Nov 2026 06:18:51 GMT"));
    }

    #[test]
    fn other_answers_are_no_listing() {
        for text in ["", "<html>", "<ListBucketResult><Contents><Key>a", "<Error><Code>x</Code></Error>"] {
            assert!(read_keys(text.as_bytes()).is_err(), "{text}");
        }
        let cut = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
        assert!(read_keys(cut.as_bytes()).is_err());
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
