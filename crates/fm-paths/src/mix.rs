//! The 2×2 algebra: every conversion between the quantities of an affine path.
//!
//! Two rows in the basis (data, noise) span the plane, so a third one is a combination of them. That single fact
//! replaces the table of pairwise formulas that other libraries carry: conversions, DDIM steps, loss weights and SDE
//! drifts are all one call of [`solve`].

/// A quantity of the path in the basis of its two ends: `data·x₁ + noise·x₀`. See [`solve`].
///
/// # Examples
/// ```
/// use fm_paths::{Linear, Mix, Prediction, Schedule};
/// assert_eq!(Prediction::Velocity.row(Linear.at(0.25)), Mix { data: 1.0, noise: -1.0 }); // x₁ − x₀
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// How much data.
    pub data: f64,
    /// How much noise.
    pub noise: f64,
}

impl Mix {
    /// The determinant `[self, other]`; zero exactly when the two rows are parallel.
    #[inline(always)]
    fn cross(self, other: Self) -> f64 {
        self.data * other.noise - self.noise * other.data
    }

    /// The factor `c` in `self = c·other`, for parallel rows, as a quotient.
    #[inline(always)]
    fn along(self, other: Self) -> (f64, f64) {
        if other.data.abs() > other.noise.abs() { (self.data, other.data) } else { (self.noise, other.noise) }
    }
}

impl From<Mix> for [f64; 2] {
    fn from(mix: Mix) -> Self {
        [mix.data, mix.noise]
    }
}

/// A quantity of the path from what a sampler has at hand: `state·z + prediction·p`. See [`solve`].
///
/// # Examples
/// ```
/// use fm_paths::{Conversion, Mix, solve};
/// let (z, u) = (Mix { data: 0.5, noise: 0.5 }, Mix { data: 1.0, noise: -1.0 });
/// let data = solve(z, u, Mix { data: 1.0, noise: 0.0 });
/// assert_eq!(data, Some(Conversion { state: 1.0, prediction: 0.5 })); // x₁ = z + ½·u
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    /// Coefficient of the state z.
    pub state: f64,
    /// Coefficient of the given prediction p. Its square is the factor between squared errors.
    pub prediction: f64,
}

impl From<Conversion> for [f64; 2] {
    fn from(conversion: Conversion) -> Self {
        [conversion.state, conversion.prediction]
    }
}

/// Writes the row `wanted` as a combination of the rows `state` and `given`.
///
/// ```text
/// q = ([q,p]/[z,p])·z + ([z,q]/[z,p])·p,    [a,b] = a.data·b.noise − a.noise·b.data     (Cramer's rule)
/// ```
///
/// Two removable cases come before the division: `wanted` parallel to `given` is a rescaled prediction, and `wanted`
/// parallel to `state` is already known. A zero row (the velocity of a path that starts from rest) says only what it is:
/// it gives itself and whatever the state alone gives. `None` when the rows do not determine the answer, or it is infinite.
///
/// # Examples
/// ```
/// use fm_paths::{Mix, solve};
///
/// let (t, data) = (0.25, Mix { data: 1.0, noise: 0.0 });
/// let z = Mix { data: t, noise: 1.0 - t };
/// let u = Mix { data: 1.0, noise: -1.0 };
/// let c = solve(z, data, u).unwrap();
/// assert_eq!((c.state, c.prediction), (-1.0 / 0.75, 1.0 / 0.75)); // u = (x₁ − z)/(1 − t)
/// assert_eq!(solve(data, data, u), None); // at t = 1 the state is the data: nothing is known of the noise
/// ```
pub fn solve(state: Mix, given: Mix, wanted: Mix) -> Option<Conversion> {
    let conversion = combination(state, given, wanted);
    (conversion.state.is_finite() && conversion.prediction.is_finite()).then_some(conversion)
}

/// [`solve`] without a branch: what the rows do not determine is not finite.
#[inline(always)]
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
pub(crate) fn combination(state: Mix, given: Mix, wanted: Mix) -> Conversion {
    let nothing = |row: Mix| (row.data == 0.0) & (row.noise == 0.0);
    let [against_given, against_state, determinant] = [wanted.cross(given), state.cross(wanted), state.cross(given)];
    let itself = nothing(given) & nothing(wanted);
    let rescaled = itself | ((against_given == 0.0) & !nothing(given));
    let known = !rescaled & (against_state == 0.0);
    // Chosen before dividing: two divisions, whatever the case.
    let either = |case: bool, yes: (f64, f64), no| if case { yes } else { no };
    let of_given = either(itself, (1.0, 1.0), wanted.along(given));
    let (part, whole) = either(known, wanted.along(state), (against_given, determinant));
    let (prediction, of) = either(rescaled, of_given, (against_state, determinant));
    Conversion {
        state: if rescaled { 0.0 } else { part / whole },
        prediction: if known { 0.0 } else { prediction / of },
    }
}
