#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs::codec::{ColorSpace, Header, Metadata, exif};
use thumbs::format::Format;
use thumbs::metadata::{Changes, outgoing};
use thumbs::orientation::Orientation;
use thumbs::recipe::MetadataPolicy;
use thumbs::size::Size;

fuzz_target!(|bytes: &[u8]| {
    let _ = exif::read(bytes);
    let size = Size::new(9, 7);
    let stored = || Some(bytes.to_vec());
    let header = Header {
        format: Format::Jpeg,
        size,
        orientation: Orientation::Upright,
        has_alpha: false,
        animated: false,
        color: ColorSpace::Srgb,
        metadata: Metadata { exif: stored(), xmp: stored(), iptc: stored() },
        notes: Vec::new(),
    };
    let changes = Changes { size, is_upright: true, is_srgb: true };
    for policy in [MetadataPolicy::Copyright, MetadataPolicy::Keep] {
        let out = outgoing(&header, policy, &changes);
        if let Some(exif) = out.exif {
            assert_eq!(exif::read(&exif).orientation, Orientation::Upright);
        }
    }
});
