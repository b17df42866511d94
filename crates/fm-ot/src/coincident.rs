//! Assignment where points coincide.
//!
//! Rows of costs that are equal belong to points at one place, and so do equal columns. Which of them goes where makes no
//! difference, but a solver that does not know it tries every order: prices creep, and paths are as long as there are ties.
//! One point with the mass of all of them leaves a transport problem between the places, which is smaller, and whose plan is
//! in whole numbers. A potential of a place is one of each of its points, so the certificate is that of the whole problem.
//!
//! Rejected: an auction that lets similar bidders and objects bid as one (Bertsekas & Castañon 1989). It is what [`transport`]
//! does once they have been merged.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, Axis, CowArray};
use pulp::bytemuck;

use crate::{Assignment, Real, transport};

/// Below this size there is little to gain.
const SMALLEST: usize = 200;

/// Values of a row or column that are compared to see whether a closer look may pay: a few coincide with high probability where
/// places hold four points and there are up to a thousand.
const PROBES: usize = 64;

/// Merging pays if the problem between places has at most this part of the pairs: a transport problem takes some three
/// times as long as an assignment of its size.
const SMALLER: usize = 4;

/// Values that tell most rows apart.
const PREFIX: usize = 16;

/// The optimal assignment on a square matrix in standard layout, if so many of its rows or columns are equal that it is found
/// sooner between places. What cannot be assigned is left to the solver of the whole problem, which names the row.
pub(crate) fn assignment<A: Real>(cost: ArrayView2<'_, A>) -> Option<Assignment> {
    let n = cost.nrows();
    if n < SMALLEST || !(probe(|k| cost[[0, k]], n) || probe(|k| cost[[k, 0]], n)) {
        return None;
    }
    let targets = Places::of_columns(cost, n / 2).unwrap_or_else(|| Places::all_apart(n));
    let to_places: CowArray<'_, A, _> = if targets.count() < n {
        Array2::from_shape_fn((n, targets.count()), |(i, place)| cost[[i, targets.first[place]]]).into()
    } else {
        cost.into()
    };
    let sources = Places::of_rows(to_places.view(), n * n / SMALLER / targets.count())?;
    let between = to_places.select(Axis(0), &sources.first);
    let [supply, demand] = [&sources, &targets].map(Places::masses);
    let plan = transport(between.view(), &supply, &demand).ok().filter(|plan| plan.converged)?;
    let [mut leaving, mut arriving] = [&sources, &targets].map(Places::members);
    let mut target_of = vec![0; n];
    for ((&source, &target), &mass) in plan.rows.iter().zip(&plan.cols).zip(&plan.mass) {
        for _ in 0..mass as usize {
            let (row, column) = (leaving[source].pop(), arriving[target].pop());
            target_of[row.expect("a plan sends what there is")] = column.expect("a plan brings what is wanted");
        }
    }
    let of_each = |places: &Places, potential: &[f64]| places.of.iter().map(|&place| potential[place]).collect();
    Some(Assignment {
        cost: target_of.iter().enumerate().map(|(i, &j)| cost[[i, j]].widen()).sum(),
        target_of,
        dual_source: of_each(&sources, &plan.dual_source),
        dual_target: of_each(&targets, &plan.dual_target),
    })
}

/// Whether two of some values in scattered positions are equal and finite: forbidden pairs say nothing of places.
fn probe<A: Real>(value: impl Fn(usize) -> A, n: usize) -> bool {
    // Multiples of the golden ratio meet any regular order of the points evenly.
    let position = |k: usize| ((k as f64 * 0.618_033_988_749_895).fract() * n as f64) as usize;
    let mut positions: [usize; PROBES] = std::array::from_fn(position);
    positions.sort_unstable();
    let mut values: Vec<f64> = Vec::with_capacity(PROBES);
    let distinct = positions.chunk_by(|a, b| a == b).map(|same| value(same[0]).widen());
    values.extend(distinct.filter(|value| value.is_finite()));
    values.sort_unstable_by(f64::total_cmp);
    !values.is_sorted_by(|a, b| a < b)
}

/// Points of one side, by where they are.
struct Places {
    /// The place of each point.
    of: Vec<usize>,
    /// The first point of each place.
    first: Vec<usize>,
}

impl Places {
    fn all_apart(n: usize) -> Self {
        Self { of: (0..n).collect(), first: (0..n).collect() }
    }

    /// From the first point that each point is at one place with.
    fn from_twins(twin: &[usize]) -> Self {
        let mut places = Self { of: Vec::with_capacity(twin.len()), first: Vec::new() };
        for (point, &twin) in twin.iter().enumerate() {
            if twin == point {
                places.of.push(places.first.len());
                places.first.push(point);
            } else {
                places.of.push(places.of[twin]);
            }
        }
        places
    }

