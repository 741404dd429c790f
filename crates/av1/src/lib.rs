//! AV1 by rav1e: one frame, on the calling thread.
//!
//! rav1e is generic over the type of a sample, so it is compiled where it is called: here, once, apart from the code that
//! changes often.

use rav1e::color::{ChromaSampling, ColorPrimaries, MatrixCoefficients, PixelRange, TransferCharacteristics};
use rav1e::prelude::{
    ChromaSamplePosition, ColorDescription, Config, Context, EncoderConfig, EncoderStatus, FrameType, Rational,
    SceneDetectionSpeed, SpeedSettings, Tune,
};

/// A picture as AV1 takes it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bits per sample, 8 or 10.
    pub depth: u8,
    /// Columns and rows per chroma sample. None is luma only.
    pub share: Option<(u8, u8)>,
    /// Luma, or luma and two chroma planes, row by row without gaps.
    pub planes: Vec<Vec<u16>>,
}

impl Picture {
    /// Columns and rows of a plane.
    pub fn plane_size(&self, plane: usize) -> (usize, usize) {
        let (x, y) = if plane == 0 { (1, 1) } else { self.share.unwrap_or((1, 1)) };
        (self.width.div_ceil(x.into()) as usize, self.height.div_ceil(y.into()) as usize)
    }
}

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

/// An encoded picture.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The bytes.
    pub data: Vec<u8>,
    /// What a decoder makes of it: rav1e's reconstruction after all filters.
    pub shown: Picture,
}

/// The stream of one picture.
///
/// # Errors
/// What rav1e says.
pub fn encode(picture: &Picture, settings: &Settings) -> Result<Stream, String> {
    // Samples of 8 bits are encoded as 16, too: the bytes are the same, and rav1e is compiled once.
    let config = Config::new().with_encoder_config(configuration(picture, settings));
    let mut context: Context<u16> = config.new_context().map_err(|e| e.to_string())?;
    let mut frame = context.new_frame();
    for (index, (plane, samples)) in frame.planes.iter_mut().zip(&picture.planes).enumerate() {
        let (width, _) = picture.plane_size(index);
        let mut region = plane.mut_slice(Default::default());
        for (row, from) in region.rows_iter_mut().zip(samples.chunks_exact(width)) {
            row[..width].copy_from_slice(from);
        }
    }
    context.send_frame(frame).map_err(|e| e.to_string())?;
    context.flush();
    let mut data = Vec::new();
    let mut shown = None;
    loop {
        match context.receive_packet() {
            Ok(packet) if packet.frame_type == FrameType::KEY => {
                data.extend(packet.data);
                shown = packet.rec;
            }
            Ok(_) | Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    let frame = shown.ok_or("no frame is shown")?;
    let planes = frame.planes.iter().take(picture.planes.len()).enumerate().map(|(index, plane)| {
        let (width, height) = picture.plane_size(index);
        let rows = plane.data_origin().chunks(plane.cfg.stride).take(height);
        rows.flat_map(|row| row[..width].iter().copied()).collect()
    });
    Ok(Stream { data, shown: Picture { planes: planes.collect(), ..*picture } })
}

fn configuration(picture: &Picture, settings: &Settings) -> EncoderConfig {
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
        width: picture.width as usize,
        height: picture.height as usize,
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
