//! Exact transport that remembers the data set.

use std::cell::RefCell;

use rand::RngCore;

use super::{Coupling, Endpoints, Pairing};
use crate::{Cost, OtError, assignment_from, points};

/// Exact optimal transport to the points of a finite data set, with a dual potential kept for each of them.
///
/// The pairs are those of [`ExactOt`](super::ExactOt): each batch is solved to the optimum, whatever it starts from. What a data
/// point cost in the last batch that it was in is where the solver starts in the next one. Between different optima of equal
/// cost the start may decide, so a run that is to be repeated to the last bit from its middle uses `ExactOt`.
///
/// The potentials change with every batch, so one of these belongs to one training loop: it can be sent to another thread and
/// not shared between threads, which [`couple_many`](super::couple_many) would make a race.
///
/// # Errors
/// As [`ExactOt`](super::ExactOt).
///
/// # Panics
/// Without [`Endpoints::rows`], with another number of them than of target points, or with one beyond the data set.
///
/// # Examples
/// A training loop over a finite data set: one coupling for all of its batches, which come with the numbers of their data points.
/// ```
/// # use fm_ot::{Coupling, Endpoints, PersistentOt};
/// # use ndarray::{Array2, Axis};
/// # use rand::{Rng, SeedableRng, rngs::StdRng};
/// let mut rng = StdRng::seed_from_u64(0);
/// let data = Array2::from_shape_fn((100, 2), |_| rng.random::<f32>());
/// let coupling = PersistentOt::new(data.nrows());
/// for _step in 0..3 {
///     let rows: Vec<usize> = (0..16).map(|_| rng.random_range(0..data.nrows())).collect();
///     let (x0, x1) = (Array2::from_shape_fn((16, 2), |_| rng.random()), data.select(Axis(0), &rows));
///     let pairing = coupling.couple(Endpoints { rows: Some(&rows), ..Endpoints::new(x0.view(), x1.view()) }, &mut rng)?;
///     let (from, to) = (x0.select(Axis(0), &pairing.source), x1.select(Axis(0), &pairing.target));
///     assert_eq!(from.dim(), to.dim()); // a step on the path from the one to the other
/// }
/// assert!(coupling.potentials().iter().any(|&v| v != 0.0));
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// A single batch:
/// ```
/// # use fm_ot::{Coupling, Endpoints, PersistentOt};
/// # use ndarray::array;
/// # use rand::{SeedableRng, rngs::StdRng};
/// let coupling = PersistentOt::new(1000);
/// let (x0, x1) = (array![[0.0, 0.0], [5.0, 5.0]], array![[5.0, 4.0], [1.0, 0.0]]);
/// let ends = Endpoints { rows: Some(&[17, 432]), ..Endpoints::new(x0.view(), x1.view()) };
/// assert_eq!(coupling.couple(ends, &mut StdRng::seed_from_u64(0))?.target, [1, 0]);
/// # Ok::<(), fm_ot::OtError>(())
/// ```
///
/// # References
/// - Tong et al., *Improving and generalizing flow-based generative models with minibatch optimal transport*, TMLR 2024,
///   section 3.3 (the coupling).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersistentOt {
    potential: RefCell<Vec<f64>>,
}

impl PersistentOt {
    /// For a data set of this many points; nothing is known of them yet.
    pub fn new(points: usize) -> Self {
        Self { potential: RefCell::new(vec![0.0; points]) }
    }

    /// One potential per data point, zero for those that no batch has had.
    pub fn potentials(&self) -> Vec<f64> {
        self.potential.borrow().clone()
    }
}

impl Coupling for PersistentOt {
    #[track_caller]
    fn couple(&self, ends: Endpoints<'_>, _rng: &mut dyn RngCore) -> Result<Pairing, OtError> {
        let rows = ends.rows.expect("which point of the data set each target point is");
        assert_eq!(rows.len(), ends.x1.nrows(), "{} data points for {} target points", rows.len(), ends.x1.nrows());
        let mut potential = self.potential.borrow_mut();
        let largest = points::check_pairable(ends.x0, ends.x1)?;
        let scaled = Cost::SquaredEuclidean.scaled(ends.x0, ends.x1, largest)?;
        let unit = scaled.restore(1.0);
        let start: Vec<f64> = rows.iter().map(|&row| potential[row] / unit).collect();
        let best = assignment_from(scaled.cost.view(), &start)?;
        // Only differences count; with mean zero, the potentials of different batches can stand side by side.
        let mean = best.dual_target.iter().sum::<f64>() / rows.len().max(1) as f64;
        for (&row, v) in rows.iter().zip(&best.dual_target) {
            potential[row] = (v - mean) * unit;
        }
        Ok(Pairing::from_targets(best.target_of))
    }
}
