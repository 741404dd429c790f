//! Qualities that are chosen by a score or by bytes.

use crate::avif;
use crate::testenv::{World, report};
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use serde_json::Value;

/// A world with photographs of this repository.
fn photographs() -> World {
    let world = World::new();
    for name in ["chelsea.jpg", "coffee.png", "rocket.webp", "hopper.jpg"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos").join(name);
        world.write(format!("in/{name}"), &std::fs::read(path).expect("a photograph"));
    }
    world
}

fn outputs(world: &World, args: &[&str]) -> Vec<Value> {
    world.run(&[&["in", "-o", "out/", "--existing", "replace", "--report", "r.ndjson"], args].concat()).ok();
    let lines = report(&world.read("r.ndjson"));
    let done = lines.iter().filter(|line| line["type"] == "done");
    let mut outputs: Vec<Value> = done.flat_map(|line| line["outputs"].as_array().unwrap().clone()).collect();
    outputs.sort_by_key(|output| output["path"].to_string());
    outputs
}

fn number(output: &Value, key: &str) -> f64 {
    output[key].as_f64().unwrap_or_else(|| panic!("no {key} in {output}"))
}

#[test]
fn a_target_is_reached_and_hardly_exceeded() {
    let world = photographs();
    for format in ["jpeg", "webp"] {
        for target in ["60", "75"] {
            let made = outputs(&world, &["-s", "200", "-f", format, "--target", target]);
            assert_eq!(made.len(), 4);
            let goal: f64 = target.parse().unwrap();
            for output in &made {
                let score = number(output, "score");
                assert!((goal..goal + 4.0).contains(&score), "{format} {target}: {output}");
                assert!((1.0..=100.0).contains(&number(output, "quality")), "{output}");
                assert_eq!(output["effort"], if format == "jpeg" { 4 } else { 6 });
            }
        }
    }
    let quick = outputs(&world, &["-s", "200", "-f", "jpeg", "--target", "75", "--effort", "0"]);
    assert!(quick.iter().all(|output| output["effort"] == 0));
}

/// Quality is lowered by a limit of bytes, or by the source. The chroma stays that of the quality that was asked for.
#[test]
fn full_chroma_stays_where_the_quality_is_lowered() {
    use thumbs_jpeg::encode::{Picture, Samples, Sampling, Settings, encode};
    let world = photographs();
    let pixels: Vec<u8> = (0..320 * 200 * 3u64).map(|i| (i * i / 77 % 251) as u8).collect();
    let settings = Settings { quality: 80, sampling: Sampling::S444, ..Settings::default() };
    let picture = Picture { width: 320, height: 200, samples: Samples::Rgb(&pixels) };
    world.write("in/444.jpg", &encode(&picture, &settings).unwrap());
    let limited = outputs(&world, &["-s", "100", "-f", "jpeg", "-q", "95", "--max-bytes", "4000"]);
    assert_eq!(limited.len(), 5);
    assert!(limited.iter().all(|output| number(output, "bytes") <= 4000.0));
    assert!(limited.iter().any(|output| number(output, "quality") < 90.0));
    let whole = outputs(&world, &["-s", "original", "-f", "jpeg", "-q", "95"]);
    assert_eq!(whole.len(), 5);
    assert_eq!(whole[0]["encoder"], "source", "{}", whole[0]);
}

