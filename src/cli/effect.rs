//! Options that were typed and change nothing in this job. Each is named once; the run goes on.

use super::args::Args;
use super::args_values::Fit;
use super::command::Typed;
use thumbs_render::format::Format;
use thumbs_render::geometry::SizeSpec;
use thumbs_render::recipe::FormatChoice;

/// Options of downloads.
const NETWORK: [&str; 9] = [
    "connections",
    "per-host",
    "connect-timeout",
    "idle-timeout",
    "download-timeout",
    "retries",
    "retry-delay",
    "allow-private",
    "ignore-robots-tag",
];

/// Where the program writes no placeholders. A caller of the library gets them anyway.
pub const UNSEEN: &str = "--placeholder has no effect: it adds to --report, --srcset and --webdataset";

/// Whether placeholders are asked for, and nothing takes them.
pub fn is_unseen(args: &Args) -> bool {
    !args.quiet
        && !args.placeholder.is_empty()
        && args.report.is_none()
        && args.webdataset.is_none()
        && args.srcset.is_none()
}

/// A sentence for each option without effect.
pub fn without(args: &Args, typed: &Typed, sizes: &[SizeSpec], formats: &[FormatChoice]) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |option: &str, why: &str| found.push(format!("{option} has no effect: {why}"));
    // With `keep`, the inputs decide.
    let only = |wanted: &[Format]| {
        formats.iter().all(|choice| matches!(choice, FormatChoice::To(format) if wanted.contains(format)))
    };
    let lossless_only = formats.iter().all(|choice| match choice {
        FormatChoice::To(Format::Png) => !args.lossy_png,
        FormatChoice::To(Format::WebP) => args.lossless || args.near_lossless.is_some(),
        _ => false,
    });
    if typed.has("quality") && lossless_only {
        say("-q", "the output is lossless");
    }
    if typed.has("target") && lossless_only {
        say("--target", "the output is lossless");
    }
    if args.lossless && args.effects.first().is_some() && only(&[Format::Jpeg]) {
        say("--lossless", "a JPEG whose pixels change is encoded again");
    }
    let resizes = sizes.iter().all(|size| *size != SizeSpec::Original);
    if args.lossless && only(&[Format::Jpeg]) && resizes && args.effects.first().is_none() {
        say("--lossless", "a resized JPEG is encoded again; -s original rewrites it without loss");
    } else if args.lossless && only(&[Format::Avif]) {
        say("--lossless", "AVIF is written with loss; -f webp or png is lossless");
    } else if args.lossless && only(&[Format::Png]) {
        say("--lossless", "PNG is always lossless");
    }
    if args.near_lossless.is_some() && only(&[Format::Jpeg, Format::Png, Format::Avif]) {
        say("--near-lossless", "it is for WebP");
    }
    if args.lossy_png && only(&[Format::Jpeg, Format::WebP, Format::Avif]) {
        say("--lossy-png", "no output is a PNG");
    }
    if args.depth.is_some() && only(&[Format::Jpeg, Format::Png, Format::WebP]) {
        say("--depth", "it is for AVIF");
    }
    if args.alpha_quality.is_some() && only(&[Format::Jpeg, Format::Png]) {
        say("--alpha-quality", "it is for lossy WebP and AVIF");
    }
    if args.progressive && only(&[Format::Png, Format::WebP, Format::Avif]) {
        say("--progressive", "only JPEG is progressive");
    }
    if typed.has("subsample") && only(&[Format::Png, Format::WebP]) {
        say("--subsample", "it sets the chroma of JPEG and AVIF");
    }
    let stored = args.output.iter().chain(&args.webdataset).any(|output| crate::net::is_stored(output));
    let remote = stored || args.inputs.iter().any(|input| crate::net::is_url(input));
    let listed = !(args.files_from.is_empty() && args.files0_from.is_empty() && args.tables.table.is_empty());
    if !remote && !listed {
        let given = |option: &&&str| typed.has(&option.replace('-', "_"));
        for option in NETWORK.iter().filter(given) {
            say(&format!("--{option}"), "no INPUT is a URL");
        }
    }
    if typed.has("gravity") && !matches!(args.fit, Fit::Cover | Fit::Contain) {
        say("--gravity", "only --fit cover crops and only --fit contain pads");
    }
    if sizes.iter().all(|size| *size == SizeSpec::Original) {
        for (given, option) in [
            (typed.has("fit"), "--fit"),
            (args.enlarge, "--enlarge"),
            (typed.has("filter"), "--filter"),
            (args.linear, "--linear"),
        ] {
            if given {
                say(option, "-s original does not resize");
            }
        }
    }
    found
}
