//! AV1 by rav1e: one frame, on the calling thread.

use rav1e::color::{ChromaSampling, ColorPrimaries, MatrixCoefficients, PixelRange, TransferCharacteristics};
use rav1e::prelude::{
    ChromaSamplePosition, ColorDescription, Config, Context, EncoderConfig, EncoderStatus, FrameType, Pixel, Rational,
    SceneDetectionSpeed, SpeedSettings, Tune,
};

use super::planes::Planes;
use crate::size::Size;

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
pub struct Stream {
    pub data: Vec<u8>,
    /// What a decoder makes of it: rav1e's reconstruction after all filters.
    pub shown: Planes,
}

/// The stream of one picture.
///
/// # Errors
/// What rav1e says.
pub fn encode(picture: Planes, settings: &Settings) -> Result<Stream, String> {
    if picture.depth == 10 { with::<u16>(picture, settings) } else { with::<u8>(picture, settings) }
}

fn with<P: Pixel>(picture: Planes, settings: &Settings) -> Result<Stream, String> {
    let config = Config::new().with_encoder_config(configuration(&picture, settings));
    let mut context: Context<P> = config.new_context().map_err(|e| e.to_string())?;
    let mut frame = context.new_frame();
    let Planes { size, depth, share, planes } = picture;
    for (index, (plane, samples)) in frame.planes.iter_mut().zip(planes).enumerate() {
        let width = part(index, size, share).width as usize;
        let mut region = plane.mut_slice(Default::default());
        for (row, from) in region.rows_iter_mut().zip(samples.chunks_exact(width)) {
            row.iter_mut().zip(from).for_each(|(to, &v)| *to = P::cast_from(v));
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
    let count = if share.is_some() { 3 } else { 1 };
    let planes = frame.planes.iter().take(count).enumerate().map(|(index, plane)| {
        let Size { width, height } = part(index, size, share);
        let rows = plane.data_origin().chunks(plane.cfg.stride).take(height as usize);
        rows.flat_map(|row| row[..width as usize].iter().map(|&v| Into::<u32>::into(v) as u16)).collect()
    });
    Ok(Stream { data, shown: Planes { size, depth, share, planes: planes.collect() } })
}

/// The samples of a plane.
fn part(index: usize, size: Size, share: Option<(u8, u8)>) -> Size {
    match (index, share) {
        (1.., Some((x, y))) => Size::new(size.width.div_ceil(x.into()), size.height.div_ceil(y.into())),
        _ => size,
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

#[cfg(test)]
mod tests {
    use super::*;
    use re_rav1d::dav1d::{Decoder, PlanarImageComponent};

    /// The planes of a stream, by a port of dav1d.
    fn decoded(stream: &[u8], like: &Planes) -> Vec<Vec<u16>> {
        let mut settings = re_rav1d::dav1d::Settings::new();
        settings.set_n_threads(1);
        let mut decoder = Decoder::with_settings(&settings).unwrap();
        decoder.send_data(stream.to_vec(), None, None, None).unwrap();
        let picture = decoder.get_picture().unwrap();
        let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
        let planes = like.planes.iter().zip(components).enumerate().map(|(index, (_, component))| {
            let Size { width, height } = part(index, like.size, like.share);
            let bytes = picture.plane(component);
            let rows = bytes.chunks(picture.stride(component) as usize).take(height as usize);
            let sample = |v: &[u8]| v.iter().rev().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            let step = if like.depth == 10 { 2 } else { 1 };
            rows.flat_map(|row| row.chunks(step).take(width as usize).map(sample).collect::<Vec<_>>()).collect()
        });
        planes.collect()
    }

    /// What the encoder says is shown passed all filters of a decoder.
    #[test]
    fn what_is_shown_is_what_a_decoder_makes() {
        let size = Size::new(77, 51);
        let scene = |i: u32| (i * i / 77 + i % 51 * 3 + (i % 7) * 9) as u8;
        let samples: Vec<u8> = (0..77 * 51 * 3).map(scene).collect();
        for depth in [8, 10] {
            for share in [None, Some((1, 1)), Some((2, 1)), Some((2, 2))] {
                for (quantizer, effort) in [(60, 0), (200, 0), (120, 4)] {
                    let picture = match share {
                        None => Planes::grey(size, &samples, 0, 3, depth),
                        Some(share) => Planes::color(size, &samples, 3, share, depth),
                    };
                    let given = picture.planes.clone();
                    let stream = encode(picture, &Settings { quantizer, effort, is_srgb: true }).unwrap();
                    let case = format!("{depth} bits, {share:?}, quantizer {quantizer}, effort {effort}");
                    assert!(stream.shown.planes == decoded(&stream.data, &stream.shown), "{case}");
                    assert!(stream.shown.planes != given, "{case}: lossy");
                }
            }
        }
    }
}
