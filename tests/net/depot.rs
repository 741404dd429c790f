//! A store in memory that speaks as much of S3 as the program does, with faults, and counts requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::server::{Request, Server, answer};
use crate::stores::{decoded, encoded};

#[derive(Clone, Default)]
pub struct Object {
    pub body: Vec<u8>,
    pub kind: String,
    pub mark: Option<String>,
    pub etag: String,
}

#[derive(Default)]
pub struct Shelves {
    pub objects: BTreeMap<String, Object>,
    /// Parts by upload and number.
    pub uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    /// The requests that began uploads.
    begun: BTreeMap<String, Request>,
    made: usize,
}

impl Shelves {
    pub fn place(&mut self, key: &str, body: &[u8], request: Option<&Request>) -> String {
        self.made += 1;
        let header = |name: &str| request.and_then(|request| request.header(name)).map(str::to_owned);
        let etag = format!("\"e{}\"", self.made);
        let (kind, mark) = (header("content-type").unwrap_or_default(), header("x-amz-meta-thumbs"));
        let mark = mark.or_else(|| header("x-goog-meta-thumbs"));
        self.objects.insert(key.to_owned(), Object { body: body.to_vec(), kind, mark, etag: etag.clone() });
        etag
    }
}

/// A bucket `b` behind a server.
pub struct Depot {
    pub server: Server,
    pub shelves: Arc<Mutex<Shelves>>,
}

impl Depot {
    pub fn new() -> Self {
        Self::with(|_| None)
    }

    /// A status of 0 ends the connection after the request is done.
    pub fn with(fault: impl Fn(&Request) -> Option<u16> + Send + Sync + 'static) -> Self {
        let shelves: Arc<Mutex<Shelves>> = Arc::default();
        let held = Arc::clone(&shelves);
        let server = Server::start(move |request, stream| match fault(request) {
            Some(0) => {
                let mut nobody = Vec::new();
                serve(&held, request, &mut nobody);
                false
            }
            Some(status) => answer(stream, status, &[], b""),
            None => {
                let mut text = Vec::new();
                serve(&held, request, &mut text);
                std::io::Write::write_all(stream, &text).is_ok()
            }
        });
        Self { server, shelves }
    }

    /// Puts an object there, as somebody else.
    pub fn place(&self, key: &str, body: &[u8]) {
        self.shelves.lock().unwrap().place(key, body, None);
    }

    pub fn get(&self, key: &str) -> Object {
        self.shelves.lock().unwrap().objects.get(key).unwrap_or_else(|| panic!("{key}: {:?}", self.keys())).clone()
    }

    pub fn keys(&self) -> Vec<String> {
        self.shelves.lock().unwrap().objects.keys().cloned().collect()
    }

    /// Requests of this method so far; listings do not count.
    pub fn count(&self, method: &str) -> usize {
        self.server.log().iter().filter(|r| r.method == method && !r.path.contains("list-type")).count()
    }

    pub fn listings(&self) -> usize {
        self.server.log().iter().filter(|request| request.path.contains("list-type")).count()
    }
}

fn value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded)
}

