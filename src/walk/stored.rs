//! Walks a prefix of an object store as if it were a directory.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Flow, Item, WalkError, Walker, has_picture_extension};
use crate::net::{self, Listed, Stores, Url};

impl Walker {
    /// Gives the pictures below a prefix, in the order of keys. Only names decide: to look into each key would cost as
    /// much as to download it.
    pub(super) fn stored(&self, name: &Path, prefix: &Url, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let top = prefix.object_key();
        let stores = Stores::new(&self.downloads);
        let listed = stores.list(prefix, &|| false, &mut |listed| self.object(prefix, &top, listed, give));
        match listed {
            Ok(flow) => flow,
            Err(problem) => give(Item::Failed { path: name.to_path_buf(), error: WalkError::Listing(problem.words) }),
        }
    }

    fn object(&self, prefix: &Url, top: &str, listed: Listed, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let Some(rest) = listed.key.strip_prefix(top.as_bytes()) else { return ControlFlow::Continue(()) };
        // A run does not read what it writes, unless the INPUT is below that.
        let is_output = |outputs: &Url| {
            let own = outputs.object_key();
            outputs.top() == prefix.top() && own.len() > top.len() && listed.key.starts_with(own.as_bytes())
        };
        if self.outputs.as_ref().is_some_and(is_output) {
            return ControlFlow::Continue(());
        }
        // Keys that end in a slash stand for directories.
        if rest.is_empty() || rest.ends_with(b"/") {
            return ControlFlow::Continue(());
        }
        let names: Vec<&[u8]> = rest.split(|b| *b == b'/').filter(|name| !name.is_empty()).collect();
        let below: PathBuf = names.iter().map(|name| OsStr::from_bytes(name)).collect();
        if !has_picture_extension(&below) {
            return ControlFlow::Continue(());
        }
        if names.last().is_some_and(|name| name.starts_with(crate::sink::TEMPORARY.as_bytes())) {
            return ControlFlow::Continue(());
        }
        let texts: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
        let dirs: Vec<&str> = texts[..texts.len() - 1].iter().map(AsRef::as_ref).collect();
        // A way up is no hidden name.
        let is_dots = names.iter().any(|name| *name == b"." || *name == b"..");
        if let Some(rule) = self.selection.leaves_out_member(&below).filter(|_| !is_dots) {
            return give(Item::LeftOut(rule));
        }
        match prefix.at_key(&listed.key) {
            Ok(url) => give(self.picture(url, &net::safe_dir(&dirs), listed.validators, listed.size)),
            Err(error) => {
                let key = format!("{}://{}/{}", prefix.scheme(), prefix.host(), String::from_utf8_lossy(&listed.key));
                give(Item::Failed { path: PathBuf::from(key), error: error.into() })
            }
        }
    }
}
