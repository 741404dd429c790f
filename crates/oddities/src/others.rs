//! The simplest valid files of further formats.

use crate::scene;

/// BMP, 24 bits, bottom-up.
pub fn bmp(width: u32, height: u32) -> Vec<u8> {
    let stride = (width as usize * 3).next_multiple_of(4);
    let mut out = b"BM".to_vec();
    out.extend((54 + (stride * height as usize) as u32).to_le_bytes());
    out.extend([0, 54, 40].map(u32::to_le_bytes).concat());
    out.extend([width, height].map(u32::to_le_bytes).concat());
    out.extend([1, 0, 24, 0]);
    out.extend([0u8; 24]);
    for row in scene::rgb(width, height).chunks(width as usize * 3).rev() {
        let at = out.len();
        out.extend(row.chunks(3).flat_map(|p| [p[2], p[1], p[0]]));
        out.resize(at + stride, 0);
    }
    out
}

/// The same without a file header, as on clipboards.
pub fn dib(width: u32, height: u32) -> Vec<u8> {
    bmp(width, height).split_off(14)
}

/// ICO with a 24-bit bitmap and a mask that hides nothing. Sides up to 256.
pub fn ico(width: u32, height: u32) -> Vec<u8> {
    let mut bitmap = dib(width, height);
    bitmap[8..12].copy_from_slice(&(2 * height).to_le_bytes());
    bitmap.extend(vec![0; width.div_ceil(32) as usize * 4 * height as usize]);
    let entry = [width as u8, height as u8, 0, 0, 1, 0, 24, 0];
    let place = [bitmap.len() as u32, 22].map(u32::to_le_bytes).concat();
    [&[0, 0, 1, 0, 1, 0], &entry[..], &place, &bitmap].concat()
}

/// TGA, 24 bits, bottom-up.
pub fn tga(width: u16, height: u16) -> Vec<u8> {
    let mut out = vec![0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend([width, height].map(u16::to_le_bytes).concat());
    out.extend([24, 0]);
    for row in scene::rgb(width.into(), height.into()).chunks(usize::from(width) * 3).rev() {
        out.extend(row.chunks(3).flat_map(|p| [p[2], p[1], p[0]]));
    }
    out
}

/// GIF with codes of constant size: literal pixels, with a clear code before the code size grows.
pub fn gif(width: u32, height: u32) -> Vec<u8> {
    let colors = [[208u8, 48, 48], [48, 176, 64], [48, 64, 208], [32, 32, 32], [232, 224, 192], [0; 3], [0; 3], [0; 3]];
    let (w, h) = ((width as u16).to_le_bytes(), (height as u16).to_le_bytes());
    let mut out =
        [b"GIF89a".as_slice(), &w, &h, &[0xf2, 0, 0], &colors.concat(), b",\0\0\0\0", &w, &h, &[0, 3]].concat();
    // Codes of four bits: 0-7 pixels, 8 clear, 9 end. A clear code after every sixth pixel keeps
    // them at four bits.
    let mut codes = Vec::new();
    for (i, p) in scene::rgb(width, height).chunks(3).enumerate() {
        if i % 6 == 0 {
            codes.push(8);
        }
        codes.push(colors.iter().position(|c| c == p).expect("a colour of the scene") as u8);
    }
    codes.push(9);
    let packed: Vec<u8> = codes.chunks(2).map(|c| c[0] | c.get(1).unwrap_or(&0) << 4).collect();
    for block in packed.chunks(255) {
        out.push(block.len() as u8);
        out.extend(block);
    }
    out.extend([0, b';']);
    out
}

/// A TIFF header, one directory of (tag, type, count, value), and the data behind it.
pub(crate) fn tiff_file(entries: &[(u16, u16, u32, u32)], rest: &[u8]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    out.extend([0; 4]);
    out.extend(rest);
    out
}

/// TIFF, uncompressed RGB in one strip.
pub fn tiff(width: u32, height: u32) -> Vec<u8> {
    let data = scene::rgb(width, height);
    let behind = 8 + 2 + 10 * 12 + 4;
    let entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, behind),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, behind + 6),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, data.len() as u32),
        (284, 3, 1, 1),
    ];
    tiff_file(&entries, &[&[8, 0, 8, 0, 8, 0][..], &data].concat())
}

/// Binary PPM.
pub fn ppm(width: u32, height: u32) -> Vec<u8> {
    [format!("P6\n{width} {height}\n255\n").into_bytes(), scene::rgb(width, height)].concat()
}

/// Plain PGM with comments between its numbers, showing the mean of the scene's colours.
pub fn plain_pgm(width: u32, height: u32) -> Vec<u8> {
    let mut out = format!("P2 # grey\n{width} {height}\n# white:\n255\n");
    for row in scene::rgb(width, height).chunks(width as usize * 3) {
        for p in row.chunks(3) {
            out.push_str(&format!("{} ", p.iter().map(|&v| u32::from(v)).sum::<u32>() / 3));
        }
        out.push_str("# the end of a row\n");
    }
    out.into_bytes()
}

/// PAM of CMYK without black.
pub fn cmyk_pam(width: u32, height: u32) -> Vec<u8> {
    let header = format!("P7\nWIDTH {width}\n\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n");
    let inks = scene::rgb(width, height).chunks(3).flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0]).collect();
    [header.into_bytes(), inks].concat()
}

/// An sRGB sample as linear light, 0 to 1.
fn light(sample: u8) -> f32 {
    let v = f32::from(sample) / 255.0;
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// PFM, bottom-up.
pub fn pfm(width: u32, height: u32) -> Vec<u8> {
    let mut out = format!("PF\n{width} {height}\n-1.0\n").into_bytes();
    for row in scene::rgb(width, height).chunks(width as usize * 3).rev() {
        out.extend(row.iter().flat_map(|&v| light(v).to_le_bytes()));
    }
    out
}

/// Radiance HDR stored sideways: columns from the right, pixels in them from the top, without runs.
pub fn sideways_hdr(width: u32, height: u32) -> Vec<u8> {
    let mut out = format!("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-X {width} -Y {height}\n").into_bytes();
    for x in (0..width).rev() {
        for y in 0..height {
            let light = scene::pixel(x, y, width, height).map(light);
            let largest = light.into_iter().fold(1e-9, f32::max);
            let exponent = largest.log2().floor() as i32 + 1;
            out.extend(light.map(|v| (v * 256.0 / 2f32.powi(exponent)).min(255.0) as u8));
            out.push((exponent + 128) as u8);
        }
    }
    out
}

/// QOI with literal pixels only.
pub fn qoi(width: u32, height: u32) -> Vec<u8> {
    let mut out = [&b"qoif"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[3, 0]].concat();
    scene::rgb(width, height).chunks(3).for_each(|p| out.extend([0xfe, p[0], p[1], p[2]]));
    out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    out
}

/// Farbfeld, opaque.
pub fn farbfeld(width: u32, height: u32) -> Vec<u8> {
    let mut out = [&b"farbfeld"[..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    scene::rgb(width, height).chunks(3).for_each(|p| out.extend([p[0], p[0], p[1], p[1], p[2], p[2], 255, 255]));
    out
}
