//! Computes samples from differences (ITU-T T.81, H.1.2.1). All arithmetic is modulo 2^16.

/// Sets samples to mid-grey, the prediction of the first sample of a scan: 2^(precision - low - 1).
pub(super) fn fill(samples: &mut [u16], precision: u8, low: u8) {
    samples.fill(start(precision, low));
}

/// The prediction of the first sample of a scan.
pub(super) fn start(precision: u8, low: u8) -> u16 {
    1 << (precision - low - 1)
}

/// The first line of a scan or restart interval: each sample is predicted from the one to the left.
pub(super) fn first_line(line: &mut [u16], start: u16) {
    let mut left = start;
    for sample in line {
        left = left.wrapping_add(*sample);
        *sample = left;
    }
}

/// Another line: the first sample is predicted from the one above, the others by Table H.1.
pub(super) fn line(predictor: u8, above: &[u16], line: &mut [u16]) {
    match predictor {
        1 => by(above, line, |left, _, _| left),
        2 => by(above, line, |_, above, _| above),
        3 => by(above, line, |_, _, corner| corner),
        4 => by(above, line, |left, above, corner| left + above - corner),
        5 => by(above, line, |left, above, corner| left + ((above - corner) >> 1)),
        6 => by(above, line, |left, above, corner| above + ((left - corner) >> 1)),
        _ => by(above, line, |left, above, _| (left + above) >> 1),
    }
}

#[inline(always)]
fn by(above: &[u16], line: &mut [u16], predict: impl Fn(i32, i32, i32) -> i32) {
    let (Some((&first, above)), Some((sample, line))) = (above.split_first(), line.split_first_mut()) else { return };
    *sample = sample.wrapping_add(first);
    let (mut left, mut corner) = (*sample, first);
    for (sample, &above) in line.iter_mut().zip(above) {
        let predicted = predict(left.into(), above.into(), corner.into());
        left = sample.wrapping_add(predicted as u16);
        *sample = left;
        corner = above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by hand after Table H.1: c b over a x with c = 10, b = 21, a = 14.
    #[test]
    fn predictions_are_those_of_the_standard() {
        for (predictor, want) in [(1, 14), (2, 21), (3, 10), (4, 25), (5, 19), (6, 23), (7, 17)] {
            let mut samples = [4, 100];
            line(predictor, &[10, 21], &mut samples);
            assert_eq!(samples, [14, want + 100], "{predictor}");
        }
        // Halves are rounded down, also for negative differences.
        let mut samples = [10, 0];
        line(5, &[10, 7], &mut samples);
        assert_eq!(samples, [20, 18]);
    }

    #[test]
    fn sums_wrap() {
        let mut samples = [1, 0xFFFF, 32_768];
        first_line(&mut samples, 0xFFFF);
        assert_eq!(samples, [0, 0xFFFF, 32_767]);
        let mut samples = [0xFFFF];
        line(4, &[3], &mut samples);
        assert_eq!(samples, [2]);
    }
}
