//! Log-densities along the Gaussian-to-mixture flow, against the mixture's own.
//!
//! ```text
//! dx/dt = u(t, x),    d log p/dt = -div u(t, x)
//! ```
//!
//! # References
//! Chen, Rubanova, Bettencourt & Duvenaud, *Neural ordinary differential equations*, 2018, eq. 8; Grathwohl et al., *FFJORD*,
//! 2019, section 3.1 (the divergence by Hutchinson's estimator, with one probe for a whole solve).

use approx::assert_abs_diff_eq;
use fm_paths::Linear;
use fm_paths::oracle::{Exact, GaussianMixture};
use fm_solvers::{AdaptiveSolver, Norm, SolveError, Time, TimeGrid, Tolerance, VectorField};
use ndarray::{Array1, Array2, Axis, array};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::problems::{Mixture, lattice};

/// A sample and its log-density.
type Pair = (Array2<f64>, Array1<f64>);

/// The law of [`Mixture`].
fn exact() -> Exact<Linear> {
    Exact::new(Linear, GaussianMixture::ring(8, 5.0, 0.1_f64.sqrt()).unwrap())
}

fn times<'a>(t: &'a Time<'a>) -> &'a [f64] {
    match t {
        Time::All(t) => std::slice::from_ref(t),
        Time::Rows(times) => times,
    }
}

fn with_divergence(t: Time<'_>, y: &Pair, out: &mut Pair) -> Result<(), SolveError> {
    let refused = |error| SolveError::field(t.row(0), error);
    Mixture.eval(t, &y.0, &mut out.0)?;
    out.1.assign(&-exact().divergence(times(&t), &y.0).map_err(refused)?);
    Ok(())
}

fn careful() -> AdaptiveSolver {
    let tolerance = Tolerance::new(1e-9, 1e-9).unwrap();
    AdaptiveSolver { tolerance, norm: Norm::MaxOverSamples, ..AdaptiveSolver::default() }
}

/// The two ways: samples that are generated with their densities, and data that are encoded to be judged.
///
/// A step's errors `e` of the sample and `d` of its log-density change the difference to the exact log-density by
/// `d - score e`, and later steps carry that along unchanged. With `|score| |x| < 100` and some hundred steps whose errors are
/// below 1e-9 of the values, and mostly far below, that is 1e-6.
#[test]
fn densities_by_exact_divergence_are_those_of_the_mixture() {
    let (exact, up, down) = (exact(), TimeGrid::uniform(0.0, 1.0, 1).unwrap(), TimeGrid::uniform(1.0, 0.0, 1).unwrap());
    let data = exact.law.sample(200, &mut ChaCha8Rng::seed_from_u64(3));
    for own_steps in [false, true] {
        let solve = |grid: &TimeGrid, y: &mut Pair| {
            if own_steps {
                let stats = careful().solve_per_sample(&mut with_divergence, grid, y, &mut ()).unwrap();
                assert!(!stats.out_of_steps);
            } else {
                careful().solve(&mut with_divergence, grid, y, &mut ()).unwrap();
            }
        };
        let log_p = |t: f64, x: &Array2<f64>| exact.log_density(&[t], x).unwrap();
        let worst = |a: &Array1<f64>, b: &Array1<f64>| (a - b).iter().fold(0.0, |worst: f64, e| worst.max(e.abs()));

        let mut generated = (lattice(200), log_p(0.0, &lattice(200)));
        solve(&up, &mut generated);
        assert!(
            worst(&generated.1, &log_p(1.0, &generated.0)) < 1e-6,
            "{}",
            worst(&generated.1, &log_p(1.0, &generated.0))
        );

        let mut encoded = (data.clone(), Array1::zeros(data.nrows()));
        solve(&down, &mut encoded);
        // From time 1 on the second part has lost log p_1 and gained log p_0.
        let found = log_p(0.0, &encoded.0) - &encoded.1;
        assert!(worst(&found, &log_p(1.0, &data)) < 1e-6, "{}", worst(&found, &log_p(1.0, &data)));
    }
}

