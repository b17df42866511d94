//! The MeanFlow identity as coefficients.

use super::Jump;
use crate::{Guidance, PathError, TimeDirection};

/// The rule that trains a network to predict average velocities.
///
/// ```text
/// ū = u + (to − from)·dū/d(from),    dū/d(from) = u·∂ū/∂z + ∂ū/∂(from)
/// ```
///
/// It follows by differentiating `(to − from)·ū = ∫ u dτ` along the trajectory with the goal held fixed. In the letters of
/// the paper (state at `t`, goal `r ≤ t`, time from data to noise) it reads `u = v − (t − r)·du/dt`: the same identity, with
/// the same sign, since both derivative and velocity change theirs with the direction of time. Mixing the two directions
/// in one formula is the mistake to make, so the network's direction is a field and everything else here is in our time.
///
/// The right-hand side is the regression target, **without gradient**. In place of the marginal velocity u, both in the
/// target and in the tangent, training puts the conditional one ([`AffinePath::target`](crate::AffinePath::target) of
/// the velocity): the average over the data is the same, because the identity is linear in it at a fixed network.
///
/// # Examples
/// ```
/// use fm_paths::few_step::{Jump, MeanFlow};
/// assert_eq!(MeanFlow::default().target(&[Jump { from: 0.25, to: 0.75 }])?, [[1.0, 0.5]]); // u + ½·dū
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025, Section 4 and Algorithm 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanFlow {
    /// Which way the network's own times and velocities run; [`TimeDirection::SourceToData`] is ours.
    pub network_time: TimeDirection,
}

/// Along which direction the network is differentiated, argument by argument.
///
/// The arguments have names because their order differs between texts: the paper's algorithm calls `fn(z, r, t)` with
/// tangents (v, 0, 1), published code calls `fn(z, t, r)` with (v, 1, 0).
///
/// | field | argument | paper |
/// |---|---|---|
/// | `state` | z | z |
/// | `from` | the time of the state | t |
/// | `to` | the time of the goal | r |
///
/// # Examples
/// ```
/// use fm_paths::few_step::{MeanFlow, Tangents};
/// assert_eq!(MeanFlow::default().tangents(), Tangents { state: 1.0, from: 1.0, to: 0.0 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tangents {
    /// The tangent of the state is this times **our** velocity.
    pub state: f64,
    /// The tangent of the network's time of the state.
    pub from: f64,
    /// The tangent of the network's time of the goal: the goal does not move.
    pub to: f64,
}

impl Tangents {
    /// The tangent of `from − to`, for networks that are fed the difference of their times (`t − r`) as one argument.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(fm_paths::few_step::MeanFlow::default().tangents().difference(), 1.0);
    /// ```
    pub fn difference(self) -> f64 {
        self.from - self.to
    }
}

impl MeanFlow {
    /// The times the network is asked at, in its own direction.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeDirection, few_step::{Jump, MeanFlow}};
    /// let theirs = MeanFlow { network_time: TimeDirection::DataToSource };
    /// assert_eq!(theirs.arguments(Jump::WHOLE), Jump { from: 1.0, to: 0.0 }); // t = 1, r = 0
    /// ```
    pub fn arguments(self, jump: Jump) -> Jump {
        Jump { from: self.network_time.time(jump.from), to: self.network_time.time(jump.to) }
    }

    /// The tangents of the derivative that [`MeanFlow::target`] needs: the network's own clock runs forward, and the
    /// state moves with the velocity of that clock.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeDirection, few_step::{MeanFlow, Tangents}};
    /// let theirs = MeanFlow { network_time: TimeDirection::DataToSource };
    /// assert_eq!(theirs.tangents(), Tangents { state: -1.0, from: 1.0, to: 0.0 }); // v = ε − x = −u
    /// ```
    pub fn tangents(self) -> Tangents {
        Tangents { state: self.network_time.velocity(1.0), from: 1.0, to: 0.0 }
    }

    /// Coefficients (our velocity, derivative along the tangents) of the target of the network's output.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeDirection::DataToSource, few_step::{Jump, MeanFlow}};
    /// let jump = Jump { from: 0.25, to: 0.75 };
    /// assert_eq!(MeanFlow::default().target(&[jump])?, [[1.0, 0.5]]);
    /// // t = 0.75, r = 0.25: v − (t − r)·du/dt, with v = −u.
    /// assert_eq!(MeanFlow { network_time: DataToSource }.target(&[jump])?, [[-1.0, -0.5]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn target(self, jumps: &[Jump]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(jumps, |sign, length| [sign, length])
    }

    /// Coefficients (network's output, derivative along the tangents) of the velocity in our time that the network
    /// implies: the identity, solved for u.
    ///
    /// The improved form of the loss compares this with the conditional velocity, where the tangent of the state is the
    /// network's own velocity on the slice `from = to`; the target is then that of plain flow matching.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::{Jump, MeanFlow};
    /// assert_eq!(MeanFlow::default().velocity(&[Jump { from: 0.25, to: 0.75 }])?, [[1.0, -0.5]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    ///
    /// # References
    /// - Z. Geng et al., *Improved Mean Flows: On the Challenges of Fastforward Generative Models*, 2025.
    pub fn velocity(self, jumps: &[Jump]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(jumps, |sign, length| [sign, -sign * length])
    }

    /// Coefficients (state, network's output) of the state at the end of each jump.
    ///
    /// # Errors
    /// [`PathError::TimeOutOfRange`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{TimeDirection::DataToSource, few_step::{Jump, MeanFlow}};
    /// // One-step sampling, x = ε − u(ε, r = 0, t = 1).
    /// assert_eq!(MeanFlow { network_time: DataToSource }.step(&[Jump::WHOLE])?, [[1.0, -1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn step(self, jumps: &[Jump]) -> Result<Vec<[f64; 2]>, PathError> {
        self.each(jumps, |_, length| [1.0, length])
    }

    /// `f` of the sign of the network's velocity and the length on its clock.
    fn each(self, jumps: &[Jump], f: impl Fn(f64, f64) -> [f64; 2]) -> Result<Vec<[f64; 2]>, PathError> {
        let sign = self.network_time.velocity(1.0);
        let rule = |(index, jump): (usize, &Jump)| Ok(f(sign, sign * jump.check(index)?.length()));
        jumps.iter().enumerate().map(rule).collect()
    }
}

