//! Searches over qualities, each a bounded number of encodes. They know an encoder and a metric by a function alone.

/// Encodes that one search makes at the most.
pub const MAX_TRIALS: u32 = 7;

/// A score this far above the goal is near enough, so that the last steps of quality need no encodes.
const NEAR: f64 = 0.35;

/// What one encode gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial<T> {
    /// The value that is compared: a score, or bytes.
    pub value: f64,
    /// The output.
    pub output: T,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// The chosen quality.
    pub quality: u8,
    /// Its score or bytes.
    pub value: f64,
    /// Its output.
    pub output: T,
    /// Whether it meets the goal; if not, it is the nearest to it.
    pub is_met: bool,
    /// Encodes that were made.
    pub trials: u32,
}

/// A typical score for some qualities, both rising.
#[derive(Clone, Copy, Debug)]
pub struct Curve(pub &'static [(u8, f64)]);

impl Curve {
    /// The score that is typical for a quality.
    pub fn score(&self, quality: f64) -> f64 {
        self.interpolate(quality, |point| f64::from(point.0), |point| point.1)
    }

    /// The quality that typically gives a score.
    pub fn quality(&self, score: f64) -> f64 {
        self.interpolate(score, |point| point.1, |point| f64::from(point.0))
    }

    fn interpolate(&self, at: f64, from: fn(&(u8, f64)) -> f64, to: fn(&(u8, f64)) -> f64) -> f64 {
        let after = self.0.iter().position(|point| from(point) >= at).unwrap_or(self.0.len() - 1).max(1);
        let (a, b) = (&self.0[after - 1], &self.0[after]);
        to(a) + (at - from(a)) * (to(b) - to(a)) / (from(b) - from(a))
    }
}

/// The lowest quality from 1 to `most` whose score is at least `goal`, with the score rising with the quality.
///
/// It begins where `curve` expects the goal, moves by the distance between the picture's score and the typical one, and then
/// interpolates between the nearest misses. A quality whose score is at most 0.35 above the goal ends it.
///
/// # Errors
/// The first error of `encode`.
pub fn lowest_that_reaches<T, E>(
    goal: f64,
    most: u8,
    curve: Curve,
    mut encode: impl FnMut(u8) -> Result<Trial<T>, E>,
) -> Result<Found<T>, E> {
    // Qualities whose scores are known: below the goal, and at or above it.
    let (mut low, mut high): (Option<(u8, f64)>, Option<(u8, f64)>) = (None, None);
    let mut best: Option<Found<T>> = None;
    let most = most.clamp(1, 100);
    let mut next = curve.quality(goal).clamp(1.0, most.into()).round() as u8;
    for trials in 1..=MAX_TRIALS {
        let Trial { value, output } = encode(next)?;
        let is_met = value >= goal;
        if is_met {
            high = Some((next, value));
        } else {
            low = Some((next, value));
        }
        let better = match &best {
            None => true,
            Some(best) if best.is_met => is_met && next < best.quality,
            Some(best) => is_met || value > best.value,
        };
        if better {
            best = Some(Found { quality: next, value, output, is_met, trials });
        }
        if let Some(best) = &mut best {
            best.trials = trials;
        }
        let (least, top) = (low.map_or(1, |(q, _)| q + 1), high.map_or(most, |(q, _)| q - 1));
        if least > top || (is_met && value - goal <= NEAR) {
            break;
        }
        let guess = match (low, high) {
            (Some((a, from)), Some((b, to))) => {
                // Between the two, on the picture's own curve.
                f64::from(a) + (goal - from) / (to - from).max(1e-6) * f64::from(b - a)
            }
            // The picture lies above or below the typical curve; it does so nearby, too.
            _ => curve.quality(goal - (value - curve.score(f64::from(next)))),
        };
        next = guess.ceil().clamp(f64::from(least), f64::from(top)) as u8;
    }
    Ok(best.expect("at least one trial"))
}

/// The highest quality from 1 to `most` whose bytes are at most `limit`, with the bytes rising with the quality. `tried` is
/// known already.
///
/// # Errors
/// The first error of `encode`.
pub fn largest_that_fits<T, E>(
    limit: u64,
    most: u8,
    tried: Option<(u8, f64)>,
    mut encode: impl FnMut(u8) -> Result<Trial<T>, E>,
) -> Result<Found<T>, E> {
    let limit = limit as f64;
    // Bytes double with some 17 steps of quality; the picture's own slope takes over from the second trial on.
    let mut slope = 0.04;
    let mut high = tried;
    let mut low: Option<(u8, f64)> = None;
    let mut best: Option<Found<T>> = None;
    let from = |(quality, bytes): (u8, f64), slope: f64| f64::from(quality) + (limit / bytes.max(1.0)).ln() / slope;
    let top = high.map_or(most, |(quality, _)| quality.saturating_sub(1).min(most)).max(1);
    let mut next = high.map_or(most, |high| from(high, slope).floor().clamp(1.0, f64::from(top)) as u8);
    for trials in 1..=MAX_TRIALS {
        let Trial { value, output } = encode(next)?;
        let is_met = value <= limit;
        let before = if is_met { low.replace((next, value)) } else { high.replace((next, value)) };
        let better = match &best {
            None => true,
            Some(best) if best.is_met => is_met && next > best.quality,
            Some(best) => is_met || value < best.value,
        };
        if better {
            best = Some(Found { quality: next, value, output, is_met, trials });
        }
        if let Some(best) = &mut best {
            best.trials = trials;
        }
        let (least, top) = (low.map_or(1, |(q, _)| q + 1), high.map_or(top, |(q, _)| q.saturating_sub(1)));
        // Within 3 % of the limit, another encode brings little.
        if least > top || (is_met && value >= limit * 0.97) {
            break;
        }
        let other = if is_met { high } else { low }.or(before);
        if let Some((quality, bytes)) = other
            && quality != next
        {
            slope = ((value.max(1.0) / bytes.max(1.0)).ln() / (f64::from(next) - f64::from(quality))).clamp(0.005, 0.3);
        }
        // The last trial of a picture that has not fitted yet is the lowest quality.
        let guess = if low.is_none() && trials + 1 == MAX_TRIALS { 1.0 } else { from((next, value), slope).floor() };
        next = guess.clamp(f64::from(least), f64::from(top)) as u8;
    }
    Ok(best.expect("at least one trial"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    const TYPICAL: Curve = Curve(&[(1, 0.0), (50, 60.0), (100, 90.0)]);

    fn reach(goal: f64, score: impl Fn(u8) -> f64) -> Found<u8> {
        let encode = |quality| Ok::<_, Infallible>(Trial { value: score(quality), output: quality });
        lowest_that_reaches(goal, 100, TYPICAL, encode).unwrap()
    }

    fn fit(limit: u64, bytes: impl Fn(u8) -> f64) -> Found<u8> {
        let encode = |quality| Ok::<_, Infallible>(Trial { value: bytes(quality), output: quality });
        largest_that_fits(limit, 100, None, encode).unwrap()
    }

    #[test]
    fn the_curve_goes_both_ways() {
        for quality in [1.0, 20.0, 50.0, 75.0, 100.0] {
            assert!((TYPICAL.quality(TYPICAL.score(quality)) - quality).abs() < 1e-9);
        }
    }

    #[test]
    fn a_typical_picture_takes_one_or_two_trials() {
        let found = reach(75.0, |quality| TYPICAL.score(f64::from(quality)));
        assert!(found.is_met && found.trials <= 2 && (75.0..75.7).contains(&found.value), "{found:?}");
    }

    #[test]
    fn odd_pictures_are_found_within_the_bound() {
        for offset in [-40.0, -15.0, -3.0, 4.0, 9.0] {
            for bend in [0.5, 1.0, 2.5] {
                let score = |quality: u8| 100.0 * (f64::from(quality) / 100.0).powf(bend) + offset;
                let found = reach(70.0, score);
                if score(100) >= 70.0 {
                    let lowest = (1..=100).find(|&quality| score(quality) >= 70.0).unwrap();
                    assert!(found.is_met && found.value >= 70.0, "{offset} {bend} {found:?}");
                    assert!(found.quality <= lowest + 1, "{offset} {bend}: {found:?}, the lowest is {lowest}");
                } else {
                    assert!(!found.is_met && found.quality == 100, "{found:?}");
                }
                assert_eq!(found.output, found.quality);
                assert!(found.trials <= MAX_TRIALS);
            }
        }
    }

    #[test]
    fn a_bound_of_the_quality_holds() {
        let encode = |quality: u8| Ok::<_, Infallible>(Trial { value: f64::from(quality), output: quality });
        let found = |goal, most| lowest_that_reaches(goal, most, TYPICAL, encode).unwrap();
        assert_eq!((found(70.0, 40).quality, found(70.0, 40).is_met), (40, false));
        assert!(found(30.0, 40).is_met && found(30.0, 40).quality <= 31);
        assert_eq!(found(70.0, 1).trials, 1);
    }

    #[test]
    fn a_goal_that_any_quality_reaches_takes_the_lowest() {
        let found = reach(50.0, |_| 99.0);
        assert_eq!((found.quality, found.is_met), (1, true));
    }

    #[test]
    fn bytes_come_near_the_limit_from_below() {
        for base in [300.0, 2000.0, 9000.0] {
            for growth in [0.015, 0.03, 0.06] {
                let bytes = |quality: u8| base * (growth * f64::from(quality)).exp();
                let limit = 20_000;
                let found = fit(limit, bytes);
                if bytes(1) > limit as f64 {
                    assert!(!found.is_met && found.quality == 1, "{found:?}");
                    continue;
                }
                assert!(found.is_met && found.value <= limit as f64, "{base} {growth} {found:?}");
                let highest = (1..=100).rev().find(|&quality| bytes(quality) <= limit as f64).unwrap();
                let near = found.quality == highest || found.value >= 0.97 * limit as f64;
                assert!(near, "{base} {growth} {found:?}, the highest is {highest}");
            }
        }
    }

    #[test]
    fn what_never_fits_ends_at_the_lowest_quality() {
        let found = fit(100, |quality| 5000.0 + f64::from(quality));
        assert_eq!((found.quality, found.is_met), (1, false));
        assert!(found.trials <= MAX_TRIALS);
    }

    #[test]
    fn errors_end_a_search() {
        let refused: Result<Found<()>, &str> = lowest_that_reaches(70.0, 100, TYPICAL, |_| Err("broken"));
        assert_eq!(refused, Err("broken"));
    }
}
