//! Secrets in the queries of URLs: what messages mask, and what is no part of a picture's identity.

use sha2::{Digest, Sha256};

/// Parts of parameter names whose values give access.
const SECRET: &[&str] = &[
    "signature",
    "credential",
    "token",
    "secret",
    "passw",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "keyid",
    "auth",
    "hmac",
    "jwt",
    "session",
    "hdnts",
];
/// Whole parameter names of the same kind.
const SECRET_NAMES: &[&str] = &["sig", "key", "pass", "policy", "code", "sign"];

/// Parameters of a signature by S3 and Google.
const SIGNED: &[&str] =
    &["algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token", "content-sha256"];
/// Parameters of older signatures by S3, Google and CloudFront.
const OLD: &[&str] = &["awsaccesskeyid", "googleaccessid", "signature", "expires", "key-pair-id", "policy"];
/// Parameters of a shared access signature by Azure.
const AZURE: &[&str] = &[
    "sv", "ss", "srt", "sp", "st", "se", "spr", "sip", "sig", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "si",
    "sdd",
];

fn name(pair: &str) -> String {
    pair.split('=').next().unwrap_or(pair).to_ascii_lowercase()
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part)) || SECRET_NAMES.contains(&name)
}

/// The query with secret values replaced.
pub fn masked(query: &str) -> String {
    let mask = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if is_secret(&name(pair)) => format!("{key}=***"),
        _ => pair.to_owned(),
    };
    query.split('&').map(mask).collect::<Vec<_>>().join("&")
}

/// The part of the query that identifies a picture: without signatures, which change from day to day,
/// and with digests of other secrets, so that it can be stored.
pub fn identity(query: &str) -> String {
    let names: Vec<String> = query.split('&').map(name).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let (old, azure) = (has("signature"), has("sig") && (has("se") || has("si")));
    let signs = |name: &str| {
        let rest = name.strip_prefix("x-amz-").or_else(|| name.strip_prefix("x-goog-"));
        rest.is_some_and(|rest| SIGNED.contains(&rest))
            || (old && OLD.contains(&name))
            || (azure && AZURE.contains(&name))
    };
    let pairs = query.split('&').zip(&names).filter(|(_, name)| !signs(name));
    let shown = pairs.map(|(pair, name)| match pair.split_once('=') {
        Some((key, value)) if is_secret(name) => format!("{key}=~{}", short(value)),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

fn short(value: &str) -> String {
    Sha256::digest(value.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (query, want) in [
            ("w=1&h=2", "w=1&h=2"),
            ("X-Amz-Signature=abc&w=1", "X-Amz-Signature=***&w=1"),
            ("sv=2020&sig=a%2Fb", "sv=2020&sig=***"),
            ("access_token=x&TOKEN=y", "access_token=***&TOKEN=***"),
            ("key=1&monkey=2", "key=***&monkey=2"),
        ] {
            assert_eq!(masked(query), want);
        }
    }

    #[test]
    fn a_new_signature_is_the_same_picture() {
        let first = "versionId=3&X-Amz-Date=20260101T000000Z&X-Amz-Signature=abc&X-Amz-Expires=60";
        let second = "versionId=3&X-Amz-Date=20260102T000000Z&X-Amz-Signature=def&X-Amz-Expires=60";
        assert_eq!(identity(first), "versionId=3");
        assert_eq!(identity(first), identity(second));
        assert_eq!(identity("sv=1&se=2&sig=3"), "");
        // Without a signature, these are parameters like others.
        assert_eq!(identity("expires=1&sp=2"), "expires=1&sp=2");
    }

    #[test]
    fn other_secrets_count_but_are_not_stored() {
        let (one, two) = (identity("key=photos%2F1.jpg"), identity("key=photos%2F2.jpg"));
        assert_ne!(one, two);
        assert!(!one.contains("photos"), "{one}");
    }
}
