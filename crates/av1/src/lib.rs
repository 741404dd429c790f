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
        let (width, _) = part(index, picture);
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
        let (width, height) = part(index, picture);
        let rows = plane.data_origin().chunks(plane.cfg.stride).take(height);
        rows.flat_map(|row| row[..width].iter().copied()).collect()
    });
    Ok(Stream { data, shown: Picture { planes: planes.collect(), ..*picture } })
}

/// Columns and rows of a plane.
fn part(index: usize, picture: &Picture) -> (usize, usize) {
    let (x, y) = if index == 0 { (1, 1) } else { picture.share.unwrap_or((1, 1)) };
    (picture.width.div_ceil(x.into()) as usize, picture.height.div_ceil(y.into()) as usize)
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

#[cfg(test)]
mod tests {
    use super::*;
    use re_rav1d::dav1d::{Decoder, PlanarImageComponent};

    /// The planes of a stream, by a port of dav1d.
    fn decoded(stream: &[u8], like: &Picture) -> Vec<Vec<u16>> {
        let mut settings = re_rav1d::dav1d::Settings::new();
        settings.set_n_threads(1);
        let mut decoder = Decoder::with_settings(&settings).unwrap();
        decoder.send_data(stream.to_vec(), None, None, None).unwrap();
        let picture = decoder.get_picture().unwrap();
        let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
        let planes = components.into_iter().take(like.planes.len()).enumerate().map(|(index, component)| {
            let (width, height) = part(index, like);
            let bytes = picture.plane(component);
            let rows = bytes.chunks(picture.stride(component) as usize).take(height);
            let sample = |v: &[u8]| v.iter().rev().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            let step = if like.depth == 10 { 2 } else { 1 };
            rows.flat_map(|row| row.chunks(step).take(width).map(sample).collect::<Vec<_>>()).collect()
        });
        planes.collect()
    }

    /// What the encoder says is shown passed all filters of a decoder.
    #[test]
    fn what_is_shown_is_what_a_decoder_makes() {
        for (depth, share) in
            [(8, None), (10, None), (8, Some((1, 1))), (10, Some((2, 1))), (8, Some((2, 2))), (10, Some((2, 2)))]
        {
            for (quantizer, effort) in [(60, 0), (200, 0), (120, 4)] {
                let mut picture = Picture { width: 77, height: 51, depth, share, planes: Vec::new() };
                for index in 0..if share.is_some() { 3 } else { 1 } {
                    let (width, height) = part(index, &picture);
                    let sample =
                        |i: usize| (i * i / 77 + i % 51 * 3 + (i % 7) * 9 + index * 40) as u16 & ((1 << depth) - 1);
                    picture.planes.push((0..width * height).map(sample).collect());
                }
                let stream = encode(&picture, &Settings { quantizer, effort, is_srgb: true }).unwrap();
                let case = format!("{depth} bits, {share:?}, quantizer {quantizer}, effort {effort}");
                assert!(stream.shown.planes == decoded(&stream.data, &stream.shown), "{case}");
                assert!(stream.shown.planes != picture.planes, "{case}: lossy");
            }
        }
    }
}
