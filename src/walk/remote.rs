//! Names that are addresses.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Flow, Item, WalkError, Walker};
use crate::net::{Url, Validators, masked_text};

impl Walker {
    /// The picture at an address, or those below a prefix. Files of such names, which are rare, come first.
    pub(super) fn remote(&self, name: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        match Url::parse(name.as_os_str().as_bytes()) {
            Ok(url) if url.is_prefix() => self.stored(name, &url, give),
            Ok(url) => give(self.picture(url, Path::new(""), Validators::default(), None)),
            Err(error) => give(Item::Failed { path: masked_text(name), error: error.into() }),
        }
    }

    /// The picture at an address, mirrored at `below` unless `--relative-to` says otherwise.
    pub(super) fn picture(&self, url: Url, below: &Path, listed: Validators, size: Option<u64>) -> Item {
        let mirrored = match &self.relative_to {
            None => Some(below.to_path_buf()),
            Some(top) => url.below(top),
        };
        match (mirrored, &self.relative_to) {
            (Some(below), _) => Item::Remote { url, below, listed, size },
            (None, top) => {
                let error = WalkError::NotBelow(top.clone().unwrap_or_default());
                Item::Failed { path: PathBuf::from(url.masked()), error }
            }
        }
    }
}
