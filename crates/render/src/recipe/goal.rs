//! What encoders aim at.

/// What an encoder aims at, in place of a fixed quality.
///
/// ```
/// use thumbs_render::Recipe;
/// use thumbs_render::recipe::Goal;
///
/// // The fewest bytes that score 80, but never more than 50 kB.
/// let goal = Goal::default().with_score(80.0).with_max_bytes(50_000);
/// let recipe = Recipe::default().with_goal(goal);
/// # assert!(recipe.goal.is_set());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Goal {
    /// SSIMULACRA2 score against the resized pixels: 70 is high quality, 80 very high, 90 visually lossless.
    pub score: Option<f64>,
    /// Bytes of the output. It wins over `score`.
    pub max_bytes: Option<u64>,
    /// Makes the picture smaller where the lowest quality does not fit into `max_bytes`.
    pub allow_smaller: bool,
}

impl Goal {
    /// Aims at a SSIMULACRA2 score, at most 100.
    #[must_use]
    pub const fn with_score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// Bounds the bytes of an output.
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = Some(max_bytes);
        self
    }

    /// Allows an output with fewer pixels where its bytes need that.
    #[must_use]
    pub const fn with_allow_smaller(mut self, allow_smaller: bool) -> Self {
        self.allow_smaller = allow_smaller;
        self
    }

    /// Whether there is something to aim at.
    pub const fn is_set(&self) -> bool {
        self.score.is_some() || self.max_bytes.is_some()
    }
}
