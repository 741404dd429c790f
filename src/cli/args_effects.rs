//! Options that change the look of pictures.

use std::path::PathBuf;

use clap::Args;
use thumbs_render::recipe::{Color, Radius};

use super::args_values::Gravity;
use super::typed;

/// Operations on pixels, in their order.
#[derive(Debug, Args)]
#[command(next_help_heading = "Look")]
pub struct EffectArgs {
    /// Cut off edges of the colour of the upper left corner, or one that differs by at most N of 255, such as 10
    #[arg(long, value_name = "N", value_parser = typed::whole::<u8>("a tolerance", 0..=254))]
    pub trim: Option<u8>,
    /// Sharpen by an unsharp mask: 0.5 is moderate, 1 is strong
    #[arg(long, value_name = "AMOUNT", value_parser = typed::amount)]
    pub sharpen: Option<f32>,
    /// Blur with a Gaussian of this standard deviation in pixels of the output
    #[arg(long, value_name = "SIGMA", value_parser = typed::sigma)]
    pub blur: Option<f32>,
    /// Remove colours
    #[arg(long, alias = "greyscale")]
    pub grayscale: bool,
    /// Lay the picture FILE over outputs
    #[arg(long, value_name = "FILE")]
    pub watermark: Option<PathBuf>,
    /// Place of the watermark [default: southeast]
    #[arg(long, value_enum, value_name = "G", hide_possible_values = true)]
    pub watermark_gravity: Option<Gravity>,
    /// How opaque the watermark is, beside its own alpha [default: 50%]
    #[arg(long, value_name = "P%", value_parser = typed::percent)]
    pub watermark_opacity: Option<f64>,
    /// Most of an output's width and height that the watermark takes; it never grows [default: 25%]
    #[arg(long, value_name = "P%", value_parser = typed::percent)]
    pub watermark_scale: Option<f64>,
    /// Draw a border of N pixels around outputs, which get larger by it
    #[arg(long, value_name = "N", value_parser = typed::whole::<u32>("a border", 1..=10_000))]
    pub border: Option<u32>,
    /// CSS colour of the border [default: black]
    #[arg(long, value_name = "COLOR", value_parser = typed::color)]
    pub border_color: Option<Color>,
    /// Round corners with a radius in pixels, or in percent of the shorter side; without alpha, they get the background
    #[arg(long, value_name = "RADIUS", value_parser = typed::radius)]
    pub round: Option<Radius>,
}

impl EffectArgs {
    /// The first operation that is asked for.
    pub fn first(&self) -> Option<&'static str> {
        let all = [
            (self.trim.is_some(), "--trim"),
            (self.sharpen.is_some(), "--sharpen"),
            (self.blur.is_some(), "--blur"),
            (self.grayscale, "--grayscale"),
            (self.watermark.is_some(), "--watermark"),
            (self.border.is_some(), "--border"),
            (self.round.is_some(), "--round"),
        ];
        all.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }
}
