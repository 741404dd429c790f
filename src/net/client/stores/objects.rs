//! Single objects: whether they stand, and how they are written and deleted.

use std::sync::atomic::Ordering;

use ureq::http::Method;
use xxhash_rust::xxh3::xxh3_64;

use super::bucket::{Ask, Bucket};
use super::service::Service;
use super::{Stop, Stores, explained};
use crate::net::client::send::Reply;
use crate::net::object::{Condition, Object, Put, mark_of};
use crate::net::{Problem, Url};

impl Stores {
    /// The object at `url`, if there is one.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn head(&self, url: &Url, stop: &Stop<'_>) -> Result<Option<Object>, Problem> {
        let bucket = self.bucket(url)?;
        self.attempts(stop, &mut |_| self.look(&bucket, url))
    }

    fn look(&self, bucket: &Bucket, url: &Url) -> Result<Option<Object>, Problem> {
        let ask = Ask { method: Method::HEAD, ..Ask::get(url.path(), &[]) };
        let reply = self.send(bucket, &ask)?;
        match reply.status {
            200 => Ok(Some(object(&reply, bucket.service.mark()))),
            404 => Ok(None),
            _ => Err(explained(reply.problem(), bucket, url)),
        }
    }

    /// Whether the object has this mark.
    pub(super) fn has_mark(&self, bucket: &Bucket, url: &Url, mark: &str) -> Result<bool, Problem> {
        Ok(self.look(bucket, url)?.is_some_and(|object| object.mark.as_deref() == Some(mark)))
    }

    /// Writes an object in one request, so that it stands whole or not at all.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn put(
        &self,
        url: &Url,
        content: &[u8],
        kind: &str,
        condition: Condition<'_>,
        stop: &Stop<'_>,
    ) -> Result<Put, Problem> {
        let bucket = self.bucket(url)?;
        let mark = mark_of(content.len() as u64, xxh3_64(content));
        let mut headers = vec![("content-type", kind.to_owned()), (bucket.service.mark(), mark.clone())];
        if let Service::Azure { .. } = bucket.service {
            headers.push(("x-ms-blob-type", "BlockBlob".to_owned()));
        }
        self.attempts(stop, &mut |attempt| {
            let reply = self.write(&bucket, url, &mut headers.clone(), content, condition)?;
            match reply.status {
                200 | 201 => Ok(Put::Stored(reply.header("etag").map(str::to_owned))),
                // An attempt that was not answered may have written it.
                409 | 412 if attempt > 1 => match self.look(&bucket, url)? {
                    Some(object) if object.mark.as_ref() == Some(&mark) => Ok(Put::Stored(object.etag)),
                    _ => Ok(Put::Refused),
                },
                412 => Ok(Put::Refused),
                // Azure says so for an object that stands, and S3 for two writes at a time.
                409 if matches!(bucket.service, Service::Azure { .. }) => Ok(Put::Refused),
                409 => Err(Problem::passing(reply.problem().words).at(409)),
                404 => Err(explained(reply.problem(), &bucket, &url.top())),
                _ => Err(explained(reply.problem(), &bucket, url)),
            }
        })
    }

    /// Writes with the condition, if the server knows it.
    fn write(
        &self,
        bucket: &Bucket,
        url: &Url,
        headers: &mut Vec<(&'static str, String)>,
        content: &[u8],
        condition: Condition<'_>,
    ) -> Result<Reply, Problem> {
        let plain = headers.len();
        if !bucket.unconditional.load(Ordering::Relaxed) {
            headers.extend(conditional(&bucket.service, condition));
        }
        let conditional = headers.len() > plain;
        let ask = |headers: &[(&'static str, String)]| {
            self.send(bucket, &Ask { method: Method::PUT, path: url.path(), query: &[], headers, body: content })
        };
        let reply = ask(headers)?;
        if conditional && reply.status == 501 {
            bucket.unconditional.store(true, Ordering::Relaxed);
            headers.truncate(plain);
            return ask(headers);
        }
        Ok(reply)
    }

    /// Deletes an object. What is gone already counts as deleted.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn delete(&self, url: &Url, stop: &Stop<'_>) -> Result<(), Problem> {
        let bucket = self.bucket(url)?;
        self.attempts(stop, &mut |_| {
            let reply = self.send(&bucket, &Ask { method: Method::DELETE, ..Ask::get(url.path(), &[]) })?;
            match reply.status {
                200 | 202 | 204 | 404 => Ok(()),
                _ => Err(explained(reply.problem(), &bucket, url)),
            }
        })
    }
}

/// The object that a HEAD request tells of. `mark` names the header of our mark.
fn object(reply: &Reply, mark: &str) -> Object {
    let text = |name: &str| reply.header(name).map(str::to_owned);
    Object {
        size: reply.header("content-length").and_then(|text| text.parse().ok()).unwrap_or_default(),
        etag: text("etag"),
        generation: text("x-goog-generation"),
        mark: text(mark),
    }
}

/// The header of a condition.
pub fn conditional(service: &Service, condition: Condition<'_>) -> Option<(&'static str, String)> {
    match (condition, service) {
        (Condition::Any, _) => None,
        (Condition::New, Service::Google { .. }) => Some(("x-goog-if-generation-match", "0".to_owned())),
        (Condition::New, _) => Some(("if-none-match", "*".to_owned())),
        (Condition::Same(object), Service::Google { .. }) => {
            object.generation.clone().map(|generation| ("x-goog-if-generation-match", generation))
        }
        (Condition::Same(object), _) => object.etag.clone().map(|etag| ("if-match", etag)),
    }
}
