//! The iteration: passes, extrapolation, and what to do where a sum leaves the range of its type.
//!
//! The unknown is `g` alone; `f` is its soft transform, made in every pass. The error is the mass that the next column step
//! would move, which for balanced transport is the L1 error of the target marginal, that of the source being zero. A plain
//! step never increases it, so an extrapolated step that more than doubles the least error so far is taken back, and the plain
//! step from the best point is made instead. A large error has no room to double, so steps that bring nothing for a while
//! are taken back too, and followed by as many plain steps; both get twice the number each time. Extrapolation can waste
//! passes, about twice as many as the plain algorithm takes, but it can neither diverge nor stall.

use super::anderson::Anderson;
use super::band::{Columns, is_safe};
use super::kernel::{Kernel, Problem};
use super::lanes;
use super::marginals::{self, Rule};
use crate::Real;

/// An extrapolated step may raise the least error so far by this factor.
const TOLERATED_GROWTH: f64 = 2.0;

/// Extrapolated steps that may at first pass without lowering the least error by a twentieth.
const TRIALS: usize = 20;

/// Column factors within `2^-MOST..2^MOST` are kept apart from the kernel.
const MOST: f64 = 16.0;

/// A stored pass whose error is below this many times its doubt is made again, fresh.
const DOUBTFUL: f64 = 2.0;

/// Fresh passes that may find no less than half of the error of the one before until stored ones are given up.
const FAILURES: usize = 3;

/// Tolerances below this need sums in `f64`.
const SINGLE_TOLERANCE: f64 = 1e-6;

/// The error below which `f32` may show.
const SINGLE_FLOOR: f64 = 1e-5;

/// Without an improvement by a third within so many steps, the precision is taken as exhausted.
const PATIENCE: usize = 50;

/// How an iteration is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) tolerance: f64,
    pub(super) max_iterations: usize,
    pub(super) depth: usize,
    pub(super) rule: Rule,
    /// The mass to move, relative to that of the target, where it is prescribed.
    pub(super) mass: Option<f64>,
}

/// Where an iteration ended. Potentials are in base-2 units of epsilon.
#[derive(Debug)]
pub(super) struct End {
    pub(super) f: Vec<f64>,
    pub(super) g: Vec<f64>,
    /// At most, of the source and of the target marginal.
    pub(super) errors: [f64; 2],
    pub(super) iterations: usize,
    /// The cap of the target potentials in partial transport.
    pub(super) cap: f64,
    /// Of the plan, relative to that of the source.
    pub(super) mass: f64,
}

/// A step of the columns.
struct Step {
    image: Vec<f64>,
    error: f64,
    cap: f64,
}

/// Runs from the column potentials `g` until the error is within the tolerance or the budget is spent. `memory` is for the
/// kernel, and may have held another.
pub(super) fn run<A: Real>(
    problem: &Problem<'_, A>,
    settings: Settings,
    mut g: Vec<f64>,
    memory: &mut Vec<u16>,
) -> End {
    let mut passes = Passes { kernel: Kernel::new(problem, memory), double: false, fresh: true, made: 0 };
    let mut anderson = Anderson::new(problem.arch, settings.depth, problem.b);
    let mut columns = passes.fresh(&g);
    let mut best: Option<Step> = None;
    let mut milestone = (f64::INFINITY, 0);
    // The error of the last fresh pass, and how often stored ones since have brought nothing.
    let (mut verified, mut failures) = (f64::INFINITY, 0);
    // The error that counts as the last success of extrapolation, and when it was; the steps that it may try, and the plain
    // steps to come.
    let (mut success, mut since) = (f64::INFINITY, 0);
    let (mut trials, mut plain) = (TRIALS, 0);
    loop {
        let last = passes.made >= settings.max_iterations;
        let in_range = columns.sums.iter().all(|&sum| passes.is_safe(sum));
        let again = !passes.fresh && !last;
        if again && !(in_range && columns.rows_safe) {
            anderson.clear();
            columns = passes.fresh(&g);
            continue;
        }
        let step = column_step(&passes, problem, settings, &g, &columns, in_range);
        let doubt = if passes.fresh { 0.0 } else { passes.kernel.doubt(&g) };
        let error = step.error + doubt;
        if again && error > settings.tolerance && step.error < DOUBTFUL * doubt {
            anderson.rebase();
            columns = passes.fresh(&g);
            // Errors below the doubt were none to measure up to.
            (best, success) = (None, f64::INFINITY);
            continue;
        }
        if step.error < 2.0 / 3.0 * milestone.0 {
            milestone = (step.error, passes.made);
        }
        let exhausted = settings.tolerance < SINGLE_TOLERANCE || passes.made > milestone.1 + PATIENCE;
        if !passes.double && step.error < SINGLE_FLOOR && exhausted && !last {
            passes.double = true;
            anderson.rebase();
            columns = passes.fresh(&g);
            continue;
        }
        if error <= settings.tolerance || last {
            let (f, mass) = (passes.kernel.row_potentials(), passes.kernel.mass(&columns));
            let errors = [doubt + passes.rounding(), error];
            return End { f, g, errors, iterations: passes.made, cap: step.cap, mass };
        }
        if passes.fresh && passes.kernel.is_stored() {
            failures += usize::from(step.error > 0.5 * verified);
            verified = step.error;
        }
        if !in_range {
            anderson.clear();
        }
        if step.error < 0.95 * success {
            (success, since) = (step.error, passes.made);
        }
        let grown = best.as_ref().is_some_and(|best| step.error.is_nan() || step.error > TOLERATED_GROWTH * best.error);
        let stalled = plain == 0 && settings.depth > 0 && passes.made > since + trials;
        g = match &best {
            Some(best) if grown || stalled => {
                anderson.clear();
                if stalled {
                    (plain, trials) = (trials, 2 * trials);
                }
                best.image.clone()
            }
            _ => {
                let next = anderson.step(&g, &step.image);
                let usable = plain == 0 && next.iter().all(|x| x.is_finite());
                let next = if usable { next } else { step.image.clone() };
                // A plain step goes on from where it is, also where the error is the same in all digits.
                if plain > 0 || best.as_ref().is_none_or(|best| step.error < best.error) {
                    best = Some(step);
                }
                if plain > 0 {
                    (plain, since) = (plain - 1, passes.made);
                }
                next
            }
        };
        let far = g.iter().zip(&passes.kernel.g).any(|(new, old)| (new - old).abs() > MOST);
        columns = if far || failures > FAILURES || !passes.kernel.is_stored() {
            if !passes.fresh {
                anderson.rebase();
            }
            passes.fresh(&g)
        } else {
            passes.stored(&g)
        };
    }
}

