//! Resolves the options that change the look of pictures.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use thumbs_render::limits::Limits;
use thumbs_render::recipe::{Border, Color, Effects, Recipe, Watermark};
use thumbs_render::render::decode;

use super::args_effects::EffectArgs;
use crate::plan::Template;
use crate::source::{Source, SourceError};
use crate::words;

const BLACK: Color = Color { rgba: [0, 0, 0, 255] };

/// The operations. Reads the watermark.
pub fn effects(args: &EffectArgs, limits: &Limits) -> Result<Effects> {
    for (given, option) in [
        (args.watermark_gravity.is_some(), "--watermark-gravity"),
        (args.watermark_opacity.is_some(), "--watermark-opacity"),
        (args.watermark_scale.is_some(), "--watermark-scale"),
    ] {
        ensure!(!given || args.watermark.is_some(), "{option}: it has no effect without --watermark");
    }
    ensure!(args.border_color.is_none() || args.border.is_some(), "--border-color: it has no effect without --border");
    let mut effects = Effects::default().with_grayscale(args.grayscale);
    effects.trim = args.trim;
    effects.sharpen = args.sharpen;
    effects.blur = args.blur;
    effects.round = args.round;
    effects.border = args.border.map(|width| Border { width, color: args.border_color.unwrap_or(BLACK) });
    effects.watermark = args.watermark.as_deref().map(|file| watermark(args, file, limits)).transpose()?;
    Ok(effects)
}

fn watermark(args: &EffectArgs, file: &Path, limits: &Limits) -> Result<Watermark> {
    let refused = |why: &dyn std::fmt::Display| anyhow::anyhow!("--watermark {}: {why}", words::path(file));
    let read = || -> Result<Vec<u8>, SourceError> {
        let mut source = Source::open(file, limits.max_file_size)?;
        let mut bytes = source.head()?;
        source.rest(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| refused(&error))?;
    let decoded = decode(&bytes, None, &Recipe::default(), limits).map_err(|error| refused(&error))?;
    let mut mark = Watermark::new(decoded.pixels);
    mark.gravity = args.watermark_gravity.map_or(mark.gravity, Into::into);
    mark.opacity = args.watermark_opacity.map_or(mark.opacity, |opacity| opacity as f32);
    mark.scale = args.watermark_scale.unwrap_or(mark.scale);
    Ok(mark)
}

/// Checks what operations cannot be together with.
pub fn check(args: &EffectArgs, in_place: bool, enlarge: bool, template: &Template) -> Result<()> {
    if let (true, Some(option)) = (in_place, args.first()) {
        bail!("{option}: not together with --in-place: pictures keep their look");
    }
    if args.trim.is_some() {
        ensure!(!enlarge, "--trim: not together with --enlarge: what is left of a picture may be one pixel");
        ensure!(
            !template.tells_pixels(),
            "--trim: names with {{width}} or {{height}} are given before pixels are decoded; use {{size}}"
        );
    }
    Ok(())
}
