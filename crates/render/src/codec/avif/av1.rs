//! AV1 by rav1e: one frame, on the calling thread.

use rav1e::color::{ChromaSampling, ColorPrimaries, MatrixCoefficients, PixelRange, TransferCharacteristics};
use rav1e::prelude::{
    ChromaSamplePosition, ColorDescription, Config, Context, EncoderConfig, EncoderStatus, FrameType, Pixel, Rational,
    SceneDetectionSpeed, SpeedSettings, Tune,
};

use super::planes::Planes;

/// How to encode a picture.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// AV1's base quantizer, 0 to 255.
    pub quantizer: u8,
    /// 0 (fast) to 9 (small).
    pub effort: u8,
    /// Whether the colours are sRGB, and not left to a profile.
    pub is_srgb: bool,
}

/// The stream of one picture.
///
/// # Errors
/// What rav1e says.
pub fn encode(picture: Planes, settings: &Settings) -> Result<Vec<u8>, String> {
    if picture.depth == 10 { with::<u16>(picture, settings) } else { with::<u8>(picture, settings) }
}

fn with<P: Pixel>(picture: Planes, settings: &Settings) -> Result<Vec<u8>, String> {
    let config = Config::new().with_encoder_config(configuration(&picture, settings));
    let mut context: Context<P> = config.new_context().map_err(|e| e.to_string())?;
    let mut frame = context.new_frame();
    let Planes { size, share, planes, .. } = picture;
    for (index, (plane, samples)) in frame.planes.iter_mut().zip(planes).enumerate() {
        let across = if index == 0 { 1 } else { share.map_or(1, |share| u32::from(share.0)) };
        let width = size.width.div_ceil(across) as usize;
        let mut region = plane.mut_slice(Default::default());
        for (row, from) in region.rows_iter_mut().zip(samples.chunks_exact(width)) {
            row.iter_mut().zip(from).for_each(|(to, &v)| *to = P::cast_from(v));
        }
    }
    context.send_frame(frame).map_err(|e| e.to_string())?;
    context.flush();
    let mut out = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) if packet.frame_type == FrameType::KEY => out.extend(packet.data),
            Ok(_) | Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => return Ok(out),
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn configuration(picture: &Planes, settings: &Settings) -> EncoderConfig {
    let (primaries, transfer) = match settings.is_srgb {
        true => (ColorPrimaries::BT709, TransferCharacteristics::SRGB),
        false => (ColorPrimaries::Unspecified, TransferCharacteristics::Unspecified),
    };
    let color_description = Some(ColorDescription {
        color_primaries: primaries,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::BT601,
    });
    EncoderConfig {
        width: picture.size.width as usize,
        height: picture.size.height as usize,
        sample_aspect_ratio: Rational::new(1, 1),
        time_base: Rational::new(1, 1),
        bit_depth: picture.depth.into(),
        chroma_sampling: match picture.share {
            None => ChromaSampling::Cs400,
            Some((1, _)) => ChromaSampling::Cs444,
            Some((_, 1)) => ChromaSampling::Cs422,
            Some(_) => ChromaSampling::Cs420,
        },
        chroma_sample_position: ChromaSamplePosition::Unknown,
        pixel_range: PixelRange::Full,
        color_description,
        still_picture: true,
        min_key_frame_interval: 0,
        max_key_frame_interval: 0,
        quantizer: settings.quantizer.into(),
        min_quantizer: settings.quantizer,
        tune: Tune::Psychovisual,
        speed_settings: speed(settings),
        // One tile: several cost bytes, and each picture has one thread.
        tiles: 1,
        ..EncoderConfig::default()
    }
}

/// rav1e's presets, less what is for moving pictures.
fn speed(settings: &Settings) -> SpeedSettings {
    let mut speed = SpeedSettings::from_preset(10 - settings.effort.min(9));
    speed.multiref = false;
    speed.rdo_lookahead_frames = 1;
    speed.scene_detection_mode = SceneDetectionSpeed::None;
    speed.motion.include_near_mvs = false;
    speed.motion.use_satd_subpel = false;
    speed
}
