//! TIFF files that say one thing and hold another: nothing visible may be missing or invented; everything else is a note.

use crate::made::{made, made_with, whole_but};
use crate::testenv::World;

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A page: its tags, and its strips.
#[derive(Clone)]
struct Page {
    tags: Vec<(u16, u16, Vec<u32>)>,
    strips: Vec<Vec<u8>>,
}

impl Page {
    fn new(width: u32, height: u32, samples: u32, photometric: u32) -> Self {
        let tags = vec![
            (256, LONG, vec![width]),
            (257, LONG, vec![height]),
            (258, SHORT, vec![8; samples as usize]),
            (259, SHORT, vec![1]),
            (262, SHORT, vec![photometric]),
            (277, SHORT, vec![samples]),
        ];
        Self { tags, strips: Vec::new() }
    }

    /// The scene, uncompressed.
    fn scene(width: u32, height: u32) -> Self {
        Self::new(width, height, 3, 2).strip(oddities::scene::rgb(width, height))
    }

    /// With a tag, in the place of one of this number.
    fn tag(mut self, tag: u16, kind: u16, values: &[u32]) -> Self {
        self.tags.retain(|(t, ..)| *t != tag);
        self.tags.push((tag, kind, values.to_vec()));
        self
    }

    fn strip(mut self, bytes: Vec<u8>) -> Self {
        self.strips.push(bytes);
        self
    }
}

/// Pages one after the other: strips, values, directory.
fn tiff(pages: &[Page]) -> Vec<u8> {
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut pointer = 4;
    for page in pages {
        let mut tags = page.tags.clone();
        let mut place = |tag, values: Vec<u32>| {
            if !tags.iter().any(|(t, ..)| *t == tag) {
                tags.push((tag, LONG, values));
            }
        };
        let mut offsets = Vec::new();
        for strip in &page.strips {
            offsets.push(out.len() as u32);
            out.extend(strip);
        }
        place(273, offsets);
        place(279, page.strips.iter().map(|strip| strip.len() as u32).collect());
        tags.sort();
        out.resize(out.len().next_multiple_of(2), 0);
        let mut entries = (tags.len() as u16).to_le_bytes().to_vec();
        for (tag, kind, values) in &tags {
            let size = if *kind == SHORT { 2 } else { 4 };
            let mut value: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()[..size].to_vec()).collect();
            if value.len() > 4 {
                let at = out.len() as u32;
                out.extend(&value);
                out.resize(out.len().next_multiple_of(2), 0);
                value = at.to_le_bytes().to_vec();
            }
            value.resize(4, 0);
            entries.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            entries.extend((values.len() as u32).to_le_bytes());
            entries.extend(value);
        }
        let directory = (out.len() as u32).to_le_bytes();
        out[pointer..pointer + 4].copy_from_slice(&directory);
        out.extend(entries);
        pointer = out.len();
        out.extend([0; 4]);
    }
    out
}

fn scene() -> Vec<u8> {
    oddities::scene::rgb(96, 64)
}

#[test]
fn strips_do_not_lie_in_the_directory() {
    assert_eq!(made("a.tif", &tiff(&[Page::scene(96, 64)])).pixels, scene());
    let whole = tiff(&[Page::scene(96, 64)]);
    let directory = u32::from_le_bytes([whole[4], whole[5], whole[6], whole[7]]);
    for offset in [1, 4, 7, directory - 8, directory, directory + 20] {
        // There is enough to read behind each of them.
        let mut wrong = tiff(&[Page::scene(96, 64).tag(273, LONG, &[offset])]);
        wrong.resize(60_000, 0x55);
        let error = made_with("a.tif", &wrong, &[]).err().unwrap_or_default();
        assert!(error.contains("its pixels would lie in its directory"), "{offset}: {error}");
    }
}

#[test]
fn bits_may_be_given_for_more_samples_than_there_are() {
    let page = Page::scene(96, 64).tag(258, SHORT, &[8, 8, 8, 1]);
    assert_eq!(made("a.tif", &tiff(&[page])).pixels, scene());
    let fewer = Page::scene(96, 64).tag(258, SHORT, &[8, 8, 1]);
    assert!(made_with("a.tif", &tiff(&[fewer]), &[]).is_err_and(|e| e.contains("samples of different bits")));
}

