//! EXIF, XMP and IPTC of any kind: what goes into an output is upright, and stays as it is when it goes through again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_render::codec::{Metadata, exif};
use thumbs_render::metadata::{Changes, outgoing};
use thumbs_render::orientation::Orientation;
use thumbs_render::recipe::MetadataPolicy;
use thumbs_render::size::Size;

fuzz_target!(|bytes: &[u8]| {
    let _ = exif::read(bytes);
    let stored = || Some(bytes.to_vec());
    let metadata = Metadata { exif: stored(), xmp: stored(), iptc: stored() };
    let changes = Changes { size: Size::new(9, 7), from: None, is_upright: true, is_srgb: true };
    for policy in [MetadataPolicy::None, MetadataPolicy::Copyright, MetadataPolicy::Keep] {
        let out = outgoing(&metadata, policy, &changes);
        if let Some(exif) = &out.exif {
            assert!(matches!(exif::read(exif).orientation, None | Some(Orientation::Upright)));
        }
        let again = outgoing(&out, policy, &changes);
        assert_eq!(again.exif, out.exif, "{policy:?}");
        assert_eq!(again.iptc, out.iptc, "{policy:?}");
    }
});
