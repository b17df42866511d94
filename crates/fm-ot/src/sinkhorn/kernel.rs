//! One pass over the cost: the row sums of the plan, the new row factors, and the column sums that follow from them.
//!
//! ```text
//! k_ij = 2^(f_i + g_j - c_ij),   r_i = sum_j k_ij v_j,   u_i = a_i 2^(f'_i - f_i),   s_j = sum_i u_i k_ij
//! ```
//!
//! with the potentials `f`, `g` that were last absorbed into the kernel, and `v_j = b_j 2^(g'_j - g_j)` for those since. A row
//! is still in cache when its sum is known, so both directions take one pass over memory; and as long as the potentials
//! move by less than the range of a float, the kernel is kept and an entry costs two multiply-adds and no exponential.
//! Exponents are formed in `f64`, because `f + g - c` cancels: that, and not the exponential, is what limits a log-domain
//! iteration in `f32` to some 1e-6.
//!
//! Rejected: two log-sum-exps per iteration (twice the exponentials, twice the memory), and a kernel `exp(-c / epsilon)`
//! without potentials, which underflows.
//!
//! Bands of rows are independent and added up in order, so that the number of threads does not matter.

use pulp::Arch;
use rayon::prelude::*;

use super::band::{BLOCK, Band, Columns, Shared};
use super::costs::Costs;
use super::lanes::{self, LANES, Lane, ROWS};
use super::marginals::Rule;
use crate::Real;
use crate::aligned::Aligned;

/// At most this many bands, and one below [`PARALLEL`].
const BANDS: usize = 16;

/// Below this many entries a pass is too short to be worth a second thread.
const PARALLEL: usize = 1 << 20;

/// A kernel larger than this is not kept but made anew in every pass.
const STORED_BYTES: usize = 1 << 28;

/// Of a kernel up to this size the thread keeps the memory for the next solve. From the operating system it comes page by page,
/// which takes as long as to fill it with powers.
const SPARE_BYTES: usize = 1 << 27;

/// The problem as the passes see it: weights of sum one, costs in base-2 units of epsilon when multiplied by `scale`.
#[derive(Debug)]
pub(super) struct Problem<'a, A: Real> {
    pub(super) arch: Arch,
    pub(super) costs: &'a Costs<'a, A>,
    pub(super) a: &'a [f64],
    pub(super) b: &'a [f64],
    pub(super) scale: f64,
    /// What the sums over a side have to be multiplied by: the mass of source and target.
    pub(super) mass: [f64; 2],
    /// Base 2.
    pub(super) log_mass: [f64; 2],
    pub(super) row_rule: Rule,
}

/// The kernel, and the potentials that were absorbed into it.
pub(super) struct Kernel<'a, A: Real, K: Lane> {
    problem: &'a Problem<'a, A>,
    entries: Option<Aligned<K>>,
    stride: usize,
    /// Absorbed, base 2.
    f: Vec<f64>,
    pub(super) g: Vec<f64>,
    /// `sum_j k_ij v_j` of the last pass.
    row_sums: Vec<f64>,
}

impl<'a, A: Real, K: Lane> Kernel<'a, A, K> {
    pub(super) fn new(problem: &'a Problem<'a, A>) -> Self {
        let (n, m) = (problem.costs.n, problem.costs.m);
        let stride = m.next_multiple_of(LANES);
        let size = n.next_multiple_of(ROWS) * stride;
        let keep = problem.costs.is_matrix() && size * size_of::<K>() <= STORED_BYTES;
        Self {
            problem,
            entries: keep.then(|| {
                let mut entries = Aligned::within(K::spare().take(), size, K::zero());
                // All other rows are written by the first pass.
                entries[n * stride..].fill(K::zero());
                entries
            }),
            stride,
            f: vec![f64::NAN; n],
            g: vec![0.0; m],
            row_sums: vec![0.0; n],
        }
    }

    /// Whether passes without exponentials are possible.
    pub(super) fn is_kept(&self) -> bool {
        self.entries.is_some()
    }

    /// The row potentials that belong to the last pass.
    pub(super) fn row_potentials(&self) -> Vec<f64> {
        let rows = self.row_sums.iter().zip(&self.f);
        rows.map(|(&r, &f)| if r > 0.0 { self.problem.row_potential(r, f) } else { 0.0 }).collect()
    }

    /// About the L1 error of sums along rows, and more rather than less: eight roundings of entries in the precision of the
    /// kernel, and of exponents in `f64`, which are as large as the costs and the potentials that the mass meets. Where no plan
    /// exists, potentials grow until they are nothing but rounding; this is what tells.
    pub(super) fn rounding(&self, f: &[f64], g: &[f64]) -> f64 {
        let Problem { costs, a, b, scale, .. } = self.problem;
        let mean = |weights: &[f64], potentials: &[f64]| -> f64 {
            weights.iter().zip(potentials).map(|(w, p)| w * p.abs()).sum()
        };
        let exponents = costs.largest() * scale + mean(a, f) + mean(b, g);
        8.0 * (K::epsilon().widen() + f64::EPSILON * exponents)
    }

