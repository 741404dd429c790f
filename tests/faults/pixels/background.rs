//! A background that is transparent, in a format without alpha.

use image::ExtendedColorType;

use super::{png, rgba};
use crate::testenv::{World, line, report};

/// 40 x 20: red that half shows at the left, nothing at the right.
fn half() -> Vec<u8> {
    let row: Vec<u8> = [[200, 0, 0, 128]; 20].into_iter().chain([[0; 4]; 20]).flatten().collect();
    png(40, 20, ExtendedColorType::Rgba8, &row.repeat(20))
}

fn near(p: &[u8], want: [u8; 3]) -> bool {
    (0..3).all(|c| p[c].abs_diff(want[c]) <= 6)
}

#[test]
fn a_transparent_background_is_white_in_jpeg_and_said_so() {
    let world = World::new();
    world.write("a.png", &half());
    world.write("b.jpg", &oddities::jpeg::plain(40, 20));
    for (color, right, left) in [
        ("transparent", [255; 3], [227, 127, 127]),
        ("#00f0", [255; 3], [227, 127, 127]),
        ("#0000ff80", [127, 127, 255], [164, 63, 127]),
        ("rgba(0 0 0 / 50%)", [127; 3], [164, 63, 63]),
    ] {
        let options = ["--existing", "replace", "--report", "-", "-q", "100", "--subsample", "444"];
        let ran =
            world.run(&[&["a.png", "--background", color, "-f", "png,jpeg", "-o", "out/"][..], &options].concat());
        ran.ok();
        let notes = line(&report(&ran.stdout), "done", "a.png")["notes"].to_string();
        assert!(notes.contains("background laid over white: JPEG has no alpha"), "{notes}");
        let (.., pixels) = world.pixels("out/a.jpg");
        assert!(near(&pixels[10 * 120 + 36 * 3..], right), "{color}: {:?}", &pixels[10 * 120 + 36 * 3..][..3]);
        assert!(near(&pixels[10 * 120 + 3 * 3..], left), "{color}: {:?}", &pixels[10 * 120 + 9..][..3]);
        // What can be transparent stays so.
        assert_eq!(rgba(&world.read("out/a.png"))[39][3], 0);

        // Bars, also of a picture that is opaque itself.
        let bars = ["-s", "40x40", "--fit", "contain", "-f", "jpeg,png", "-o", "bars/", "--name", "{stem}.{ext}"];
        let ran = world.run(&[&["b.jpg", "--background", color][..], &bars, &options].concat());
        ran.ok();
        let notes = line(&report(&ran.stdout), "done", "b.jpg")["notes"].to_string();
        assert!(notes.contains("background laid over white: JPEG has no alpha"), "{notes}");
        let (.., pixels) = world.pixels("bars/b.jpg");
        assert!(near(&pixels, right), "{color}: {:?}", &pixels[..3]);
        assert!(rgba(&world.read("bars/b.png"))[0][3] < 255);
    }
}

#[test]
fn an_opaque_background_and_one_that_is_not_used_need_no_word() {
    let world = World::new();
    world.write("a.png", &half());
    world.write("b.jpg", &oddities::jpeg::plain(40, 20));
    let ran = world.run(&["a.png", "--background", "navy", "-f", "jpeg", "-o", "out/", "--report", "-"]);
    let (.., pixels) = world.pixels("out/a.jpg");
    assert!(near(&pixels[39 * 3..], [0, 0, 128]) && !ran.ok().text().contains("over white"));
    let ran = world.run(&["b.jpg", "--background", "transparent", "-o", "out/", "--report", "-"]);
    assert!(!ran.ok().text().contains("over white"));
}