fn reply(stream: &mut Vec<u8>, status: u16, headers: &[(&str, &str)], body: &[u8]) {
    stream.extend_from_slice(format!("HTTP/1.1 {status} Word\r\n").as_bytes());
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        stream.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    for (name, value) in headers {
        stream.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    stream.extend_from_slice(b"\r\n");
    stream.extend_from_slice(body);
}

fn serve(shelves: &Mutex<Shelves>, request: &Request, stream: &mut Vec<u8>) {
    let mut shelves = shelves.lock().unwrap();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if path == "/b" && query.contains("list-type") {
        return reply(stream, 200, &[], listing(&shelves.objects, query).as_bytes());
    }
    let Some(key) = path.strip_prefix("/b/").map(decoded) else {
        return reply(stream, 404, &[], b"<Code>NoSuchBucket</Code>");
    };
    let upload = value(query, "uploadId");
    match (request.method.as_str(), upload) {
        ("GET" | "HEAD", _) => {
            let Some(object) = shelves.objects.get(&key) else { return reply(stream, 404, &[], b"") };
            let length = object.body.len().to_string();
            let mut headers = vec![("ETag", object.etag.as_str()), ("Content-Length", &length)];
            headers.push(("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"));
            for name in ["x-amz-meta-thumbs", "x-goog-meta-thumbs"] {
                headers.extend(object.mark.as_deref().map(|mark| (name, mark)));
            }
            headers.push(("x-goog-generation", object.etag.trim_matches(['"', 'e'])));
            let range = request.header("range").and_then(|text| text.strip_prefix("bytes=")?.split_once('-'));
            if let (Some((from, to)), "GET") = (range, request.method.as_str()) {
                let to: usize = to.parse().unwrap();
                let body = &object.body[from.parse().unwrap()..(to + 1).min(object.body.len())];
                headers.retain(|(name, _)| *name != "Content-Length");
                return reply(stream, 206, &headers, body);
            }
            let body = if request.method == "GET" { &object.body[..] } else { b"" };
            reply(stream, 200, &headers, body);
        }
        ("PUT", Some(upload)) => {
            let number = value(query, "partNumber").and_then(|text| text.parse().ok()).unwrap_or(0);
            let Some(parts) = shelves.uploads.get_mut(&upload) else { return reply(stream, 404, &[], b"") };
            parts.insert(number, request.body.clone());
            reply(stream, 200, &[("ETag", &format!("\"part{number}\""))], b"");
        }
        ("PUT", None) => {
            let standing = shelves.objects.get(&key);
            let generation = request.header("x-goog-if-generation-match");
            let stands = standing.map_or("0", |object| object.etag.trim_matches(['"', 'e']));
            let refused = generation.is_some_and(|generation| generation != stands)
                || match (request.header("if-none-match"), request.header("if-match")) {
                    (Some(_), _) => standing.is_some(),
                    (_, Some(etag)) => standing.is_none_or(|object| object.etag != etag),
                    _ => false,
                };
            if refused {
                return reply(stream, 412, &[], b"<Code>PreconditionFailed</Code>");
            }
            let etag = shelves.place(&key, &request.body, Some(request));
            reply(stream, 200, &[("ETag", &etag)], b"");
        }
        ("POST", None) => {
            shelves.made += 1;
            let upload = format!("up/{}", shelves.made);
            shelves.uploads.insert(upload.clone(), BTreeMap::new());
            shelves.begun.insert(upload.clone(), request.clone());
            let body = format!(
                "<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            );
            reply(stream, 200, &[], body.as_bytes());
        }
        ("POST", Some(upload)) => {
            let Some(parts) = shelves.uploads.remove(&upload) else { return reply(stream, 404, &[], b"") };
            let body: Vec<u8> = parts.into_values().flatten().collect();
            let begun = shelves.begun.remove(&upload);
            let etag = shelves.place(&key, &body, begun.as_ref());
            let quoted = etag.replace('"', "&quot;");
            let body = format!("<CompleteMultipartUploadResult><ETag>{quoted}</ETag></CompleteMultipartUploadResult>");
            reply(stream, 200, &[], body.as_bytes());
        }
        ("DELETE", Some(upload)) => {
            shelves.uploads.remove(&upload);
            reply(stream, 204, &[], b"");
        }
        ("DELETE", None) => {
            shelves.objects.remove(&key);
            reply(stream, 204, &[], b"");
        }
        _ => reply(stream, 405, &[], b""),
    }
}

fn listing(objects: &BTreeMap<String, Object>, query: &str) -> String {
    let prefix = value(query, "prefix").unwrap_or_default();
    let from = value(query, "continuation-token").unwrap_or_default();
    let mut rest = objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key >= from);
    let mut text = "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>".to_owned();
    for (key, object) in rest.by_ref().take(1000) {
        text += &format!(
            "<Contents><Key>{}</Key><LastModified>1994-11-06T08:49:37.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            encoded(key),
            object.etag.replace('"', "&quot;"),
            object.body.len()
        );
    }
    match rest.next() {
        Some((key, _)) => {
            text += &format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{key}</NextContinuationToken>");
        }
        None => text += "<IsTruncated>false</IsTruncated>",
    }
    text + "</ListBucketResult>"
}
