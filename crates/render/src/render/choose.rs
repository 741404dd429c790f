//! The format that takes the fewest bytes.

use super::aim::{Input, Interrupt, Made, Task};
use super::content::{Kind, kind};
use super::metric::Reference;
use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError, exact};
use crate::codec::{EncodeError, Header};
use crate::format::Format;
use crate::geometry::Placement;
use crate::orientation::Orientation;
use crate::recipe::{EncodeSettings, Recipe};

/// The score that `auto` aims at where the recipe names none: most people see no difference side by side.
pub const AUTO_TARGET: f64 = 80.0;

/// The order in which lossy formats are tried: those first that give a good bound quickly.
const LOSSY: [Format; 4] = [Format::WebP, Format::Jpeg, Format::Avif, Format::Png];

/// A way to encode that may win.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    format: Format,
    settings: EncodeSettings,
}

/// The formats of an output whose format is open. The first stands for all of them before one is chosen: it has alpha if
/// one of them has.
pub(super) fn formats(
    recipe: &Recipe,
    header: &Header,
    orientation: Orientation,
    placement: &Placement,
) -> Vec<Format> {
    let is_allowed = |format: &Format| format.writes() && recipe.allowed.contains(format);
    // Its pixels stay, so nothing without loss is smaller.
    let is_exact = recipe.encode.lossless && exact::is_whole_jpeg(recipe, header, orientation, placement);
    if is_exact && is_allowed(&Format::Jpeg) {
        return vec![Format::Jpeg];
    }
    let order = [Format::WebP, Format::Avif, Format::Png, Format::Jpeg];
    let size = placement.canvas;
    let fits = |format: Format| size.width.max(size.height) <= format.max_side();
    let all: Vec<Format> = order.into_iter().filter(is_allowed).collect();
    let fitting: Vec<Format> = all.iter().copied().filter(|&format| fits(format)).collect();
    // What fits nowhere fails by its size.
    if fitting.is_empty() { all } else { fitting }
}

/// The candidates, the most likely winners among the quick ones first.
fn candidates(settings: &EncodeSettings, formats: &[Format], kind: Kind, has_alpha: bool) -> Vec<Candidate> {
    let with = |format, settings| Candidate { format, settings };
    let fits = |format: &Format| formats.contains(format) && (format.has_alpha() || !has_alpha);
    let lossless_webp = if settings.near_lossless.is_some() { *settings } else { settings.with_lossless(true) };
    let mut lossless = Vec::new();
    if fits(&Format::Png) && !settings.lossy_png {
        lossless.push(with(Format::Png, *settings));
    }
    if fits(&Format::WebP) {
        lossless.push(with(Format::WebP, lossless_webp));
    }
    let is_lossy = |format: &Format| fits(format) && settings.is_lossy(*format);
    let lossy = LOSSY.into_iter().filter(is_lossy).map(|format| with(format, *settings)).collect::<Vec<_>>();
    let asks_lossless = settings.lossless || settings.near_lossless.is_some();
    match kind {
        _ if lossy.is_empty() => lossless,
        _ if lossless.is_empty() => lossy,
        _ if asks_lossless => lossless,
        Kind::Graphic => lossless,
        Kind::Photograph => lossy,
        Kind::Mixed => [lossless, lossy].concat(),
    }
}

impl Opened<'_> {
    /// Encodes in each format that may win, and keeps the smallest.
    pub(super) fn choose(
        &self,
        input: Input<'_>,
        variant: &PlannedVariant,
        interrupt: Interrupt<'_>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        let Input::Pixels(pixmap, _) = input else { unreachable!("planes are not used with a target") };
        let goal = self.recipe.goal.score.unwrap_or(AUTO_TARGET);
        let list = candidates(&self.recipe.encode, &variant.candidates, kind(pixmap), pixmap.channels().has_alpha());
        let is_near = self.recipe.encode.near_lossless.is_some();
        let is_measured = is_near || list.iter().any(|candidate| candidate.settings.is_lossy(candidate.format));
        let reference = if is_measured { Reference::new(pixmap) } else { None };
        let mut best: Option<(Made, Candidate)> = None;
        for candidate in list {
            let settled = variant.settled(candidate.format);
            let task = Task::new(self, input, &settled, candidate.settings, interrupt);
            let least = best.as_ref().filter(|(made, _)| made.is_met).map(|(made, _)| made.bytes.len());
            let made = match &reference {
                reference if !task.is_lossy() => Some(task.once(reference.as_ref())?),
                Some(reference) => task.reach(goal, reference, least)?,
                None => Some(task.once(None)?),
            };
            if let Some(made) = made.filter(|made| best.as_ref().is_none_or(|(best, _)| made.beats(best))) {
                best = Some((made, candidate));
            }
        }
        let Some((made, Candidate { format, settings })) = best else {
            let what = "no allowed format can hold this picture".to_owned();
            return Err(EncodeError::Failed { format: variant.format, what }.into());
        };
        if reference.is_none() && is_measured {
            notes.add("no score for these colours: encoded at a fixed quality");
        }
        let settled = variant.settled(format);
        let task = Task::new(self, input, &settled, settings, interrupt);
        task.bounded(made, notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Format; 4] = [Format::WebP, Format::Avif, Format::Png, Format::Jpeg];

    /// Formats in their order; lossless ones in capitals.
    fn order(settings: &EncodeSettings, formats: &[Format], kind: Kind, has_alpha: bool) -> String {
        let word = |candidate: &Candidate| match candidate.settings.is_lossy(candidate.format) {
            true => candidate.format.word().to_owned(),
            false => candidate.format.word().to_uppercase(),
        };
        candidates(settings, formats, kind, has_alpha).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_cannot_win_is_not_tried() {
        let of = |kind, has_alpha| order(&EncodeSettings::default(), &ALL, kind, has_alpha);
        assert_eq!(of(Kind::Photograph, false), "webp jpeg avif");
        assert_eq!(of(Kind::Photograph, true), "webp avif");
        assert_eq!(of(Kind::Graphic, false), "PNG WEBP");
        assert_eq!(of(Kind::Mixed, false), "PNG WEBP webp jpeg avif");
    }

    #[test]
    fn what_is_allowed_decides_where_nothing_else_is() {
        let of = |formats: &[Format], kind| order(&EncodeSettings::default(), formats, kind, false);
        assert_eq!(of(&[Format::Png], Kind::Photograph), "PNG");
        assert_eq!(of(&[Format::Jpeg, Format::Avif], Kind::Graphic), "jpeg avif");
        assert_eq!(of(&[Format::WebP], Kind::Graphic), "WEBP");
        assert_eq!(of(&[Format::WebP], Kind::Photograph), "webp");
    }

    #[test]
    fn settings_without_loss_leave_no_other() {
        let settings = EncodeSettings::default();
        for kind in [Kind::Graphic, Kind::Mixed, Kind::Photograph] {
            assert_eq!(order(&settings.with_lossless(true), &ALL, kind, false), "PNG WEBP");
            assert_eq!(order(&settings.with_near_lossless(60), &ALL, kind, false), "PNG WEBP");
        }
        assert_eq!(order(&settings.with_lossy_png(true), &ALL, Kind::Mixed, false), "WEBP webp jpeg avif png");
    }
}
