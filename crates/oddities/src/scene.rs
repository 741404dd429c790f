//! The picture that nearly all files show. Its turned and mirrored versions are all different.

/// The colour of the upright picture at a position: red, green, blue and pale corners, with a dark
/// bar below the top left.
pub fn pixel(x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
    let (left, top) = (x * 2 < width, y * 2 < height);
    if left && top && y * 4 > height && x * 8 > width {
        return [32, 32, 32];
    }
    match (left, top) {
        (true, true) => [208, 48, 48],
        (false, true) => [48, 176, 64],
        (true, false) => [48, 64, 208],
        (false, false) => [232, 224, 192],
    }
}

/// The upright picture as RGB rows.
pub fn rgb(width: u32, height: u32) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y, width, height))).collect()
}

/// The same with alpha: opaque on the left, fading to transparent on the right.
pub fn rgba(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity((width * height * 4) as usize);
    for y in 0..height {
        for x in 0..width {
            out.extend(pixel(x, y, width, height));
            out.push(255 - (255 * x / width.max(1)) as u8);
        }
    }
    out
}

/// The pixels to store so that a reader that applies EXIF `orientation` (1-8) shows the upright
/// `width` x `height` picture. Returns the stored width and height with them; 5 to 8 swap the
/// sides.
pub fn stored(orientation: u8, width: u32, height: u32) -> (u32, u32, Vec<u8>) {
    let (w, h) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut out = Vec::with_capacity((w * h * 3) as usize);
    for sy in 0..h {
        for sx in 0..w {
            // The position of the stored pixel (sx, sy) in the upright picture.
            let (x, y) = match orientation {
                2 => (width - 1 - sx, sy),
                3 => (width - 1 - sx, height - 1 - sy),
                4 => (sx, height - 1 - sy),
                5 => (sy, sx),
                6 => (width - 1 - sy, sx),
                7 => (width - 1 - sy, height - 1 - sx),
                8 => (sy, height - 1 - sx),
                _ => (sx, sy),
            };
            out.extend(pixel(x, y, width, height));
        }
    }
    (w, h, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_eight_are_different() {
        let all: Vec<_> = (1..=8).map(|o| stored(o, 16, 12)).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "orientation {} repeats another", i + 1);
        }
    }

    #[test]
    fn six_puts_the_upright_top_at_the_stored_left() {
        // EXIF: row 0 is the visual right side, column 0 the visual top.
        let (w, h, px) = stored(6, 4, 2);
        assert_eq!((w, h), (2, 4));
        assert_eq!(px[..3], pixel(3, 0, 4, 2));
        assert_eq!(px[px.len() - 6..px.len() - 3], pixel(0, 0, 4, 2));
    }
}
