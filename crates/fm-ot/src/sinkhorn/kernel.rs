//! The kernel, and the two kinds of pass over it.
//!
//! ```text
//! k_ij = 2^(f_i + g_j - c_ij),   r_i = sum_j k_ij v_j,   u_i = a_i 2^(f'_i - f_i),   s_j = sum_i u_i k_ij
//! ```
//!
//! with the potentials `f`, `g` that were last absorbed into the kernel, and `v_j = b_j 2^(g'_j - g_j)` for those since. A row
//! is still in cache when its sum is known, so both directions take one pass over memory.
//!
//! A *fresh* pass reads the costs: one exponential an entry, with exponents formed in `f64`, because `f + g - c` cancels:
//! that, and not the exponential, is what limits a log-domain iteration in `f32` to some 1e-6. It leaves the entries behind in
//! sixteen bits. A *stored* pass reads those: two multiply-adds an entry, no exponential, and an eighth to a half of the time,
//! for memory is what limits it. Entries that are rounded give sums that are off by one factor for each row and
//! column; the fresh pass knows both sums, and stored passes are corrected by their ratio. So a stored pass is exact for the
//! absorbed potentials, and wrong by no more than the rounding times the distance from them ([`Kernel::doubt`]): each fresh
//! pass lets the stored ones between gain about three digits, in the precision of the fresh one.
//!
//! Rejected: two log-sum-exps per iteration (twice the exponentials, twice the memory); a kernel `exp(-c / epsilon)`
//! without potentials, which underflows; and a stored kernel in the precision of the result, which is two to four times
//! the traffic.
//!
//! Bands of rows are independent and added up in order, so that the number of threads does not matter.

use pulp::Arch;
use rayon::prelude::*;

use super::band::{BLOCK, Columns, Fresh, Rows, Shared, Stored};
use super::costs::Costs;
use super::half;
use super::lanes::{self, LANES, Lane, ROWS};
use super::marginals::Rule;
use crate::Real;

/// At most this many bands.
const BANDS: usize = 16;

/// Below this many entries a pass is too short to be worth a second thread.
const PARALLEL: usize = 1 << 20;

/// A kernel that costs are made for block by block is stored up to this size.
const STORED_BYTES: usize = 1 << 27;

/// The problem as the passes see it: weights of sum one, costs in base-2 units of epsilon when multiplied by `scale`.
#[derive(Debug)]
pub(super) struct Problem<'a, A: Real> {
    pub(super) arch: Arch,
    pub(super) costs: &'a Costs<'a, A>,
    pub(super) a: &'a [f64],
    pub(super) b: &'a [f64],
    pub(super) scale: f64,
    /// What the sums over a side have to be multiplied by: `log2` of the mass of source and target.
    pub(super) log_mass: [f64; 2],
    pub(super) row_rule: Rule,
}

/// The kernel, and the potentials that were absorbed into it.
pub(super) struct Kernel<'a, A: Real> {
    problem: &'a Problem<'a, A>,
    /// Empty where it is not stored.
    codes: &'a mut [u16],
    stride: usize,
    /// Absorbed, base 2; those of the rows make their sums one.
    f: Vec<f64>,
    pub(super) g: Vec<f64>,
    /// `r_i` of the last pass.
    row_sums: Vec<f64>,
    row_correction: Vec<f64>,
    column_correction: Vec<f64>,
    v: Vec<f64>,
}

impl<'a, A: Real> Kernel<'a, A> {
    /// The kernel is stored in `memory`, which may have held another.
    pub(super) fn new(problem: &'a Problem<'a, A>, memory: &'a mut Vec<u16>) -> Self {
        let (n, m) = (problem.costs.n, problem.costs.m);
        let stride = m.next_multiple_of(LANES);
        let size = n.next_multiple_of(ROWS) * stride;
        let keep = problem.costs.is_matrix() || size * size_of::<u16>() <= STORED_BYTES;
        if keep && memory.len() < size {
            *memory = vec![0; size];
        }
        let codes = if keep { &mut memory[..size] } else { &mut [] };
        let (f, g) = (vec![f64::NAN; n], vec![0.0; m]);
        let (row_correction, column_correction) = (vec![1.0; n], vec![1.0; m]);
        Self {
            problem,
            codes,
            stride,
            f,
            g,
            row_sums: vec![0.0; n],
            row_correction,
            column_correction,
            v: vec![0.0; m],
        }
    }

    /// Whether passes without exponentials are possible.
    pub(super) fn is_stored(&self) -> bool {
        !self.codes.is_empty()
    }

    /// Of the costs, in base-2 units of epsilon.
    pub(super) fn largest_exponent(&self) -> f64 {
        self.problem.costs.largest() * self.problem.scale
    }

