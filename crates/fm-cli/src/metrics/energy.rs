//! How much a flow moves its particles.

use ndarray::{Array3, Axis, Zip};

/// The path energy of particles seen at the times of a grid.
///
/// ```text
/// ∫ E|dx/dt|² dt  ≈  Σ_i E|x(t_{i+1}) − x(t_i)|² / (t_{i+1} − t_i)
/// ```
///
/// No flow between two laws has a smaller energy than their squared Wasserstein distance, and only straight paths along
/// the optimal transport reach it.
///
/// # Shapes
/// `times`: T; `states`: `[T, n, d]`.
///
/// # Panics
/// If there is not one state for each time, or no particle.
///
/// # References
/// - J.-D. Benamou, Y. Brenier, *A Computational Fluid Mechanics Solution to the Monge-Kantorovich Mass Transfer
///   Problem*, Numerische Mathematik 2000, Proposition 1.1.
#[track_caller]
pub fn path_energy(times: &[f64], states: &Array3<f32>) -> f64 {
    assert_eq!(times.len(), states.len_of(Axis(0)), "one state for each time");
    let n = states.len_of(Axis(1));
    assert!(n > 0, "the energy of no particles");
    let steps = times.windows(2).enumerate();
    let energies = steps.map(|(i, t)| {
        let mut sum = 0.0;
        let (from, to) = (states.index_axis(Axis(0), i), states.index_axis(Axis(0), i + 1));
        Zip::from(&from).and(&to).for_each(|&a, &b| sum += (f64::from(b) - f64::from(a)).powi(2));
        sum / n as f64 / (t[1] - t[0])
    });
    energies.sum()
}

/// Normalised path energy: how far the energy is from the least possible one.
///
/// ```text
/// NPE = |energy − W2²| / W2²
/// ```
///
/// # References
/// - A. Tong et al., *Simulation-Free Schrödinger Bridges via Score and Flow Matching*, AISTATS 2024, Section 5.1.
pub fn normalised_path_energy(energy: f64, squared_w2: f64) -> f64 {
    (energy - squared_w2).abs() / squared_w2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_uniform_motion_has_the_squared_distance() {
        let times = [0.0, 0.25, 1.0];
        let states = Array3::from_shape_fn((3, 2, 2), |(i, n, d)| (times[i] * [[3.0, 4.0], [0.0, 1.0]][n][d]) as f32);
        assert!((path_energy(&times, &states) - 13.0).abs() < 1e-12);
        assert_eq!(normalised_path_energy(15.0, 10.0), 0.5);
    }

    #[test]
    fn a_detour_costs() {
        let states = Array3::from_shape_vec((3, 1, 1), vec![0.0, 2.0, 1.0]).unwrap();
        assert!((path_energy(&[0.0, 0.5, 1.0], &states) - (4.0 + 1.0) / 0.5).abs() < 1e-12);
    }
}
