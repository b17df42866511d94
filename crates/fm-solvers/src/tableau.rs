//! Explicit Runge-Kutta methods as data.
//!
//! ```text
//! k_i = u(t + c_i h, y + h sum_{j<i} a_ij k_j),    y(t + h) = y + h sum_i b_i k_i
//! ```
//!
//! A method is its coefficients, so there is one stepper ([`RungeKutta`](crate::RungeKutta)) and no type per method;
//! another method is another constant: of this crate, or for equal steps the caller's.

mod dop853;
mod embedded;

pub use embedded::EmbeddedTableau;

/// The Butcher tableau of an explicit Runge-Kutta method (Hairer, Norsett & Wanner, *Solving Ordinary Differential
/// Equations I*, 2nd ed. 1993, eq. II.1.8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tableau {
    /// The method's name, as configuration files write it.
    pub name: &'static str,
    /// The order of the global error in the step size.
    pub order: u32,
    /// Stage coefficients: row `i` has exactly `i` entries, so that an implicit method cannot be written.
    pub a: &'static [&'static [f64]],
    /// Weights of the stages in the new state.
    pub b: &'static [f64],
    /// Times of the stages, as fractions of the step; the first is zero.
    pub c: &'static [f64],
    /// Where the coefficients come from.
    pub reference: &'static str,
}

impl Tableau {
    /// Euler's method: order 1, one evaluation per step. Use it as the baseline, and on fields whose trajectories are
    /// nearly straight.
    pub const EULER: Self = Self {
        name: "euler",
        order: 1,
        a: &[&[]],
        b: &[1.0],
        c: &[0.0],
        reference: "Euler 1768; Hairer, Norsett & Wanner 1993, eq. I.7.3",
    };

    /// The explicit midpoint rule: order 2, two evaluations per step, the second in the middle. It never evaluates the
    /// field at the end of a step, hence never at a singular endpoint.
    pub const MIDPOINT: Self = Self {
        name: "midpoint",
        order: 2,
        a: &[&[], &[0.5]],
        b: &[0.0, 1.0],
        c: &[0.0, 0.5],
        reference: "Runge 1895; Hairer, Norsett & Wanner 1993, eq. II.1.4",
    };

    /// Heun's method of order 2, the explicit trapezoidal rule: two evaluations per step, at both ends.
    pub const HEUN: Self = Self {
        name: "heun",
        order: 2,
        a: &[&[], &[1.0]],
        b: &[0.5, 0.5],
        c: &[0.0, 1.0],
        reference: "Heun 1900; Karras et al. 2022, Algorithm 1",
    };

    /// Ralston's method: two evaluations per step, with the smallest bound on the local error among two-stage methods
    /// of order 2.
    pub const RALSTON: Self = Self {
        name: "ralston",
        order: 2,
        a: &[&[], &[2.0 / 3.0]],
        b: &[0.25, 0.75],
        c: &[0.0, 2.0 / 3.0],
        reference: "Ralston 1962, Runge-Kutta methods with minimum error bounds, Math. Comp. 16",
    };

    /// The classical Runge-Kutta method: order 4, four evaluations per step. Use it when the field is smooth and the
    /// budget is at least some 16 evaluations.
    pub const RK4: Self = Self {
        name: "rk4",
        order: 4,
        a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
        b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
        c: &[0.0, 0.5, 0.5, 1.0],
        reference: "Kutta 1901; Hairer, Norsett & Wanner 1993, table II.1.2",
    };

    /// The number of stages, which is the number of field evaluations per step.
    pub fn stages(&self) -> usize {
        self.b.len()
    }
}