    /// The row potentials that belong to the last pass.
    pub(super) fn row_potentials(&self) -> Vec<f64> {
        let rows = self.row_sums.iter().zip(&self.f);
        rows.map(|(&r, &f)| if r > 0.0 { self.problem.row_potential(r, f) } else { 0.0 }).collect()
    }

    /// The mass of the plan of the last pass, relative to that of the source.
    pub(super) fn mass(&self, columns: &Columns) -> f64 {
        self.v.iter().zip(&columns.sums).map(|(v, sum)| v * sum).sum::<f64>() * self.problem.log_mass[1].exp2()
    }

    /// At most by how much the rounding of stored entries can make a marginal wrong, in L1, at the column potentials `g`:
    ///
    /// ```text
    /// sum_ij pi_ij |rounding_ij| |log(pi_ij / absorbed pi_ij)|
    /// ```
    ///
    /// to first order, with the mean over the columns for that over the rows, whose potentials are averages of theirs.
    pub(super) fn doubt(&self, g: &[f64]) -> f64 {
        let b = self.problem.b;
        let change = || g.iter().zip(&self.g).map(|(new, old)| new - old).zip(b);
        let mean: f64 = change().map(|(change, b)| b * change).sum();
        let spread: f64 = change().map(|(change, b)| b * (change - mean).abs()).sum();
        2.0 * half::ROUNDING * std::f64::consts::LN_2 * spread
    }

    /// Absorbs the column potentials `g` and the row potentials of the last pass, and makes a pass over the costs.
    pub(super) fn fresh<K: Lane>(&mut self, g: &[f64]) -> Columns {
        for (f, &sum) in self.f.iter_mut().zip(&self.row_sums) {
            if sum > 0.0 {
                *f -= sum.log2();
            }
        }
        self.g.copy_from_slice(g);
        self.v.copy_from_slice(self.problem.b);
        let columns = self.pass::<K>(true);
        if self.is_stored() {
            let sums = columns.sums.iter().zip(&columns.stored);
            let ratio = sums.map(|(sum, stored)| if *stored > 0.0 { sum / stored } else { 1.0 });
            self.column_correction = ratio.collect();
        }
        columns
    }

    /// A pass with the kernel as it is, and column potentials `g` near those in it.
    pub(super) fn stored<K: Lane>(&mut self, g: &[f64]) -> Columns {
        self.v.iter_mut().zip(g).zip(&self.g).for_each(|((v, new), old)| *v = new - old);
        lanes::powers(self.problem.arch, &mut self.v);
        self.v.iter_mut().zip(self.problem.b).for_each(|(v, b)| *v *= b);
        let mut columns = self.pass::<K>(false);
        columns.sums.iter_mut().zip(&self.column_correction).for_each(|(sum, c)| *sum *= c);
        columns
    }

    fn pass<K: Lane>(&mut self, fresh: bool) -> Columns {
        let (n, m, stride) = (self.f.len(), self.g.len(), self.stride);
        let rows = n.div_ceil(BANDS).next_multiple_of(BLOCK);
        let mut v: Vec<K> = self.v.iter().map(|&v| K::narrow(v)).collect();
        v.resize(stride, K::zero());
        let stored_v: Vec<K> = v.iter().map(|&v| v * K::narrow(half::UNIT)).collect();
        let shared = Shared { problem: self.problem, g: &self.g, v: &v, stored_v: &stored_v };
        let mut codes = self.codes.chunks_mut(rows * stride);
        let parts =
            self.f.chunks_mut(rows).zip(self.row_sums.chunks_mut(rows)).zip(self.row_correction.chunks_mut(rows));
        let bands: Vec<Rows<'_>> = parts
            .enumerate()
            .map(|(at, ((f, sums), correction))| Rows {
                first: at * rows,
                f,
                sums,
                correction,
                codes: codes.next().unwrap_or_default(),
            })
            .collect();
        let (arch, shared) = (self.problem.arch, &shared);
        let run =
            |rows| if fresh { arch.dispatch(Fresh { shared, rows }) } else { arch.dispatch(Stored { shared, rows }) };
        let bands: Vec<Columns> = if n * stride >= PARALLEL && rayon::current_num_threads() > 1 {
            bands.into_par_iter().map(run).collect()
        } else {
            bands.into_iter().map(run).collect()
        };
        let stored = if fresh && self.is_stored() { m } else { 0 };
        let mut total = Columns { sums: vec![0.0; m], stored: vec![0.0; stored], rows_safe: true };
        for band in bands {
            total.rows_safe &= band.rows_safe;
            total.sums.iter_mut().zip(&band.sums).for_each(|(sum, band)| *sum += band);
            total.stored.iter_mut().zip(&band.stored).for_each(|(sum, band)| *sum += band);
        }
        total
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
            Rule::Exact => self.a[i] / sum * (-self.log_mass[1]).exp2(),
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