#[test]
fn a_further_sample_without_a_name_is_alpha() {
    let alpha = |samples: u32, photometric: u32, strip: &[u8], extra: Option<u32>| {
        let mut page = Page::new(2, 1, samples, photometric).strip(strip.to_vec());
        if let Some(extra) = extra {
            page = page.tag(338, SHORT, &[extra]);
        }
        let world = World::new();
        world.write("a.tif", &tiff(&[page]));
        world.run(&["a.tif", "-s", "original", "-o", "out/", "--name", "out.{ext}"]).ok();
        let made = if world.exists("out/out.png") { "out/out.png" } else { "out/out.jpg" };
        image::load_from_memory(&world.read(made)).expect("a picture").into_rgba8().into_raw()
    };
    assert_eq!(alpha(4, 2, &[1, 2, 3, 255, 4, 5, 6, 0], None)[..4], [1, 2, 3, 255]);
    assert_eq!(alpha(4, 2, &[1, 2, 3, 255, 4, 5, 6, 0], None)[7], 0);
    assert_eq!(alpha(2, 1, &[9, 255, 7, 128], None), [9, 9, 9, 255, 7, 7, 7, 128]);
    // Where it is zero everywhere, or said to be something else, it hides nothing.
    assert_eq!(alpha(4, 2, &[200, 200, 200, 0, 200, 200, 200, 0], None)[3], 255);
    assert_eq!(alpha(4, 2, &[200, 200, 200, 255, 200, 200, 200, 0], Some(0))[7], 255);
}

#[test]
fn floating_point_beyond_white_is_not_white() {
    let floats = |top: f32| {
        let strip = (0..=255u8).flat_map(|v| (f32::from(v) / 255.0 * top).to_le_bytes()).collect();
        let page = Page::new(256, 1, 1, 1).tag(258, SHORT, &[32]).tag(339, SHORT, &[3]).strip(strip);
        made("a.tif", &tiff(&[page]))
    };
    for top in [255.0, 65_535.0, 4.0] {
        let found = floats(top);
        assert!(found.pixels.chunks(3).enumerate().all(|(i, p)| p[0].abs_diff(i as u8) <= 1), "{top}");
        assert_eq!(found.notes, [format!("values from 0 to {top} spread from black to white")]);
    }
    assert_eq!(floats(1.0).notes, [""; 0]);
}

#[test]
fn a_tiff_without_the_pointer_to_a_next_page_is_whole() {
    let whole = tiff(&[Page::scene(96, 64)]);
    for cut in 1..=4 {
        let found = whole_but("a.tif", &whole[..whole.len() - cut], "the pointer to the next directory");
        assert_eq!(found.pixels, scene(), "{cut}");
    }
    assert!(made_with("a.tif", &whole[..whole.len() - 5], &[]).is_err());
}

#[test]
fn a_preview_in_front_is_not_the_page() {
    let preview = Page::scene(24, 16);
    for flag in [preview.clone().tag(254, LONG, &[1]), preview.clone().tag(255, SHORT, &[2])] {
        let found = made("a.tif", &tiff(&[flag.clone(), Page::scene(96, 64)]));
        assert_eq!((found.size, found.pixels == scene()), ((96, 64), true));
        // Several of them, and a mask.
        let mask = Page::new(96, 64, 1, 1).tag(254, LONG, &[4]).strip(vec![0; 96 * 64]);
        let found = made("a.tif", &tiff(&[flag.clone(), flag.clone(), mask, Page::scene(96, 64)]));
        assert_eq!(found.size, (96, 64));
        // Alone it is a picture; and it may lead nowhere, or to itself.
        assert_eq!(made("a.tif", &tiff(std::slice::from_ref(&flag))).size, (24, 16));
        let mut ring = tiff(&[flag]);
        let (length, start) = (ring.len(), ring[4..8].to_vec());
        ring[length - 4..].copy_from_slice(&start);
        assert_eq!(made("a.tif", &ring).size, (24, 16));
    }
    // The page may stand in a directory of its own inside of the preview's.
    let mut inside = tiff(&[preview.tag(254, LONG, &[1]).tag(330, LONG, &[0]), Page::scene(96, 64)]);
    let first = u32::from_le_bytes([inside[4], inside[5], inside[6], inside[7]]) as usize;
    let end = first + 2 + 12 * usize::from(inside[first]);
    let entry = (first + 2..end).step_by(12).find(|&at| inside[at..at + 2] == 330u16.to_le_bytes()).unwrap();
    inside.copy_within(end..end + 4, entry + 8);
    inside[end..end + 4].fill(0);
    assert_eq!(made("a.tif", &inside).size, (96, 64));
}

