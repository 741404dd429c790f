//! Table tests and property tests of `place`.

use proptest::prelude::*;

use super::*;

fn constraint(size: &str, fit: Fit) -> Constraint {
    Constraint { size: size.parse().unwrap(), fit, gravity: Gravity::Center, enlarge: false }
}

fn growing(size: &str, fit: Fit) -> Constraint {
    Constraint { enlarge: true, ..constraint(size, fit) }
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height)
}

#[track_caller]
fn assert_resized(picture: (u32, u32), constraint: &Constraint, want: (u32, u32)) {
    let placement = place(size(picture.0, picture.1), constraint);
    assert_eq!(placement.resized, size(want.0, want.1), "{picture:?} with {constraint:?}");
}

#[test]
fn sizes_parse() {
    let boxed = |width, height| SizeSpec::Box { width, height };
    for (text, want) in [
        ("800x600", boxed(Some(800), Some(600))),
        ("800X600", boxed(Some(800), Some(600))),
        ("256", boxed(Some(256), Some(256))),
        ("800x", boxed(Some(800), None)),
        ("x600", boxed(None, Some(600))),
        ("50%", SizeSpec::Scale(0.5)),
        ("12.5%", SizeSpec::Scale(0.125)),
        ("original", SizeSpec::Original),
        ("ORIGINAL", SizeSpec::Original),
    ] {
        assert_eq!(text.parse(), Ok(want), "{text}");
    }
    for text in [
        "",
        "x",
        "0",
        "0x5",
        "5x0",
        "-5",
        "+5",
        "5x+5",
        "%",
        "0%",
        "-1%",
        "nan%",
        "inf%",
        "1e9%",
        "5x5x5",
        "a",
        "99999999999",
        " 5",
    ] {
        assert!(text.parse::<SizeSpec>().is_err(), "{text:?}");
    }
}

#[test]
fn inside_keeps_the_shape() {
    for (picture, spec, want) in [
        ((6000, 4000), "800x600", (800, 533)),
        ((4000, 6000), "800x600", (400, 600)),
        ((6000, 4000), "256", (256, 171)),
        ((800, 600), "800x600", (800, 600)),
        ((801, 600), "800x600", (800, 599)),
        ((1000, 1), "100", (100, 1)),
        ((100_000, 1), "10", (10, 1)),
        ((1, 100_000), "10", (1, 10)),
        ((6000, 4000), "300x", (300, 200)),
        ((6000, 4000), "x300", (450, 300)),
        ((3, 2), "800x600", (3, 2)),
        ((6000, 4000), "50%", (3000, 2000)),
        ((5, 5), "50%", (3, 3)),
        ((1, 1), "1%", (1, 1)),
        ((6000, 4000), "original", (6000, 4000)),
        ((200, 200), "300%", (200, 200)),
    ] {
        assert_resized(picture, &constraint(spec, Fit::Inside), want);
    }
}

#[test]
fn halves_round_up() {
    // 5 * 10 / 20 = 2.5 and 1001 * 500 / 1000 = 500.5
    assert_resized((20, 5), &constraint("10", Fit::Inside), (10, 3));
    assert_resized((1000, 1001), &constraint("500x", Fit::Inside), (500, 501));
    assert_resized((200, 3), &constraint("100", Fit::Inside), (100, 2));
}

#[test]
fn inside_grows_only_with_enlarge() {
    assert_resized((100, 50), &constraint("800x600", Fit::Inside), (100, 50));
    assert_resized((100, 50), &growing("800x600", Fit::Inside), (800, 400));
    assert_resized((100, 50), &growing("x600", Fit::Inside), (1200, 600));
    assert_resized((100, 50), &growing("200%", Fit::Inside), (200, 100));
}

#[test]
fn outside_covers() {
    for (picture, spec, want) in [
        ((6000, 4000), "800x600", (900, 600)),
        ((4000, 6000), "800x600", (800, 1200)),
        ((700, 5000), "800x600", (700, 5000)),
    ] {
        assert_resized(picture, &constraint(spec, Fit::Outside), want);
    }
    assert_resized((100, 50), &growing("800x600", Fit::Outside), (1200, 600));
}

#[test]
fn fill_stretches() {
    assert_resized((6000, 4000), &constraint("800x600", Fit::Fill), (800, 600));
    assert_resized((400, 4000), &constraint("800x600", Fit::Fill), (400, 600));
    assert_resized((400, 300), &growing("800x700", Fit::Fill), (800, 700));
    assert_resized((6000, 4000), &constraint("800x", Fit::Fill), (800, 533));
}

#[test]
fn contain_pads() {
    let p = place(size(6000, 4000), &constraint("800x600", Fit::Contain));
    assert_eq!((p.resized, p.canvas, p.offset), (size(800, 533), size(800, 600), (0, 33)));
    let p = place(size(100, 50), &constraint("800x600", Fit::Contain));
    assert_eq!((p.resized, p.canvas, p.offset), (size(100, 50), size(800, 600), (350, 275)));
    let p = place(size(100, 50), &growing("800x600", Fit::Contain));
    assert_eq!((p.resized, p.canvas, p.offset), (size(800, 400), size(800, 600), (0, 100)));
    for (gravity, offset) in [
        (Gravity::North, (350, 0)),
        (Gravity::NorthEast, (700, 0)),
        (Gravity::East, (700, 275)),
        (Gravity::SouthEast, (700, 550)),
        (Gravity::South, (350, 550)),
        (Gravity::SouthWest, (0, 550)),
        (Gravity::West, (0, 275)),
        (Gravity::NorthWest, (0, 0)),
    ] {
        let c = Constraint { gravity, ..constraint("800x600", Fit::Contain) };
        assert_eq!(place(size(100, 50), &c).offset, offset, "{gravity:?}");
    }
}