/// The score is that of a decoder, which shows the same pixels.
#[test]
fn avif_reaches_a_target_that_a_decoder_confirms() {
    let world = photographs();
    world.write("in/alpha.png", &oddities::png::rgba(300, 200));
    world.write("in/grey.jpg", &oddities::jpeg::grey(300, 200));
    let args = ["-s", "96", "--subsample", "444", "--effort", "0"];
    let exact = outputs(&world, &[&args[..2], &["-f", "png"]].concat());
    for target in ["60", "80"] {
        let made = outputs(&world, &[&args[..], &["-f", "avif", "--target", target]].concat());
        assert_eq!(made.len(), 6);
        let goal: f64 = target.parse().unwrap();
        for (output, exact) in made.iter().zip(&exact) {
            let score = number(output, "score");
            // Drawn pictures take large steps from one quality to the next.
            let is_drawn = ["grey", "alpha"].iter().any(|name| output["path"].as_str().unwrap().contains(name));
            assert!(score >= goal && (is_drawn || score < goal + 4.0), "{target}: {output}");
            let shown = avif::read(&world.read(output["path"].as_str().unwrap()));
            let wanted = world.read(exact["path"].as_str().unwrap());
            let wanted = image::load_from_memory(&wanted).expect("a PNG").into_rgba8().into_raw();
            let opaque = vec![255; shown.rgb.len() / 3];
            let alphas = shown.alpha.as_ref().unwrap_or(&opaque);
            let ours: Vec<u8> =
                shown.rgb.chunks_exact(3).zip(alphas).flat_map(|(p, &a)| [p[0], p[1], p[2], a]).collect();
            let confirmed = ssimulacra2(shown.width, shown.height, &wanted, &ours);
            assert!((confirmed - score).abs() < 0.3, "{confirmed} for {output}");
        }
    }
}

/// Of RGBA.
fn ssimulacra2(width: u32, height: u32, a: &[u8], b: &[u8]) -> f64 {
    let slice = |samples| {
        PixelSlice::new(samples, width, height, width as usize * 4, PixelDescriptor::RGBA8_SRGB)
            .expect("pixels")
            .erase()
    };
    compute_ssimulacra2(&slice(a), &slice(b)).expect("a score")
}

#[test]
fn the_report_names_what_encoded_each_output() {
    let world = photographs();
    for (format, effort, encoder) in
        [("jpeg", 0, "thumbs-jpeg"), ("webp", 4, "libwebp"), ("png", 0, "png"), ("avif", 2, "rav1e")]
    {
        for output in outputs(&world, &["-s", "20", "-f", format]) {
            assert_eq!((&output["effort"], &output["encoder"]), (&effort.into(), &encoder.into()), "{output}");
            // A quality where there is loss, a score where there is none.
            assert_eq!((output["quality"].is_null(), output["score"].is_null()), (format == "png", format != "png"));
        }
    }
    for output in outputs(&world, &["-s", "20", "-f", "png", "--effort", "3"]) {
        assert_eq!((&output["effort"], &output["encoder"]), (&3.into(), &"oxipng".into()), "{output}");
    }
    world.run(&["in/hopper.jpg", "-s", "20", "-f", "webp", "-q", "70", "-o", "one/", "--report", "r.csv"]).ok();
    let table = String::from_utf8(world.read("r.csv")).expect("UTF-8");
    let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split(',').collect()).collect();
    let cell = |name: &str| rows[1][rows[0].iter().position(|column| *column == name).expect(name)];
    assert_eq!(["quality", "score", "effort", "encoder"].map(cell), ["70", "", "4", "libwebp"]);
}

#[test]
fn avif_fits_into_its_bytes() {
    let world = photographs();
    let made = outputs(&world, &["-s", "96", "-f", "avif", "--effort", "0", "--target", "95", "--max-bytes", "1500B"]);
    assert_eq!(made.len(), 4);
    for output in &made {
        assert!(number(output, "bytes") <= 1500.0 && number(output, "score") < 95.0, "{output}");
    }
}

#[test]
fn a_higher_target_takes_more_bytes() {
    let world = photographs();
    let sum = |target: &str| -> f64 {
        outputs(&world, &["-s", "200", "-f", "jpeg", "--target", target]).iter().map(|o| number(o, "bytes")).sum()
    };
    let (low, high) = (sum("60"), sum("85"));
    assert!(low * 1.3 < high, "{low} {high}");
}