#[test]
fn camera_raw_stays_camera_raw() {
    // Its directory lies beyond what is looked at to tell one kind of file from another.
    let preview = Page::scene(96, 64).tag(254, LONG, &[1]).tag(50_706, 1, &[1]);
    let error = made_with("a.dng", &tiff(&[preview, Page::scene(96, 64)]), &[]).err().unwrap_or_default();
    assert!(error.contains("unsupported: camera raw"), "{error}");
    let samples = Page::new(8, 8, 1, 32_803).strip(vec![0; 64]);
    let error = made_with("a.tif", &tiff(&[Page::scene(96, 64).tag(254, LONG, &[1]), samples]), &[]).err();
    assert!(error.unwrap_or_default().contains("camera raw samples"));
}

#[test]
fn a_count_may_run_past_the_file_by_padding() {
    let rows = |from: usize, to: usize| scene()[from * 96 * 3..to * 96 * 3].to_vec();
    let strips = Page::new(96, 64, 3, 2).tag(278, LONG, &[40]).strip(rows(0, 40)).strip(rows(40, 64));
    let length = |rows: u32| rows * 96 * 3;
    let long = strips.clone().tag(279, LONG, &[length(40), 1_000_000]);
    assert_eq!(whole_but("a.tif", &tiff(&[long]), "extends beyond its end").pixels, scene());
    // Deflate, whose stream ends before its strip does.
    let packed = |bytes: &[u8]| {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, bytes).unwrap();
        out.finish().unwrap()
    };
    let deflated = Page::new(96, 64, 3, 2).tag(259, SHORT, &[8]).strip(packed(&scene())).tag(279, LONG, &[900_000]);
    assert_eq!(whole_but("a.tif", &tiff(std::slice::from_ref(&deflated)), "extends beyond its end").pixels, scene());
    // With rows missing it fails.
    let mut cut = deflated;
    let half = cut.strips[0].len() / 2;
    cut.strips[0].truncate(half);
    assert!(made_with("a.tif", &tiff(&[cut]), &[]).is_err());
    let offset = strips.clone().tag(273, LONG, &[8, 20_000]).tag(279, LONG, &[length(40), length(24)]);
    assert!(made_with("a.tif", &tiff(&[offset]), &[]).is_err());
}

/// The parts of a baseline JPEG: what each segment says, and its scan.
struct Jpeg {
    headers: usize,
    quantisation: Vec<Vec<u8>>,
    dc: Vec<Vec<u8>>,
    ac: Vec<Vec<u8>>,
    scan: Vec<u8>,
}

fn taken_apart(bytes: &[u8]) -> Jpeg {
    let mut out = Jpeg { headers: 0, quantisation: vec![], dc: vec![], ac: vec![], scan: vec![] };
    let mut at = 2;
    loop {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        let content = &bytes[at + 4..at + 2 + length];
        match (bytes[at + 1], content[0]) {
            (0xdb, _) => out.quantisation.extend(content.chunks(65).map(|table| table[1..].to_vec())),
            (0xc4, class) if class < 0x10 => out.dc.push(content[1..].to_vec()),
            (0xc4, _) => out.ac.push(content[1..].to_vec()),
            _ => {}
        }
        let is_scan = bytes[at + 1] == 0xda;
        at += 2 + length;
        if is_scan {
            break;
        }
    }
    out.headers = at;
    out.scan = bytes[at..bytes.len() - 2].to_vec();
    out
}

/// The stretches between restart markers.
fn stretches(scan: &[u8]) -> Vec<Vec<u8>> {
    let mut out = vec![Vec::new()];
    let mut at = 0;
    while at < scan.len() {
        if scan[at] == 0xff && scan.get(at + 1).is_some_and(|marker| (0xd0..=0xd7).contains(marker)) {
            out.push(Vec::new());
            at += 2;
        } else {
            out.last_mut().expect("one").push(scan[at]);
            at += 1;
        }
    }
    out
}