    /// Of equal columns, unless there are more than `most` different ones: each column is compared to the first one that it has
    /// been equal to so far, row by row.
    fn of_columns<A: Real>(cost: ArrayView2<'_, A>, most: usize) -> Option<Self> {
        let mut twin = vec![0; cost.ncols()];
        let mut count = 1;
        for row in cost.outer_iter() {
            let row = row.to_slice().expect("a row of a matrix in standard layout");
            if row.iter().zip(&twin).all(|(c, &twin)| *c == row[twin]) {
                continue;
            }
            let mut apart = HashMap::new();
            for (column, twin) in twin.iter_mut().enumerate() {
                if row[column] != row[*twin] {
                    *twin = *apart.entry((*twin, row[column].widen().to_bits())).or_insert(column);
                    count += usize::from(*twin == column);
                }
            }
            if count > most {
                return None;
            }
        }
        Some(Self::from_twins(&twin))
    }

    /// Of equal rows, unless there are more than `most` different ones.
    fn of_rows<A: Real>(cost: ArrayView2<'_, A>, most: usize) -> Option<Self> {
        let mut twin = Vec::with_capacity(cost.nrows());
        for columns in [PREFIX.min(cost.ncols()), cost.ncols()] {
            let mut first = HashMap::new();
            twin.clear();
            for (i, row) in cost.outer_iter().enumerate() {
                let row = row.to_slice().expect("a row of a matrix in standard layout");
                twin.push(*first.entry(bytemuck::cast_slice::<A, u8>(&row[..columns])).or_insert(i));
                if first.len() > most {
                    return None;
                }
            }
        }
        Some(Self::from_twins(&twin))
    }

    fn count(&self) -> usize {
        self.first.len()
    }

    /// How many points are at each place.
    fn masses(&self) -> Vec<f64> {
        let mut masses = vec![0.0; self.count()];
        for &place in &self.of {
            masses[place] += 1.0;
        }
        masses
    }

    /// The points of each place, the first one last.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count()];
        for (point, &place) in self.of.iter().enumerate().rev() {
            members[place].push(point);
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::lap::{self, Costs};
    use crate::limited::limited;

    /// Costs between places, with the points at them in an irregular order.
    fn costs(n: usize, rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f32) -> Array2<f32> {
        Array2::from_shape_fn((n, n), |(i, j)| cost(i * 577 % 1009 % rows, j * 389 % 997 % columns))
    }

    fn residue(i: usize, j: usize) -> f32 {
        ((i * 7919 + 13) % 1009 * ((j * 104_729 + 7) % 997) % 4096) as f32
    }

    /// The result is a permutation that is optimal by its certificate, in whole numbers without rounding.
    fn check(cost: &Array2<f32>) {
        let best = assignment(cost.view()).expect("points coincide");
        let mut targets = best.target_of.clone();
        targets.sort_unstable();
        assert!(targets.into_iter().eq(0..cost.nrows()));
        assert_eq!(best.gap(), 0.0);
        for ((i, j), &c) in cost.indexed_iter() {
            assert!(best.dual_source[i] + best.dual_target[j] <= f64::from(c), "pair ({i}, {j})");
        }
        let arch = Arch::new();
        let alone = lap::solve(arch, &Costs::new(arch, cost.view()).unwrap(), None).unwrap();
        assert_eq!(best.cost, alone.column_of.iter().enumerate().map(|(i, &j)| f64::from(cost[[i, j]])).sum::<f64>());
    }

    #[test]
    fn places_of_either_side_are_merged() {
        let _limited = limited();
        for (rows, columns) in [(230, 8), (8, 230), (40, 50), (1, 1), (1, 230)] {
            check(&costs(230, rows, columns, residue));
        }
    }

    #[test]
    fn forbidden_pairs_stay_forbidden() {
        let _limited = limited();
        check(&costs(230, 20, 30, |i, j| if (i + j) % 3 == 0 { f32::INFINITY } else { residue(i, j) }));
        let cross = costs(230, 20, 30, |i, j| if (i == 3) == (j == 4) { residue(i, j) } else { f32::INFINITY });
        assert_eq!(assignment(cross.view()), None, "the masses of these places differ");
    }

    /// Equal costs without equal points, or with too few of them.
    #[test]
    fn points_that_differ_are_left_alone() {
        let _limited = limited();
        let scattered = |(i, j): (usize, usize)| ((i * 7919 + 13) * (j * 104_729 + 7) % 1009 % 3) as f32;
        assert_eq!(assignment(Array2::from_shape_fn((230, 230), scattered).view()), None);
        let pairs = |(i, j): (usize, usize)| residue(i, j / 2);
        assert_eq!(assignment(Array2::from_shape_fn((230, 230), pairs).view()), None);
    }
}
