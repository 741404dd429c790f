//! Large objects, uploaded in parts: the object appears when all of them are there, or not at all.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;
use serde::Deserialize;
use ureq::http::Method;
use xxhash_rust::xxh3::Xxh3Default;

use super::bucket::{Ask, Bucket};
use super::objects::conditional;
use super::service::Service;
use super::{LOOK, Stop, Stores, explained};
use crate::net::object::mark_of;
use crate::net::{Condition, Problem, Put, Url};
use crate::words;

/// The least size of a part. S3 takes at least 5 MiB.
const PART: u64 = 8 << 20;
/// The most parts that S3 takes.
const PARTS: u64 = 10_000;
/// Parts at a time.
const THREADS: usize = 4;

/// The answer that begins an upload.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Initiated {
    upload_id: String,
}

/// An upload that is given up unless it is finished.
struct Upload<'a> {
    stores: &'a Stores,
    bucket: &'a Bucket,
    url: &'a Url,
    kind: &'a str,
    mark: String,
    /// None where a service has no name for it, and forgets it by itself.
    id: Option<String>,
    finished: bool,
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.as_deref().filter(|_| !self.finished) else { return };
        let query = [("uploadId", id)];
        let _ = self.stores.attempts(&|| false, &mut |_| {
            let ask = Ask { method: Method::DELETE, ..Ask::get(self.url.path(), &query) };
            match self.stores.send(self.bucket, &ask)? {
                reply if matches!(reply.status, 200 | 204 | 404) => Ok(()),
                reply => Err(reply.problem()),
            }
        });
    }
}