/// The mixture's velocity with Hutchinson's estimate of its divergence, from one probe for each row.
///
/// ```text
/// u = a x + (1 - t a) sum_k r_k m_k,    e' J e = a |e|^2 + (1 - t a) (t/v) Var_r(e' m)
/// ```
struct Probed<'a>(&'a Array2<f64>);

impl Probed<'_> {
    /// `e' J e` for each row.
    fn quadratic(&self, t: Time<'_>, x: &Array2<f64>, out: &mut Array1<f64>) {
        let centres = Mixture::centres();
        for (i, ((x, probe), out)) in x.rows().into_iter().zip(self.0.rows()).zip(out).enumerate() {
            let t = t.row(i);
            let (v, slope) = Mixture::at(t);
            let (mut mean, mut square) = (0.0, 0.0);
            for (weight, m) in Mixture::posterior(t, [x[0], x[1]], &centres).into_iter().zip(&centres) {
                let along = probe[0] * m[0] + probe[1] * m[1];
                mean += weight * along;
                square += weight * along * along;
            }
            *out = slope * probe.dot(&probe) + (1.0 - t * slope) * t / v * (square - mean * mean);
        }
    }
}

impl VectorField<Pair> for Probed<'_> {
    fn eval(&mut self, t: Time<'_>, y: &Pair, out: &mut Pair) -> Result<(), SolveError> {
        Mixture.eval(t, &y.0, &mut out.0)?;
        self.quadratic(t, &y.0, &mut out.1);
        out.1.mapv_inplace(|divergence| -divergence);
        Ok(())
    }
}

/// Along the axes the estimator is the trace itself, term by term.
#[test]
fn hutchinsons_estimates_along_the_axes_add_up_to_the_divergence() {
    let x = lattice(100) * 2.0;
    for t in [0.0, 0.3, 0.7, 1.0] {
        let sum = [[1.0, 0.0], [0.0, 1.0]].into_iter().fold(Array1::zeros(100), |sum: Array1<f64>, axis| {
            let mut along = Array1::zeros(100);
            Probed(&Array2::from_shape_fn((100, 2), |(_, j)| axis[j])).quadratic(Time::All(t), &x, &mut along);
            sum + along
        });
        for (sum, divergence) in sum.iter().zip(&exact().divergence(&[t], &x).unwrap()) {
            // Differences of squares of 5, over v >= 0.09 and times 1/v again.
            assert_abs_diff_eq!(*sum, *divergence, epsilon = 1e-10);
        }
    }
}

/// Four starts, each with 4096 probes of independent signs that stay the same along the solve. The states of a start are the
/// same for every probe, and so is its exact log-density. The tolerance of the solve is far below the standard errors.
#[test]
fn the_mean_over_probes_is_the_log_density_within_its_standard_error() {
    const PROBES: usize = 4096;
    let starts = array![[0.3, 0.1], [-0.5, 0.8], [1.1, -0.4], [-0.2, -1.5]];
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let probes = Array2::from_shape_simple_fn((4 * PROBES, 2), || if rng.random() { 1.0 } else { -1.0 });
    let x = Array2::from_shape_fn((4 * PROBES, 2), |(i, j)| starts[[i / PROBES, j]]);
    let log_p = exact().log_density(&[0.0], &x).unwrap();
    let mut y = (x, log_p);
    let solver = AdaptiveSolver { tolerance: Tolerance::new(1e-7, 1e-7).unwrap(), ..careful() };
    solver.solve(&mut Probed(&probes), &TimeGrid::uniform(0.0, 1.0, 1).unwrap(), &mut y, &mut ()).unwrap();
    let expected = exact().log_density(&[1.0], &y.0).unwrap();
    for (start, estimates) in y.1.axis_chunks_iter(Axis(0), PROBES).enumerate() {
        let (mean, error) = (estimates.mean().unwrap(), estimates.std(1.0) / (PROBES as f64).sqrt());
        let exact = expected[start * PROBES];
        assert!(error > 1e-3, "the probes must matter: {error}");
        assert!((mean - exact).abs() < 4.0 * error + 1e-5, "start {start}: {mean} +- {error}, not {exact}");
    }
}
