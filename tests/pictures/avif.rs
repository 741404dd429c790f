//! Reads AVIF files in tests, independently of the encoder: boxes by hand, AV1 by a port of dav1d.

use std::collections::HashMap;

use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};

/// What a file holds.
pub struct Avif {
    pub width: u32,
    pub height: u32,
    /// Bits per sample, as the container and the stream both say.
    pub depth: u8,
    /// Columns and rows per chroma sample. None is luma only.
    pub share: Option<(u32, u32)>,
    /// Red, green and blue of 8 bits.
    pub rgb: Vec<u8>,
    pub alpha: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
    /// A TIFF structure.
    pub exif: Option<Vec<u8>>,
    pub xmp: Option<Vec<u8>>,
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b))
}

/// Names and contents of the boxes in `bytes`, in order. They must fill it exactly.
fn boxes(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = number(&bytes[..4]);
        found.push((&bytes[4..8], &bytes[8..length]));
        bytes = &bytes[length..];
    }
    found
}

fn find<'a>(bytes: &'a [u8], name: &[u8]) -> &'a [u8] {
    let found = boxes(bytes).into_iter().find(|b| b.0 == name);
    found.unwrap_or_else(|| panic!("no box {}", String::from_utf8_lossy(name))).1
}

pub fn read(file: &[u8]) -> Avif {
    assert_eq!(find(file, b"ftyp")[..4], *b"avif");
    let meta = &find(file, b"meta")[4..];
    assert_eq!(find(meta, b"hdlr")[8..12], *b"pict");
    let locations = &find(meta, b"iloc")[8..];
    let data: HashMap<usize, &[u8]> = locations
        .chunks_exact(14)
        .map(|l| (number(&l[..2]), &file[number(&l[6..10])..][..number(&l[10..14])]))
        .collect();
    let items: HashMap<usize, &[u8]> =
        boxes(&find(meta, b"iinf")[6..]).iter().map(|(_, infe)| (number(&infe[4..6]), &infe[8..12])).collect();
    assert_eq!(items.len(), data.len());
    let primary = number(&find(meta, b"pitm")[4..6]);
    let properties = find(meta, b"iprp");
    let list = boxes(find(properties, b"ipco"));
    let mut of_item: HashMap<usize, Vec<(&[u8], &[u8])>> = HashMap::new();
    let mut entries = &find(properties, b"ipma")[8..];
    while !entries.is_empty() {
        let count = usize::from(entries[2]);
        let indices = &entries[3..3 + count];
        of_item.insert(number(&entries[..2]), indices.iter().map(|i| list[usize::from(i & 0x7f) - 1]).collect());
        entries = &entries[3 + count..];
    }
    let property =
        |item: usize, name: &[u8]| of_item[&item].iter().filter(|p| p.0 == name).map(|p| p.1).collect::<Vec<_>>();
    let size = property(primary, b"ispe")[0];
    let (width, height) = (number(&size[4..8]) as u32, number(&size[8..12]) as u32);

    let stream = |item: usize| {
        let picture = Decoded::of(data[&item]);
        assert_eq!((picture.width, picture.height), (width, height));
        let configuration = property(item, b"av1C")[0];
        let flags = configuration[2];
        assert_eq!(if flags & 0x40 != 0 { 10 } else { 8 }, picture.depth);
        assert_eq!(flags & 0x10 != 0, picture.share.is_none());
        assert_eq!(usize::from(configuration[1] >> 5), picture.profile());
        if let Some((x, y)) = picture.share {
            assert_eq!((flags & 8 != 0, flags & 4 != 0), (x == 2, y == 2));
        }
        let depths = property(item, b"pixi")[0];
        assert_eq!(usize::from(depths[4]), picture.planes.len());
        assert_eq!(depths[5..], vec![picture.depth; picture.planes.len()]);
        picture
    };
    let color = stream(primary);
    let alpha_item = items.iter().find(|(item, kind)| **kind == b"av01" && **item != primary).map(|(item, _)| *item);
    let of_kind = |wanted: &[u8]| items.iter().find(|(_, kind)| **kind == wanted).map(|(item, _)| data[item].to_vec());
    let profiles = property(primary, b"colr");
    Avif {
        width,
        height,
        depth: color.depth,
        share: color.share,
        rgb: color.rgb(),
        alpha: alpha_item.map(|item| {
            assert!(property(item, b"auxC")[0].ends_with(b":alpha\0"));
            let alpha = stream(item);
            alpha.planes[0].iter().map(|&v| (f32::from(v) * 255.0 / alpha.largest()).round() as u8).collect()
        }),
        icc: profiles.iter().find(|p| p.starts_with(b"prof")).map(|p| p[4..].to_vec()),
        exif: of_kind(b"Exif").map(|exif| exif[4 + number(&exif[..4])..].to_vec()),
        xmp: of_kind(b"mime"),
    }
}