impl Upload<'_> {
    fn begin(&mut self, stop: &Stop<'_>) -> Result<(), Problem> {
        let (bucket, url) = (self.bucket, self.url);
        let headers = [("content-type", self.kind.to_owned()), (bucket.service.mark(), self.mark.clone())];
        let query = [("uploads", "")];
        let ask = || Ask { method: Method::POST, headers: &headers, ..Ask::get(url.path(), &query) };
        let reply = self.stores.attempts(stop, &mut |_| match self.stores.send(bucket, &ask())? {
            reply if reply.status == 200 => Ok(reply),
            reply if reply.status == 404 => Err(explained(reply.problem(), bucket, &url.top())),
            reply => Err(explained(reply.problem(), bucket, url)),
        })?;
        let text = String::from_utf8_lossy(&reply.body);
        let initiated: Result<Initiated, _> = quick_xml::de::from_str(&text);
        self.id = Some(initiated.map_err(|_| Problem::standing("the answer begins no upload"))?.upload_id);
        Ok(())
    }

    /// Uploads all parts, several at a time, and returns what names them.
    fn parts(&self, file: &File, length: u64, size: u64, stop: &Stop<'_>) -> Result<Vec<String>, Problem> {
        let count = length.div_ceil(size);
        let tags = Mutex::new(vec![String::new(); count as usize]);
        let (next, ends, problem) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
        let ended = || ends.load(Ordering::Relaxed);
        let work = || {
            while !ended() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return;
                }
                let body = read(file, at * size, size.min(length - at * size));
                match body.and_then(|body| self.part(at + 1, &body, &ended)) {
                    Ok(tag) => tags.lock().unwrap_or_else(PoisonError::into_inner)[at as usize] = tag,
                    Err(why) => {
                        problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
                        ends.store(true, Ordering::Relaxed);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            let start = |_| std::thread::Builder::new().name("thumbs-part".to_owned()).spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (0..THREADS.min(count as usize)).filter_map(start).collect();
            if threads.is_empty() {
                work();
            }
            // `stop` is for this thread alone.
            while threads.iter().any(|thread| !thread.is_finished()) {
                if stop() {
                    problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(interrupted);
                    ends.store(true, Ordering::Relaxed);
                }
                std::thread::sleep(LOOK);
            }
        });
        match problem.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(problem) => Err(problem),
            None => Ok(tags.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn part(&self, number: u64, body: &[u8], stop: &Stop<'_>) -> Result<String, Problem> {
        // All names of blocks have one length.
        let (text, block) = (number.to_string(), STANDARD.encode(format!("{number:08}")));
        let query = match &self.id {
            Some(id) => [("partNumber", text.as_str()), ("uploadId", id)],
            None => [("comp", "block"), ("blockid", block.as_str())],
        };
        self.stores.attempts(stop, &mut |_| {
            let ask = Ask { method: Method::PUT, body, ..Ask::get(self.url.path(), &query) };
            let reply = self.stores.send(self.bucket, &ask)?;
            match (reply.status, &self.id) {
                (200 | 201, None) => Ok(block.clone()),
                (200 | 201, Some(_)) => {
                    reply.header("etag").map(str::to_owned).ok_or_else(|| Problem::standing("a part has no ETag"))
                }
                _ => Err(explained(reply.problem(), self.bucket, self.url)),
            }
        })
    }

    fn complete(&self, tags: &[String], condition: Condition<'_>, stop: &Stop<'_>) -> Result<Put, Problem> {
        let service = &self.bucket.service;
        let (method, query, mut headers, body) = match &self.id {
            Some(id) => {
                let part = |(at, tag): (usize, &String)| {
                    format!("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", at + 1, escape(tag))
                };
                let list: String = tags.iter().enumerate().map(part).collect();
                let headers = vec![("content-type", "application/xml".to_owned())];
                let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
                (Method::POST, [("uploadId", id.as_str())], headers, body)
            }
            None => {
                let list: String = tags.iter().map(|tag| format!("<Latest>{tag}</Latest>")).collect();
                let headers =
                    vec![("x-ms-blob-content-type", self.kind.to_owned()), (service.mark(), self.mark.clone())];
                (Method::PUT, [("comp", "blocklist")], headers, format!("<BlockList>{list}</BlockList>"))
            }
        };
        // Google's uploads in parts know no conditions.
        let knows = !matches!(service, Service::Google { .. }) && !self.bucket.unconditional.load(Ordering::Relaxed);
        headers.extend(conditional(service, condition).filter(|_| knows));
        let body = body.as_bytes();
        self.stores.attempts(stop, &mut |attempt| {
            let ask = Ask { method: method.clone(), path: self.url.path(), query: &query, headers: &headers, body };
            let reply = self.stores.send(self.bucket, &ask)?;
            // S3 may find an error after it has said 200.
            let is_done =
                self.id.is_none() || String::from_utf8_lossy(&reply.body).contains("CompleteMultipartUploadResult");
            match reply.status {
                200 | 201 if is_done => Ok(Put::Stored(None)),
                200 => Err(Problem::passing("the store could not put the parts together")),
                // An attempt that was not answered may have done it.
                404 | 409 | 412 if attempt > 1 && self.is_done()? => Ok(Put::Stored(None)),
                409 if self.id.is_none() => Ok(Put::Refused),
                412 => Ok(Put::Refused),
                _ => Err(explained(reply.problem(), self.bucket, self.url)),
            }
        })
    }

    fn is_done(&self) -> Result<bool, Problem> {
        self.stores.has_mark(self.bucket, self.url, &self.mark)
    }
}

impl Stores {
    /// Writes an object with the content of a file, which stands whole or not at all.
    ///
    /// # Errors
    /// [`Problem`]. `stop` ends it, too.
    pub fn upload(
        &self,
        url: &Url,
        file: &File,
        kind: &str,
        condition: Condition<'_>,
        stop: &Stop<'_>,
    ) -> Result<Put, Problem> {
        let length = file.metadata().map_err(|error| unread(&error))?.len();
        if length <= PART {
            return self.put(url, &read(file, 0, length)?, kind, condition, stop);
        }
        let size = PART.max(length.div_ceil(PARTS).next_multiple_of(1 << 20));
        let bucket = &*self.bucket(url)?;
        let mark = mark_of(length, digest(file, length)?);
        let mut upload = Upload { stores: self, bucket, url, kind, mark, id: None, finished: false };
        if !matches!(bucket.service, Service::Azure { .. }) {
            upload.begin(stop)?;
        }
        let tags = upload.parts(file, length, size, stop)?;
        if stop() {
            return Err(interrupted());
        }
        let put = upload.complete(&tags, condition, stop)?;
        upload.finished = matches!(put, Put::Stored(_));
        Ok(put)
    }

    /// Reads an object into a file, a piece at a time.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn download(&self, url: &Url, length: u64, file: &File, stop: &Stop<'_>) -> Result<(), Problem> {
        let bucket = self.bucket(url)?;
        for from in (0..length).step_by(PART as usize) {
            let to = (from + PART).min(length);
            let headers = [("range", format!("bytes={from}-{}", to - 1))];
            let reply = self.attempts(stop, &mut |_| {
                let reply = self.send(&bucket, &Ask { headers: &headers, ..Ask::get(url.path(), &[]) })?;
                match reply.status {
                    206 if reply.body.len() as u64 == to - from => Ok(reply),
                    200 if (from, reply.body.len() as u64) == (0, length) => Ok(reply),
                    200 | 206 => Err(Problem::standing("its length is not that of the listing")),
                    _ => Err(explained(reply.problem(), &bucket, url)),
                }
            })?;
            file.write_all_at(&reply.body, from).map_err(|error| unread(&error))?;
            if reply.status == 200 {
                break;
            }
        }
        Ok(())
    }
}

fn interrupted() -> Problem {
    Problem::standing("the upload was interrupted")
}

fn unread(error: &io::Error) -> Problem {
    Problem::standing(format!("its temporary file: {}", words::system_words(error)))
}

fn read(file: &File, from: u64, length: u64) -> Result<Vec<u8>, Problem> {
    let mut body = vec![0; length as usize];
    file.read_exact_at(&mut body, from).map_err(|error| unread(&error))?;
    Ok(body)
}

fn digest(file: &File, length: u64) -> Result<u64, Problem> {
    let mut digest = Xxh3Default::new();
    for from in (0..length).step_by(PART as usize) {
        digest.update(&read(file, from, PART.min(length - from))?);
    }
    Ok(digest.digest())
}
