//! The iteration: passes, extrapolation, and what to do where a sum leaves the range of its type.
//!
//! The unknown is `g` alone; `f` is its soft transform, made in every pass. The error is the mass that the next column step
//! would move, which for balanced transport is the L1 error of the target marginal, that of the source being zero. A plain
//! step never increases it, so an extrapolated step that more than doubles the least error so far is taken back, and the plain
//! step from the best point is made instead. A large error has no room to double, so steps that bring nothing for a while
//! are taken back too, and followed by as many plain steps; both get twice the number each time. Extrapolation can waste
//! passes, rarely several times as many as the plain algorithm takes, but it can neither diverge nor stall.

use super::anderson::Anderson;
use super::band::{Columns, is_safe};
use super::kernel::{Kernel, Problem};
use super::lanes::{self, Lane};
use super::marginals::{self, Rule};
use crate::Real;

/// An extrapolated step may raise the least error so far by this factor.
const TOLERATED_GROWTH: f64 = 2.0;

/// Extrapolated steps that may at first pass without lowering the least error by a twentieth.
const TRIALS: usize = 20;

/// Column factors within `2^-MOST..2^MOST` are kept apart from the kernel.
const MOST: f64 = 16.0;

/// Tolerances below this need a kernel in `f64`.
const SINGLE_TOLERANCE: f64 = 1e-6;

/// Without an improvement by a third within so many steps, the precision of the kernel is taken as exhausted.
const PATIENCE: usize = 50;

/// The error below which that can happen in `f32`.
const SINGLE_FLOOR: f64 = 1e-5;

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
    /// Of the source marginal, which is rounding only, and of the target marginal.
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

/// Runs from the column potentials `g` until the error is within the tolerance or the budget is spent: in `f32` as far as that
/// goes, the rest in `f64`. Below its precision the error that `f32` measures means nothing.
pub(super) fn run<A: Real>(problem: &Problem<'_, A>, settings: Settings, g: Vec<f64>) -> End {
    let single = Settings { tolerance: settings.tolerance.max(SINGLE_TOLERANCE), ..settings };
    let end = run_in::<A, f32>(problem, single, g);
    let spent = end.iterations;
    let good = settings.tolerance >= SINGLE_TOLERANCE && end.errors.iter().all(|e| *e <= settings.tolerance);
    if good || spent >= settings.max_iterations {
        return end;
    }
    let rest = Settings { max_iterations: settings.max_iterations - spent, ..settings };
    let end = run_in::<A, f64>(problem, rest, end.g);
    End { iterations: spent + end.iterations, ..end }
}

/// Until the precision is spent, too.
fn run_in<A: Real, K: Lane>(problem: &Problem<'_, A>, settings: Settings, mut g: Vec<f64>) -> End {
    // A constant that moves from one side to the other changes no plan, so extrapolation would let it grow until it drowns the rest.
    let is_free = settings.rule == Rule::Exact && problem.row_rule == Rule::Exact;
    if is_free {
        centre(&mut g, problem.b);
    }
    let mut kernel = Kernel::<A, K>::new(problem);
    let mut anderson = Anderson::new(problem.arch, settings.depth, problem.b);
    let mut columns = kernel.renew(g.clone());
    let mut renewed = true;
    let mut iterations = 1;
    let mut best: Option<Step> = None;
    let mut milestone = (f64::INFINITY, 0);
    // The error that counts as the last success of extrapolation, and when it was; the steps that it may try, and the plain
    // steps to come.
    let (mut success, mut since) = (f64::INFINITY, 0);
    let (mut trials, mut plain) = (TRIALS, 0);
    loop {
        let out_of_range = columns.sums.iter().any(|&sum| !is_safe::<K>(sum));
        if !renewed && (out_of_range || !columns.rows_safe) && iterations < settings.max_iterations {
            columns = kernel.renew(g.clone());
            (renewed, iterations) = (true, iterations + 1);
            continue;
        }
        if out_of_range {
            anderson.clear();
        }
        let step = column_step(&kernel, problem, settings, &g, &columns, out_of_range);
        if step.error < 2.0 / 3.0 * milestone.0 {
            milestone = (step.error, iterations);
        }
        let exhausted = size_of::<K>() == 4 && step.error < SINGLE_FLOOR && iterations > milestone.1 + PATIENCE;
        if step.error <= settings.tolerance || iterations >= settings.max_iterations || exhausted {
            let (f, mass) = (kernel.row_potentials(), kernel.mass(&g, &columns));
            let errors = [kernel.rounding(&f, &g), step.error];
            return End { f, g, errors, iterations, cap: step.cap, mass };
        }
        if step.error < 0.95 * success {
            (success, since) = (step.error, iterations);
        }
        let grown = best.as_ref().is_some_and(|best| step.error.is_nan() || step.error > TOLERATED_GROWTH * best.error);
        let stalled = plain == 0 && settings.depth > 0 && iterations > since + trials;
        g = match &best {
            Some(best) if grown || stalled => {
                anderson.clear();
                if stalled {
                    (plain, trials) = (trials, 2 * trials);
                }
                best.image.clone()
            }
            _ => {
                let mut next = anderson.step(&g, &step.image);
                if is_free {
                    centre(&mut next, problem.b);
                }
                let usable = plain == 0 && next.iter().all(|x| x.is_finite());
                let next = if usable { next } else { step.image.clone() };
                // A plain step goes on from where it is, also where the error is the same in all digits.
                if plain > 0 || best.as_ref().is_none_or(|best| step.error < best.error) {
                    best = Some(step);
                }
                if plain > 0 {
                    (plain, since) = (plain - 1, iterations);
                }
                next
            }
        };
        let drift = g.iter().zip(&kernel.g).fold(0.0, |d: f64, (new, old)| d.max((new - old).abs()));
        renewed = !kernel.is_kept() || drift > MOST;
        columns = if renewed { kernel.renew(g.clone()) } else { kernel.reuse(&g) };
        iterations += 1;
    }
}

/// Makes the weighted mean of the potentials zero.
fn centre(potentials: &mut [f64], weights: &[f64]) {
    let mean: f64 = potentials.iter().zip(weights).map(|(p, w)| p * w).sum();
    for potential in potentials {
        *potential -= mean;
    }
}

fn column_step<A: Real, K: Lane>(
    kernel: &Kernel<'_, A, K>,
    problem: &Problem<'_, A>,
    settings: Settings,
    g: &[f64],
    columns: &Columns,
    out_of_range: bool,
) -> Step {
    let mut soft = columns.sums.clone();
    lanes::logarithms(problem.arch, &mut soft);
    for (soft, g) in soft.iter_mut().zip(&kernel.g) {
        *soft += problem.log_mass[0] - g;
    }
    if out_of_range {
        let hard = problem.hard_columns(&kernel.row_potentials());
        for ((soft, hard), &sum) in soft.iter_mut().zip(hard).zip(&columns.sums) {
            if !is_safe::<K>(sum) {
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
