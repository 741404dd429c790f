//! Unusual, damaged and hostile pictures for tests, generated identically on each run.
//!
//! Every function returns the bytes of one file. `cargo run -p oddities -- DIR` writes them all to
//! a folder.
//!
//! ```
//! let sideways = oddities::jpeg::oriented(6, 64, 48);
//! assert!(sideways.starts_with(&[0xff, 0xd8]));
//! ```

pub mod bombs;
pub mod exif;
pub mod jpeg;
pub mod junk;
pub mod lossless;
pub mod names;
pub mod others;
pub mod png;
pub mod scene;
pub mod webp;

/// A file of the collection: its name, its bytes, and whether it can be decoded.
pub struct Oddity {
    /// File name without a folder, in plain ASCII. Hostile names are in [`names`].
    pub name: String,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// True if a thumbnailer should make a picture of it, false if it should fail with a reason.
    pub good: bool,
}

/// The whole collection, except large files that take long to generate, in a stable order.
pub fn all() -> Vec<Oddity> {
    let mut found = Vec::new();
    let mut add = |good: bool, name: &str, bytes: Vec<u8>| found.push(Oddity { name: name.into(), bytes, good });
    for orientation in 1..=8 {
        add(true, &format!("orientation-{orientation}.jpg"), jpeg::oriented(orientation, 96, 64));
        add(true, &format!("orientation-{orientation}.png"), png::oriented(orientation, 96, 64));
        add(true, &format!("orientation-{orientation}.webp"), webp::oriented(orientation, 96, 64));
    }
    add(true, "baseline.jpg", jpeg::plain(96, 64));
    add(true, "grey.jpg", jpeg::grey(96, 64));
    add(true, "cmyk.jpg", jpeg::cmyk(96, 64));
    add(true, "ycck.jpg", jpeg::ycck(96, 64));
    add(true, "progressive.jpg", jpeg::progressive(96, 64));
    add(true, "restart.jpg", jpeg::restart(96, 64));
    add(true, "420.jpg", jpeg::subsampled(97, 65));
    add(true, "trailing-garbage.jpg", [jpeg::plain(96, 64), vec![0x5a; 4096]].concat());
    add(false, "cut-half.jpg", cut(&jpeg::plain(96, 64), 50));
    add(false, "cut-99.jpg", cut(&jpeg::plain(96, 64), 99));
    add(false, "cut-half-progressive.jpg", cut(&jpeg::progressive(96, 64), 50));
    add(true, "no-eoi.jpg", jpeg::without_end(96, 64));
    add(true, "no-huffman-table.jpg", jpeg::without_segment(&jpeg::plain(96, 64), 0xc4));
    add(false, "no-quantisation-table.jpg", jpeg::without_segment(&jpeg::plain(96, 64), 0xdb));
    add(false, "hierarchical.jpg", jpeg::relabelled(&jpeg::plain(96, 64), 0xc5));
    for (name, components) in [("grey", 1), ("rgb", 3), ("cmyk", 4)] {
        let bytes = lossless::scene(components, 96, 64);
        add(false, &format!("cut-half-lossless-{name}.jpg"), cut(&bytes, 50));
        add(true, &format!("lossless-{name}.jpg"), bytes);
    }
    add(true, "rgb.png", png::rgb(96, 64));
    add(true, "rgba.png", png::rgba(96, 64));
    add(true, "rgb16.png", png::rgb16(96, 64));
    add(true, "palette-trns.png", png::palette_with_transparency(96, 64));
    add(true, "interlaced.png", png::interlaced(97, 65));
    add(true, "apng.png", png::animated(96, 64));
    add(true, "iccp-256m.png", png::profile_bomb(256 << 20));
    add(true, "ztxt-256m.png", png::text_bomb(256 << 20));
    add(false, "cut-half.png", cut(&png::rgb(96, 64), 50));
    add(false, "cut-90.png", cut(&png::rgb(96, 64), 90));
    add(true, "no-end.png", cut(&png::rgb(96, 64), 99));
    add(false, "palette-2-bytes.png", png::palette_of(2, 96, 64));
    add(false, "palette-257-colours.png", png::palette_of(771, 96, 64));
    add(false, "bad-zlib.png", png::bad_zlib(96, 64));
    add(false, "zero-width.png", png::header_only(0, 64));
    add(false, "65535-square.png", png::header_only(65_535, 65_535));
    add(false, "2147483647-square.png", png::header_only(0x7fff_ffff, 0x7fff_ffff));
    add(true, "lossless.webp", webp::rgb(96, 64));
    add(true, "alpha.webp", webp::rgba(96, 64));
    add(true, "animated.webp", webp::animated(96, 64));
    add(false, "cut-half.webp", cut(&webp::rgb(96, 64), 50));
    add(false, "cut-99.webp", cut(&webp::rgb(96, 64), 99));
    add(true, "plain.bmp", others::bmp(96, 64));
    add(true, "plain.dib", others::dib(96, 64));
    add(true, "plain.ico", others::ico(96, 64));
    add(true, "plain.tga", others::tga(96, 64));
    add(true, "plain.gif", others::gif(96, 64));
    add(true, "plain.tif", others::tiff(96, 64));
    add(true, "plain.ppm", others::ppm(96, 64));
    add(true, "grey-comments.pgm", others::plain_pgm(96, 64));
    add(true, "cmyk.pam", others::cmyk_pam(96, 64));
    add(true, "plain.pfm", others::pfm(96, 64));
    add(true, "sideways.hdr", others::sideways_hdr(96, 64));
    add(true, "plain.qoi", others::qoi(96, 64));
    add(true, "plain.ff", others::farbfeld(96, 64));
    for percent in [50, 99] {
        add(false, &format!("cut-{percent}.bmp"), cut(&others::bmp(96, 64), percent));
        add(false, &format!("cut-{percent}.dib"), cut(&others::dib(96, 64), percent));
        add(false, &format!("cut-{percent}.ico"), cut(&others::ico(96, 64), percent));
        add(false, &format!("cut-{percent}.tga"), cut(&others::tga(96, 64), percent));
        add(false, &format!("cut-{percent}.gif"), cut(&others::gif(96, 64), percent));
        add(false, &format!("cut-{percent}.tif"), cut(&others::tiff(96, 64), percent));
        add(false, &format!("cut-{percent}.ppm"), cut(&others::ppm(96, 64), percent));
        add(false, &format!("cut-{percent}.pgm"), cut(&others::plain_pgm(96, 64), percent));
        add(false, &format!("cut-{percent}.pfm"), cut(&others::pfm(96, 64), percent));
        add(false, &format!("cut-{percent}.hdr"), cut(&others::sideways_hdr(96, 64), percent));
        add(false, &format!("cut-{percent}.qoi"), cut(&others::qoi(96, 64), percent));
        add(false, &format!("cut-{percent}.ff"), cut(&others::farbfeld(96, 64), percent));
    }
    add(false, "gif-canvas.gif", bombs::gif_canvas());
    add(false, "gif-frame.gif", bombs::gif_frame());
    add(false, "bomb.bmp", bombs::bmp());
    add(false, "bomb.tif", bombs::tiff());
    add(false, "block-2g.exr", bombs::exr_block());
    add(false, "kind-2g.exr", bombs::exr_kind());
    add(false, "65535-square.jpg", bombs::jpeg());
    add(false, "scans-5000.jpg", bombs::jpeg_scans(5_000));
    for (name, bytes) in junk::all() {
        add(false, name, bytes);
    }
    found
}

/// The first `percent` of a file.
pub fn cut(bytes: &[u8], percent: usize) -> Vec<u8> {
    bytes[..bytes.len() * percent / 100].to_vec()
}