/// A decoded stream.
struct Decoded {
    width: u32,
    height: u32,
    depth: u8,
    share: Option<(u32, u32)>,
    planes: Vec<Vec<u16>>,
}

impl Decoded {
    fn of(stream: &[u8]) -> Self {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        let mut decoder = Decoder::with_settings(&settings).expect("a decoder");
        decoder.send_data(stream.to_vec(), None, None, None).expect("a stream");
        let picture = decoder.get_picture().expect("a picture");
        let share = match picture.pixel_layout() {
            PixelLayout::I400 => None,
            PixelLayout::I420 => Some((2, 2)),
            PixelLayout::I422 => Some((2, 1)),
            PixelLayout::I444 => Some((1, 1)),
        };
        let depth = picture.bits_per_component().expect("a depth").0 as u8;
        let (width, height) = (picture.width(), picture.height());
        let plane = |component: PlanarImageComponent, width: u32, height: u32| -> Vec<u16> {
            let bytes = picture.plane(component);
            let rows = bytes.chunks(picture.stride(component) as usize).take(height as usize);
            let row = |row: &[u8]| -> Vec<u16> {
                match depth {
                    8 => row[..width as usize].iter().map(|&v| v.into()).collect(),
                    _ => row.chunks_exact(2).take(width as usize).map(|v| u16::from_ne_bytes([v[0], v[1]])).collect(),
                }
            };
            rows.flat_map(row).collect()
        };
        let mut planes = vec![plane(PlanarImageComponent::Y, width, height)];
        if let Some((x, y)) = share {
            for component in [PlanarImageComponent::U, PlanarImageComponent::V] {
                planes.push(plane(component, width.div_ceil(x), height.div_ceil(y)));
            }
        }
        Self { width, height, depth, share, planes }
    }

    fn largest(&self) -> f32 {
        if self.depth == 10 { 1023.0 } else { 255.0 }
    }

    /// The profile of AV1 that this layout needs.
    fn profile(&self) -> usize {
        match self.share {
            None | Some((2, 2)) => 0,
            Some((1, 1)) => 1,
            _ => 2,
        }
    }

    /// By the matrix of BT.601, full range, each chroma sample for all pixels that share it.
    fn rgb(&self) -> Vec<u8> {
        let scale = 255.0 / self.largest();
        let middle = ((self.largest() + 1.0) / 2.0).floor();
        let mut out = Vec::new();
        for y in 0..self.height {
            for x in 0..self.width {
                let luma = f32::from(self.planes[0][(y * self.width + x) as usize]) * scale;
                let [cb, cr] = match self.share {
                    None => [0.0; 2],
                    Some((across, down)) => {
                        let at = (y / down * self.width.div_ceil(across) + x / across) as usize;
                        [1, 2].map(|c| (f32::from(self.planes[c][at]) - middle) * scale)
                    }
                };
                let rgb = [luma + 1.402 * cr, luma - 0.344_14 * cb - 0.714_14 * cr, luma + 1.772 * cb];
                out.extend(rgb.map(|v| v.round().clamp(0.0, 255.0) as u8));
            }
        }
        out
    }
}
