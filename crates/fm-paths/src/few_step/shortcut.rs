//! Steps of 2⁻ᵏ, each learnt from two of half its length.

use super::Jump;
use crate::PathError;

/// The ladder of step sizes of a shortcut model.
///
/// Steps have lengths 1, ½, …, 2^(1 − levels); their halves go down to the finest, 2^(−levels), which is asked for as a
/// step of length zero: the slice that flow matching teaches, an Euler step.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `levels` | 7 | number of lengths; the finest half step is 1/128 | 1 to 52 |
///
/// A row is taught either the velocity, on the slice of length zero, or the mean of two steps of half its length
/// ([`Jump::split`]), which carry no gradient and are the moving average's where there is one.
/// [`JumpSampler`](super::JumpSampler) draws both kinds.
///
/// # Examples
/// ```
/// use fm_paths::few_step::{Jump, Shortcut};
/// let shortcut = Shortcut { levels: 2 }; // steps of 1 and ½, halves of ½ and ¼
/// assert_eq!(shortcut.asked_length(Jump { from: 0.0, to: 0.5 }), 0.5);
/// assert_eq!(shortcut.asked_length(Jump { from: 0.5, to: 0.75 }), 0.0);
/// ```
///
/// # References
/// - K. Frans et al., *One Step Diffusion via Shortcut Models*, ICLR 2025, Section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Shortcut {
    /// Number of step lengths.
    pub levels: u32,
}

impl Default for Shortcut {
    fn default() -> Self {
        Self { levels: 7 }
    }
}

impl Shortcut {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the range of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::Shortcut;
    /// assert!(Shortcut { levels: 0 }.validate().is_err() && Shortcut { levels: 53 }.validate().is_err());
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        PathError::require((1..=52).contains(&self.levels), "levels", f64::from(self.levels), "from 1 to 52")
    }

    /// 2^(−levels), the length below which there is only the velocity.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(fm_paths::few_step::Shortcut::default().finest(), 1.0 / 128.0);
    /// ```
    pub fn finest(self) -> f64 {
        (-f64::from(self.levels)).exp2()
    }

    /// The length d with which the network is asked for this jump: its own, and 0 for the finest.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::{Jump, Shortcut};
    /// let asked = |to| Shortcut { levels: 2 }.asked_length(Jump { from: 0.0, to });
    /// assert_eq!([1.0, 0.5, 0.25].map(asked), [1.0, 0.5, 0.0]);
    /// ```
    pub fn asked_length(self, jump: Jump) -> f64 {
        if jump.length() > self.finest() { jump.length() } else { 0.0 }
    }

    /// The jumps of a sampler with `2^level` equal steps, from the source to the data.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a level above `levels`: the network was never taught such steps.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::{Jump, Shortcut};
    /// assert_eq!(Shortcut::default().steps(0)?, [Jump::WHOLE]);
    /// assert_eq!(Shortcut::default().steps(2)?[3], Jump { from: 0.75, to: 1.0 });
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn steps(self, level: u32) -> Result<Vec<Jump>, PathError> {
        self.validate()?;
        PathError::require(level <= self.levels, "level", f64::from(level), "at most `levels`")?;
        let length = (-f64::from(level)).exp2();
        Ok((0..1_u64 << level).map(|i| Jump { from: i as f64 * length, to: (i + 1) as f64 * length }).collect())
    }
}