#[test]
fn auto_quality_is_a_target_of_80() {
    let world = photographs();
    let auto = outputs(&world, &["-s", "100", "-f", "jpeg", "-q", "auto"]);
    let bytes = world.read("out/hopper.jpg");
    let target = outputs(&world, &["-s", "100", "-f", "jpeg", "--target", "80"]);
    assert_eq!(auto, target);
    assert!(bytes == world.read("out/hopper.jpg"));
}

#[test]
fn what_cannot_reach_the_target_says_so() {
    let world = photographs();
    let made = outputs(&world, &["-s", "100", "-f", "jpeg", "--subsample", "420", "--target", "100"]);
    for output in &made {
        assert_eq!(number(output, "quality"), 100.0, "{output}");
    }
    let lines = report(&world.read("r.ndjson"));
    let notes = |line: &&Value| line["notes"].to_string().contains("below the target of 100");
    assert_eq!(lines.iter().filter(notes).count(), 4, "{lines:#?}");
}

#[test]
fn bytes_are_bounded() {
    let world = photographs();
    for format in ["jpeg", "webp"] {
        let made = outputs(&world, &["-s", "200", "-f", format, "--max-bytes", "4k"]);
        assert_eq!(made.len(), 4);
        for output in &made {
            let bytes = number(output, "bytes");
            assert!(bytes <= 4096.0, "{output}");
            let path = output["path"].as_str().unwrap();
            assert_eq!(bytes as usize, world.read(path).len());
        }
    }
    let both = outputs(&world, &["-s", "200", "-f", "jpeg", "--target", "90", "--max-bytes", "5k"]);
    assert!(both.iter().all(|output| number(output, "bytes") <= 5120.0 && number(output, "score") < 90.0), "{both:#?}");
}

#[test]
fn a_picture_that_never_fits_says_so_or_gets_fewer_pixels() {
    let world = photographs();
    let made = outputs(&world, &["-s", "200", "-f", "png", "--max-bytes", "9k"]);
    assert!(made.iter().any(|output| number(output, "bytes") > 9216.0), "{made:#?}");
    let said = world.read("r.ndjson");
    assert!(String::from_utf8_lossy(&said).contains("over the limit of 9.22 kB (--max-bytes)"));
    for format in ["png", "jpeg"] {
        let limit = if format == "png" { "9k" } else { "1500B" };
        let made = outputs(&world, &["-s", "200", "-f", format, "--max-bytes", limit, "--allow-smaller"]);
        for output in &made {
            let most = if format == "png" { 9216.0 } else { 1500.0 };
            assert!(number(output, "bytes") <= most, "{format}: {output}");
            let (width, height) = world.size(output["path"].as_str().unwrap());
            assert_eq!((f64::from(width), f64::from(height)), (number(output, "width"), number(output, "height")));
        }
        assert!(made.iter().any(|output| number(output, "width") < 200.0), "{made:#?}");
    }
}

#[test]
fn the_number_of_workers_has_no_say() {
    let world = photographs();
    outputs(&world, &["-s", "150", "-f", "jpeg", "--target", "75", "-j", "1"]);
    let one = world.read("out/chelsea.jpg");
    outputs(&world, &["-s", "150", "-f", "jpeg", "--target", "75", "-j", "4"]);
    assert!(one == world.read("out/chelsea.jpg"));
}

#[test]
fn options_are_checked() {
    let world = World::with(&["a.jpg"]);
    for (args, said) in [
        (&["--target", "0"][..], "--target 0: a score is a number from 1 to 100"),
        (&["--target", "high"], "--target high: a score is a number from 1 to 100"),
        (&["--target", "80", "-q", "70"], "--target: not together with -q"),
        (&["--allow-smaller"], "--allow-smaller: it has no effect without --max-bytes"),
        (&["-q", "aut"], "-q aut: quality is a whole number from 1 to 100, or auto; did you mean auto?"),
    ] {
        world.run(&[&["a.jpg"], args].concat()).code(2).says(said);
    }
    world.run(&["a.jpg", "-f", "png", "--target", "80", "-o", "out/"]).ok().says("--target has no effect: ");
}
