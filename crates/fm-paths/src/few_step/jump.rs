//! From one time to another along the flow.

use crate::PathError;

/// From the state at one time to the state at another, in our time.
///
/// The flow map Z of a velocity field u carries states along its trajectories, and the average velocity is
///
/// ```text
/// ū(z, from, to) = (Z(z, from, to) − z)/(to − from) = 1/(to − from)·∫ u(z_τ, τ) dτ,    ū(z, t, t) = u(z, t)
/// ```
///
/// The integral is taken along the trajectory `z_τ` through z, not at the fixed state z.
///
/// The papers' letters: MeanFlow's state is at `t` and goes to `r`; a shortcut starts at `t` and goes to `t + d`; a
/// consistency function starts at `t` and goes to ε.
///
/// # Examples
/// ```
/// use fm_paths::few_step::Jump;
/// let jump = Jump { from: 0.25, to: 0.75 };
/// assert_eq!((jump.length(), jump.step()), (0.5, [1.0, 0.5])); // z + ½·ū
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// The time of the state.
    pub from: f64,
    /// The time it is carried to; usually the later one, nearer to the data.
    pub to: f64,
}

impl Jump {
    /// From the source to the data: one-step sampling.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Jump;
    /// assert_eq!(Jump::WHOLE.step(), [1.0, 1.0]); // x₁ = x₀ + ū
    /// ```
    pub const WHOLE: Self = Self { from: 0.0, to: 1.0 };

    /// `to − from`; negative for a jump towards the source.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Jump;
    /// assert_eq!((Jump::WHOLE.length(), Jump { from: 0.75, to: 0.25 }.length()), (1.0, -0.5));
    /// ```
    pub fn length(self) -> f64 {
        self.to - self.from
    }

    /// Coefficients (state, average velocity) of the state at `to`.
    ///
    /// ```text
    /// z_to = z_from + (to − from)·ū(z_from, from, to)
    /// ```
    ///
    /// The same in either direction of time: both the length and the average velocity change sign.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Jump;
    /// assert_eq!(Jump::WHOLE.step(), [1.0, 1.0]); // x₁ = x₀ + ū
    /// assert_eq!(Jump { from: 0.75, to: 0.25 }.step(), [1.0, -0.5]);
    /// ```
    ///
    /// # References
    /// - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025, Section 4.
    pub fn step(self) -> [f64; 2] {
        [1.0, self.length()]
    }

    /// The jump in two: to the fraction `part` of the way, and on from there, with the coefficients (first, second) of
    /// the average velocity of the whole from those of the parts.
    ///
    /// ```text
    /// ū(z, from, to) = part·ū(z, from, middle) + (1 − part)·ū(z_middle, middle, to)
    /// ```
    ///
    /// The second average is taken at the state that the first one leads to, and at **its** time, `middle`. With
    /// `part = ½` the combination is the self-consistency target of shortcut models; any other part gives that of
    /// interval splitting.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a part outside `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Jump;
    /// let (first, second, target) = Jump { from: 0.25, to: 0.75 }.split(0.5)?;
    /// assert_eq!((first, second), (Jump { from: 0.25, to: 0.5 }, Jump { from: 0.5, to: 0.75 }));
    /// assert_eq!(target, [0.5, 0.5]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    ///
    /// # References
    /// - K. Frans et al., *One Step Diffusion via Shortcut Models*, ICLR 2025, Section 3.
    pub fn split(self, part: f64) -> Result<(Self, Self, [f64; 2]), PathError> {
        PathError::require((0.0..=1.0).contains(&part), "part", part, "in [0, 1]")?;
        let middle = self.from + part * self.length();
        Ok((Self { from: self.from, to: middle }, Self { from: middle, to: self.to }, [part, 1.0 - part]))
    }

    /// Itself if both times are in `[0, 1]`.
    pub(super) fn check(self, index: usize) -> Result<Self, PathError> {
        PathError::check_time(index, self.from)?;
        PathError::check_time(index, self.to)?;
        Ok(self)
    }
}
