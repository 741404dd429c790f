//! JPEG to JPEG without loss: the same coefficients in fewer bytes, with other metadata.

use super::error;
use super::out::segments;
use crate::codec::{Attached, EncodeError, Unmade};
use crate::format::Format;
use crate::orientation::Orientation;
use crate::recipe::EncodeSettings;
use thumbs_jpeg::transcode::{Options, Progressive, TranscodeError, Turn, transcode};

/// A file with the coefficients of another one.
pub struct Exact {
    /// The file.
    pub bytes: Vec<u8>,
    /// Whether the picture was turned as asked. If not, it stands as it was stored.
    pub turned: bool,
    /// Bytes after the end of the source's picture, which are lost: further pictures, a video.
    pub trailing: usize,
}

/// Rewrites `source` with the metadata of `attached`, turned from `orientation` if its sides are whole blocks.
pub fn exact(
    source: &[u8],
    orientation: Orientation,
    settings: &EncodeSettings,
    attached: &Attached<'_>,
    max_memory: u64,
    interrupt: Option<&(dyn Fn() -> bool + Sync)>,
) -> Result<Exact, Unmade> {
    let header = thumbs_jpeg::read_header(source).map_err(|e| Unmade::Decode(error(e)))?;
    let segments = segments(attached);
    let stop = interrupt.map(|stop| move || stop());
    let options = Options {
        progressive: if settings.progressive { Progressive::Yes } else { Progressive::Auto },
        segments: &segments,
        icc: attached.icc,
        turn: Turn::of_exif(orientation as u8).unwrap_or_default(),
        interrupt: stop.as_ref().map(|stop| stop as &dyn Fn() -> bool),
        max_memory: Some(max_memory),
        ..Options::default()
    };
    match transcode(source, &header, &options) {
        Ok(done) => Ok(Exact { bytes: done.bytes, turned: done.turned, trailing: done.trailing }),
        Err(TranscodeError::Read(e)) => Err(Unmade::Decode(error(e))),
        Err(TranscodeError::Write(e)) => {
            Err(Unmade::Encode(EncodeError::Failed { format: Format::Jpeg, what: e.to_string() }))
        }
    }
}