/// Passes in the precision that the error asks for, counted.
struct Passes<'a, A: Real> {
    kernel: Kernel<'a, A>,
    /// Whether in `f64`.
    double: bool,
    /// Whether the last pass read the costs.
    fresh: bool,
    made: usize,
}

impl<A: Real> Passes<'_, A> {
    fn fresh(&mut self, g: &[f64]) -> Columns {
        (self.fresh, self.made) = (true, self.made + 1);
        if self.double { self.kernel.fresh::<f64>(g) } else { self.kernel.fresh::<f32>(g) }
    }

    fn stored(&mut self, g: &[f64]) -> Columns {
        (self.fresh, self.made) = (false, self.made + 1);
        if self.double { self.kernel.stored::<f64>(g) } else { self.kernel.stored::<f32>(g) }
    }

    fn is_safe(&self, sum: f64) -> bool {
        if self.double && self.fresh { is_safe::<f64>(sum) } else { is_safe::<f32>(sum) }
    }

    /// At most the relative error of a row's sum: of its entries and their addition in the precision of the pass, and of
    /// exponents in `f64`, which are as large as the costs.
    fn rounding(&self) -> f64 {
        let entries = if self.double { f64::EPSILON } else { f64::from(f32::EPSILON) };
        8.0 * (entries + f64::EPSILON * self.kernel.largest_exponent())
    }
}

fn column_step<A: Real>(
    passes: &Passes<'_, A>,
    problem: &Problem<'_, A>,
    settings: Settings,
    g: &[f64],
    columns: &Columns,
    in_range: bool,
) -> Step {
    let kernel = &passes.kernel;
    let mut soft = columns.sums.clone();
    lanes::logarithms(problem.arch, &mut soft);
    for (soft, g) in soft.iter_mut().zip(&kernel.g) {
        *soft += problem.log_mass[0] - g;
    }
    if !in_range {
        let hard = problem.hard_columns(&kernel.row_potentials());
        for ((soft, hard), &sum) in soft.iter_mut().zip(hard).zip(&columns.sums) {
            if !passes.is_safe(sum) {
                *soft = hard + problem.log_mass[0];
            }
        }
    }
    let rule = match (settings.rule, settings.mass) {
        (Rule::Capped(_), Some(mass)) => Rule::Capped(marginals::cap_for_mass(problem.b, &soft, mass)),
        (rule, _) => rule,
    };
    let cap = if let Rule::Capped(cap) = rule { cap } else { 0.0 };
    // A target of no weight that no source may reach has no potential; it is left where it is.
    let image: Vec<f64> =
        soft.iter().zip(g).map(|(&soft, &g)| if soft.is_finite() { rule.potential(soft) } else { g }).collect();
    // The mass of a column before the step, and after it.
    let mut before: Vec<f64> = soft.iter().zip(g).map(|(soft, g)| soft + g).collect();
    lanes::powers(problem.arch, &mut before);
    let mut after: Vec<f64> = soft.iter().zip(&image).map(|(soft, g)| soft + g).collect();
    if rule == Rule::Exact {
        after.fill(1.0);
    } else {
        lanes::powers(problem.arch, &mut after);
    }
    let columns = before.iter().zip(&after).zip(problem.b);
    let error = columns.map(|((before, after), b)| if *b > 0.0 { b * (after - before).abs() } else { 0.0 }).sum();
    Step { image, error, cap }
}