    /// The mass of the plan of the last pass, whose column potentials were `g`, relative to that of the source.
    pub(super) fn mass(&self, g: &[f64], columns: &Columns) -> f64 {
        self.factors(g).iter().zip(&columns.sums).map(|(v, sum)| v * sum).sum::<f64>() * self.problem.mass[1]
    }

    /// Absorbs the column potentials `g` and the row potentials of the last pass, and makes a pass.
    pub(super) fn renew(&mut self, g: Vec<f64>) -> Columns {
        if !self.f[0].is_nan() {
            self.f = self.row_potentials();
        }
        self.g = g;
        self.pass(self.problem.b, true)
    }

    /// A pass with the kernel as it is, and column potentials `g` near those in it.
    pub(super) fn reuse(&mut self, g: &[f64]) -> Columns {
        self.pass(&self.factors(g), false)
    }

    /// What the columns of the kernel have to be multiplied by.
    fn factors(&self, g: &[f64]) -> Vec<f64> {
        let mut factors: Vec<f64> = g.iter().zip(&self.g).map(|(new, old)| new - old).collect();
        lanes::powers(self.problem.arch, &mut factors);
        factors.iter_mut().zip(self.problem.b).for_each(|(v, b)| *v *= b);
        factors
    }

    fn pass(&mut self, v: &[f64], renew: bool) -> Columns {
        let (n, stride) = (self.f.len(), self.stride);
        let bands = if n * self.g.len() < PARALLEL { 1 } else { BANDS };
        let alone = bands == 1 || rayon::current_num_threads() == 1;
        let rows = n.div_ceil(bands).next_multiple_of(BLOCK);
        let factors = Aligned::padded(v.iter().map(|&v| K::narrow(v)), stride, K::zero());
        let potentials = Aligned::padded(self.g.iter().copied(), stride, 0.0);
        // What counts in a row is the mass of an entry and not the entry: a target without weight has a potential too, and it can be
        // the largest of all.
        let weighted = |(g, b): (&f64, &f64)| g + b.log2();
        let reach: Vec<f64> =
            if renew { self.g.iter().zip(self.problem.b).map(weighted).collect() } else { Vec::new() };
        let shared = Shared { problem: self.problem, g: &potentials, reach: &reach, v: &factors, stride, renew };
        let kernels: Vec<Option<&mut [K]>> = match &mut self.entries {
            Some(entries) => entries.chunks_mut(rows * stride).map(Some).collect(),
            None => (0..n.div_ceil(rows)).map(|_| None).collect(),
        };
        let bands = self.f.chunks_mut(rows).zip(self.row_sums.chunks_mut(rows)).zip(kernels).enumerate();
        let bands: Vec<Band<'_, A, K>> = bands
            .map(|(at, ((f, sums), kernel))| Band { shared: &shared, first: at * rows, f, sums, kernel, alike: true })
            .collect();
        let run = |band: Band<'_, A, K>| self.problem.arch.dispatch(band);
        let bands: Vec<Columns> =
            if alone { bands.into_iter().map(run).collect() } else { bands.into_par_iter().map(run).collect() };
        let mut total = Columns { sums: vec![0.0; self.g.len()], rows_safe: true };
        for band in bands {
            total.rows_safe &= band.rows_safe;
            total.sums.iter_mut().zip(&band.sums).for_each(|(sum, band)| *sum += band);
        }
        total
    }
}

impl<A: Real, K: Lane> Drop for Kernel<'_, A, K> {
    fn drop(&mut self) {
        if let Some(memory) = self.entries.take().map(Aligned::into_memory)
            && memory.capacity() * size_of::<K>() <= SPARE_BYTES
        {
            K::spare().set(memory);
        }
    }
}

impl<A: Real> Problem<'_, A> {
    /// The potential of a row whose entries, with the potential `f` in them, sum to `sum`.
    fn row_potential(&self, sum: f64, f: f64) -> f64 {
        self.row_rule.potential(sum.log2() - f + self.log_mass[1])
    }

    /// The factor `u` of such a row.
    pub(super) fn row_factor(&self, i: usize, sum: f64, f: f64) -> f64 {
        match self.row_rule {
            _ if self.a[i] == 0.0 || sum == 0.0 => 0.0,
            Rule::Exact => self.a[i] / sum / self.mass[1],
            _ => self.a[i] * (self.row_potential(sum, f) - f).exp2(),
        }
    }

    /// The hard counterpart of the soft transform, `max_i (f_i - c_ij)` over the rows that have mass: never further from
    /// it than the entropy of the weights, and free of underflow.
    pub(super) fn hard_columns(&self, f: &[f64]) -> Vec<f64> {
        let mut best = vec![f64::NEG_INFINITY; self.costs.m];
        self.costs.each_row(|i, row| {
            if self.a[i] > 0.0 {
                self.arch.dispatch(|| lanes::raise(row, f[i] + self.a[i].log2(), self.scale, &mut best));
            }
        });
        best
    }
}