#[test]
fn cover_crops() {
    let p = place(size(6000, 4000), &constraint("800x600", Fit::Cover));
    assert_eq!((p.resized, p.canvas), (size(800, 600), size(800, 600)));
    assert!((p.crop.width - 16000.0 / 3.0).abs() < 1e-9 && p.crop.height == 4000.0);
    assert!((p.crop.x - 1000.0 / 3.0).abs() < 1e-9 && p.crop.y == 0.0);
    for (gravity, x, y) in [(Gravity::West, 0.0, 0.0), (Gravity::SouthEast, 2000.0, 0.0), (Gravity::North, 1000.0, 0.0)]
    {
        let c = Constraint { gravity, ..constraint("400", Fit::Cover) };
        let p = place(size(6000, 4000), &c);
        assert_eq!((p.crop.x, p.crop.y, p.crop.width), (x, y, 4000.0), "{gravity:?}");
    }
}

#[test]
fn cover_without_enlarge_crops_at_the_pictures_size() {
    let p = place(size(1000, 400), &constraint("800x600", Fit::Cover));
    assert_eq!((p.resized, p.canvas), (size(533, 400), size(533, 400)));
    assert_eq!((p.crop.x, p.crop.width, p.crop.height), (233.0, 533.0, 400.0));
    let p = place(size(100, 100), &constraint("800x600", Fit::Cover));
    assert_eq!(p.resized, size(100, 75));
    let p = place(size(100, 100), &growing("800x600", Fit::Cover));
    assert_eq!((p.resized, p.crop.height), (size(800, 600), 75.0));
    let p = place(size(1, 1), &constraint("1000x1", Fit::Cover));
    assert_eq!(p.resized, size(1, 1));
}

#[test]
fn crops_turn_with_the_picture() {
    // The upright picture is 4000x6000. Its upper part is the left part of the stored picture.
    let c = Constraint { gravity: Gravity::North, ..constraint("400", Fit::Cover) };
    let stored = size(6000, 4000);
    let o = Orientation::Rotate90;
    let p = place(o.apply(stored), &c);
    let (crop, resized) = p.stored(o, stored);
    assert_eq!((crop.x, crop.y, crop.width, crop.height), (0.0, 0.0, 4000.0, 4000.0));
    assert_eq!(resized, size(400, 400));
    let p = place(o.apply(stored), &constraint("300x600", Fit::Inside));
    assert_eq!(p.resized, size(300, 450));
    assert_eq!(p.stored(o, stored).1, size(450, 300));
    assert_eq!(p.whole(o.apply(stored)), (300.0, 450.0));
}

fn sides() -> impl Strategy<Value = u32> {
    prop_oneof![1u32..20, 1u32..5000, 1u32..=65_535]
}

fn fits() -> impl Strategy<Value = Fit> {
    prop_oneof![Just(Fit::Inside), Just(Fit::Cover), Just(Fit::Contain), Just(Fit::Fill), Just(Fit::Outside)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn inside_never_exceeds(w in sides(), h in sides(), bw in sides(), bh in sides(), enlarge: bool) {
        let spec = SizeSpec::Box { width: Some(bw), height: Some(bh) };
        let p = place(size(w, h), &Constraint { size: spec, fit: Fit::Inside, gravity: Gravity::Center, enlarge });
        prop_assert!(p.resized.width <= bw && p.resized.height <= bh);
        if enlarge {
            prop_assert!(p.resized.width == bw || p.resized.height == bh);
        }
    }

    #[test]
    fn cover_fills_exactly_when_it_may_grow(w in sides(), h in sides(), bw in sides(), bh in sides()) {
        let spec = SizeSpec::Box { width: Some(bw), height: Some(bh) };
        let p = place(size(w, h), &Constraint { size: spec, fit: Fit::Cover, gravity: Gravity::Center, enlarge: true });
        prop_assert_eq!(p.canvas, size(bw, bh));
    }

    #[test]
    fn sizes_grow_only_with_enlarge_and_crops_lie_within(
        w in sides(), h in sides(), bw in sides(), bh in sides(), fit in fits(), enlarge: bool, gravity in 0usize..9,
    ) {
        let gravity = [Gravity::Center, Gravity::North, Gravity::NorthEast, Gravity::East, Gravity::SouthEast,
            Gravity::South, Gravity::SouthWest, Gravity::West, Gravity::NorthWest][gravity];
        let spec = SizeSpec::Box { width: Some(bw), height: Some(bh) };
        let p = place(size(w, h), &Constraint { size: spec, fit, gravity, enlarge });
        prop_assert!(p.resized.width >= 1 && p.resized.height >= 1);
        if !enlarge {
            prop_assert!(p.resized.width <= w && p.resized.height <= h);
        }
        prop_assert!(p.crop.x >= 0.0 && p.crop.y >= 0.0 && p.crop.width > 0.0 && p.crop.height > 0.0);
        prop_assert!(p.crop.x + p.crop.width <= f64::from(w) + 1e-6);
        prop_assert!(p.crop.y + p.crop.height <= f64::from(h) + 1e-6);
        prop_assert!(p.offset.0 + p.resized.width <= p.canvas.width);
        prop_assert!(p.offset.1 + p.resized.height <= p.canvas.height);
    }
}
