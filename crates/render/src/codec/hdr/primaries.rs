//! Parses the primaries in the header of a Radiance picture: `PRIMARIES= rx ry gx gy bx by wx wy`.

/// XYZ as if it were RGB, with equal energy as white.
pub const CIE_XYZ: [(f64, f64); 4] = [(1.0 / 3.0, 1.0 / 3.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)];

/// Parses the text after `=` to x and y of white, red, green, blue. Returns None for invalid text
/// and for Radiance's own primaries, which are close to those of sRGB and usually written without
/// intent.
pub fn parse(text: &[u8]) -> Option<[(f64, f64); 4]> {
    let text = std::str::from_utf8(text).ok()?;
    let numbers: Vec<f64> = text.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
    let &[rx, ry, gx, gy, bx, by, wx, wy] = &numbers[..] else { return None };
    let radiance = [0.640, 0.330, 0.290, 0.600, 0.150, 0.060, 0.333, 0.333];
    let is_default = numbers.iter().zip(radiance).all(|(a, b)| (a - b).abs() < 0.002);
    (!is_default).then_some([(wx, wy), (rx, ry), (gx, gy), (bx, by)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_or_absent() {
        let p3 = parse(b" 0.680 0.320 0.265 0.690 0.150 0.060 0.3127 0.3290").unwrap();
        assert_eq!((p3[0], p3[1]), ((0.3127, 0.3290), (0.680, 0.320)));
        assert_eq!(parse(b"0.640 0.330 0.290 0.600 0.150 0.060 0.333 0.333"), None);
        assert_eq!(parse(b"1 2 3"), None);
    }
}