/// Coefficients (velocity, conditional slice, unconditional slice) of the velocity that teaches a network to be guided by
/// itself, at one function evaluation a step.
///
/// ```text
/// ũ = (1 − κ)·[w·u + (1 − w)·ū(z, t, t, ∅)] + κ·ū(z, t, t, y)
/// ```
///
/// It takes the place of u in [`MeanFlow::target`] and in the tangent of the state. Its fixed point on the slice is the
/// classifier-free guided field at scale `w`, whatever κ is. The paper writes ω·v + κ·u(y) + (1 − ω − κ)·u(∅), so that
/// ω = w·(1 − κ) and its effective scale is ω/(1 − κ). Outside the interval of the guidance the velocity is left alone.
///
/// # Errors
/// [`PathError::Parameter`] unless κ is in `[0, 1)`; as [`Guidance::validate`]; [`PathError::TimeOutOfRange`].
///
/// # Examples
/// ```
/// use fm_paths::{Guidance, few_step::folded_guidance};
/// let guidance = Guidance { scale: 2.0, interval: [0.0, 0.8], ..Guidance::default() };
/// assert_eq!(folded_guidance(&guidance, 0.5, &[0.3, 0.9])?, [[1.0, 0.5, -0.5], [1.0, 0.0, 0.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025, Section 4.2 and Appendix (mixing scale κ).
pub fn folded_guidance(guidance: &Guidance, kappa: f64, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
    guidance.validate()?;
    PathError::require((0.0..1.0).contains(&kappa), "kappa", kappa, "in [0, 1)")?;
    let fold = |[unconditional, conditional]: [f64; 2]| {
        if unconditional == 0.0 {
            return [1.0, 0.0, 0.0];
        }
        [(1.0 - kappa) * conditional, kappa, (1.0 - kappa) * unconditional]
    };
    Ok(guidance.coefficients(t)?.into_iter().map(fold).collect())
}

/// The weight that makes large errors of a sample count for less.
///
/// ```text
/// w = 1/(‖Δ‖² + c)^p,    loss = stopgrad(w)·‖Δ‖²
/// ```
///
/// `p = 0` is the plain squared error, `p = ½` close to the distance (pseudo-Huber), `p = 1` the default.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `power` | 1 | p | not negative |
/// | `offset` | 1e-3 | c, which keeps the weight finite | positive |
///
/// # Examples
/// ```
/// use fm_paths::few_step::AdaptiveWeight;
/// assert_eq!(AdaptiveWeight { power: 1.0, offset: 0.5 }.weight(1.5), 0.5);
/// ```
///
/// # References
/// - Z. Geng et al., *Mean Flows for One-step Generative Modeling*, 2025, Section 4.3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct AdaptiveWeight {
    /// The power p.
    pub power: f64,
    /// The offset c.
    pub offset: f64,
}

impl Default for AdaptiveWeight {
    fn default() -> Self {
        Self { power: 1.0, offset: 1e-3 }
    }
}

impl AdaptiveWeight {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the ranges of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::AdaptiveWeight;
    /// assert!(AdaptiveWeight { power: 1.0, offset: 0.0 }.validate().is_err()); // infinite at no error
    /// ```
    pub fn validate(self) -> Result<(), PathError> {
        let Self { power, offset } = self;
        PathError::require(power.is_finite() && power >= 0.0, "power", power, "not negative and finite")?;
        PathError::require(offset.is_finite() && offset > 0.0, "offset", offset, "positive and finite")
    }

    /// The weight of a sample whose squared error, summed over its elements, is `squared_error`. A constant in the
    /// gradient.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::few_step::AdaptiveWeight;
    /// let pseudo_huber = AdaptiveWeight { power: 0.5, offset: 1.0 };
    /// assert_eq!([0.0, 3.0, 15.0].map(|error| pseudo_huber.weight(error)), [1.0, 0.5, 0.25]);
    /// ```
    pub fn weight(self, squared_error: f64) -> f64 {
        (squared_error + self.offset).powf(-self.power)
    }
}