/// Old-style JPEG (TIFF 6.0, section 22) in every way that it was written: broke once as "unsupported".
#[test]
fn old_style_jpeg() {
    for (width, bytes) in [(24, oddities::jpeg::restart(24, 64)), (96, oddities::jpeg::subsampled(96, 64))] {
        let want = made("a.jpg", &bytes);
        let parts = taken_apart(&bytes);
        let strips = stretches(&parts.scan);
        let share = if width == 24 { 1 } else { 2 };
        let page = || {
            let page = Page::new(width, 64, 3, 6).tag(259, SHORT, &[6]).tag(530, SHORT, &[share, share]);
            page.tag(278, LONG, &[64 / strips.len() as u32])
        };
        // All of it at one place, with the length that is right, and with wrong ones.
        for length in [bytes.len() as u32, 0, 20, 9_999_999] {
            let file = tiff(&[page().tag(513, LONG, &[8]).tag(514, LONG, &[length]).strip(bytes.clone())]);
            assert_eq!(made("a.tif", &file).pixels, want.pixels, "{width}, length {length}");
        }
        // Headers at one place, which begin the file here, and strips behind them.
        let headers = &bytes[..parts.headers];
        let mut with_headers = page().tag(513, LONG, &[8]).tag(514, LONG, &[headers.len() as u32]);
        let (mut offset, mut offsets) = (8 + headers.len() as u32, Vec::new());
        with_headers.strips.push(headers.to_vec());
        for strip in &strips {
            offsets.push(offset);
            offset += strip.len() as u32;
            with_headers.strips.push(strip.clone());
        }
        let counts: Vec<u32> = strips.iter().map(|strip| strip.len() as u32).collect();
        let file = tiff(&[with_headers.tag(273, LONG, &offsets).tag(279, LONG, &counts)]);
        assert_eq!(made("a.tif", &file).pixels, want.pixels, "{width}, headers and strips");
        // Tables at places of their own.
        let mut with_tables = page();
        let mut at = 8;
        let mut put = |page: &mut Page, tables: &[Vec<u8>]| -> Vec<u32> {
            let place = |table: &Vec<u8>| {
                page.strips.push(table.clone());
                at += table.len() as u32;
                at - table.len() as u32
            };
            let mut places: Vec<u32> = tables.iter().map(place).collect();
            while places.len() < 3 {
                places.push(places[places.len() - 1]);
            }
            places
        };
        let tables = [(519, &parts.quantisation), (520, &parts.dc), (521, &parts.ac)]
            .map(|(tag, tables)| (tag, put(&mut with_tables, tables)));
        let offsets: Vec<u32> = put(&mut with_tables, &strips)[..strips.len()].to_vec();
        let mut with_tables = with_tables.tag(273, LONG, &offsets).tag(279, LONG, &counts);
        for (tag, places) in tables {
            with_tables = with_tables.tag(tag, LONG, &places);
        }
        assert_eq!(made("a.tif", &tiff(&[with_tables.clone()])).pixels, want.pixels, "{width}, tables");
        // Cut in its scan, and without tables.
        let mut cut = with_tables.clone();
        let last = cut.strips.len() - 1;
        let half = cut.strips[last].len() / 2;
        cut.strips[last].truncate(half);
        let mut counts = counts.clone();
        *counts.last_mut().expect("a strip") = half as u32;
        assert!(made_with("a.tif", &tiff(&[cut.tag(279, LONG, &counts)]), &[]).is_err());
        let nowhere = with_tables.tag(520, LONG, &[9_000_000; 3]);
        assert!(made_with("a.tif", &tiff(&[nowhere]), &[]).is_err());
    }
}

#[test]
fn compressions_that_are_not_read_are_called_by_their_names() {
    for (number, words) in [(34_925, "LZMA"), (34_887, "LERC"), (33_003, "JPEG 2000"), (32_908, "Pixar"), (777, "777")]
    {
        let file = tiff(&[Page::scene(96, 64).tag(259, SHORT, &[number])]);
        let error = made_with("a.tif", &file, &[]).err().unwrap_or_default();
        assert!(error.contains("unsupported: TIFF with") && error.contains(words), "{number}: {error}");
    }
}
