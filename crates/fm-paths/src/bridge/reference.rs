//! The noise of a Brownian bridge: a diffusion coefficient and the integral of its square.

use crate::PathError;

/// A reference process `dX = g(t) dW`.
pub trait Reference {
    /// The diffusion coefficient at `t ∈ [0, 1]`.
    fn g(&self, t: f64) -> f64;

    /// `F(t) = ∫₀ᵗ g²`: exactly 0 at 0, and increasing.
    fn energy(&self, t: f64) -> f64;
}

impl<R: Reference + ?Sized> Reference for &R {
    fn g(&self, t: f64) -> f64 {
        (**self).g(t)
    }

    fn energy(&self, t: f64) -> f64 {
        (**self).energy(t)
    }
}

/// `g = σ` at all times; `F = σ²·t`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    sigma: f64,
}

impl Constant {
    /// # Errors
    /// [`PathError::Parameter`] unless σ is positive and finite.
    pub fn new(sigma: f64) -> Result<Self, PathError> {
        positive("sigma", sigma)?;
        Ok(Self { sigma })
    }
}

impl Reference for Constant {
    fn g(&self, _t: f64) -> f64 {
        self.sigma
    }

    fn energy(&self, t: f64) -> f64 {
        self.sigma * self.sigma * t
    }
}

/// `g = g₀·(g₁/g₀)ᵗ`, geometric between two levels; `F = g₀²·((g₁/g₀)²ᵗ − 1)/(2·log(g₁/g₀))`.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Geometric, Reference};
/// let reference = Geometric::new(1.0, 0.25)?;
/// assert_eq!(reference.g(0.5), 0.5);
/// assert!((reference.energy(1.0) - (1.0 - 0.0625) / (2.0 * 4.0_f64.ln())).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    g0: f64,
    g1: f64,
}

impl Geometric {
    /// # Errors
    /// [`PathError::Parameter`] unless both levels are positive and finite.
    pub fn new(g0: f64, g1: f64) -> Result<Self, PathError> {
        positive("g0", g0)?;
        positive("g1", g1)?;
        Ok(Self { g0, g1 })
    }
}

impl Reference for Geometric {
    fn g(&self, t: f64) -> f64 {
        self.g0 * (self.g1 / self.g0).powf(t)
    }

    fn energy(&self, t: f64) -> f64 {
        let rate = 2.0 * (self.g1 / self.g0).ln();
        // (e^{rt} − 1)/r, which is t for equal levels.
        self.g0 * self.g0 * if rate == 0.0 { t } else { (rate * t).exp_m1() / rate }
    }
}

/// Any smooth `g`, its energy integrated numerically.
///
/// The unit interval is cut into equal panels and `g²` integrated on each by Gauss–Legendre quadrature with five nodes
/// (exact for polynomials of degree 9), once; a call adds the part of its own panel.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Numeric, Reference};
/// let reference = Numeric::new(|t: f64| (1.0 + t).sqrt(), 8)?;
/// assert!((reference.energy(0.7) - (0.7 + 0.245)).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone)]
pub struct Numeric<G> {
    g: G,
    /// F at the panel ends, from 0.
    ends: Vec<f64>,
}

impl<G> std::fmt::Debug for Numeric<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Numeric").field("ends", &self.ends).finish_non_exhaustive()
    }
}

/// Nodes on (−1, 1) and weights; Abramowitz and Stegun, Table 25.4.
const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

impl<G: Fn(f64) -> f64> Numeric<G> {
    /// Integrates `g²` on `panels` equal panels.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for no panels, or where the energy of a panel is not positive and finite.
    pub fn new(g: G, panels: usize) -> Result<Self, PathError> {
        PathError::require(panels > 0, "panels", 0.0, "at least one")?;
        let mut this = Self { g, ends: vec![0.0] };
        for i in 0..panels {
            let energy = this.integral(i as f64 / panels as f64, (i + 1) as f64 / panels as f64);
            positive("energy of a panel", energy)?;
            this.ends.push(this.ends[i] + energy);
        }
        Ok(this)
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        let half = 0.5 * (to - from);
        half * GAUSS.iter().map(|(node, weight)| weight * (self.g)(from + half * (1.0 + node)).powi(2)).sum::<f64>()
    }
}

impl<G: Fn(f64) -> f64> Reference for Numeric<G> {
    fn g(&self, t: f64) -> f64 {
        (self.g)(t)
    }

    fn energy(&self, t: f64) -> f64 {
        let panels = self.ends.len() - 1;
        let panel = ((t * panels as f64) as usize).min(panels);
        let from = panel as f64 / panels as f64;
        self.ends[panel] + if t > from { self.integral(from, t) } else { 0.0 }
    }
}

fn positive(name: &'static str, value: f64) -> Result<(), PathError> {
    PathError::require(value.is_finite() && value > 0.0, name, value, "positive and finite")
}
