//! Pairs through the solver itself, which knows its certificate.
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

use std::time::Instant;

use anyhow::{Result, ensure};
use fm_ot::{
    Assignment, Cost, EntropicPlan, Pairing, Real, TransportPlan, assign_points, assignment, transport,
    transport_points,
};
use ndarray::ArrayView2;

use super::{Args, Coupled, Entries, Method};
use crate::commands::two_files::optional_weights;

/// Costs of up to this many pairs are made before an entropic solve, and timed apart; beyond, as the solve goes along.
const STORED: usize = 1 << 24;

pub fn couple<A: Real>(args: &Args, x0: ArrayView2<'_, A>, x1: ArrayView2<'_, A>) -> Result<Coupled> {
    let (n, m) = (x0.nrows(), x1.nrows());
    let [a, b] = optional_weights([(&args.source_weights, n), (&args.target_weights, m)])?;
    let weighted = a.is_some() || b.is_some();
    // A side without weights has the mass of the other.
    let total: f64 = a.as_ref().or(b.as_ref()).map_or(1.0, |given| given.iter().sum());
    let uniform = |n: usize| vec![total / n as f64; n];
    let weights = || [a.unwrap_or_else(|| uniform(n)), b.unwrap_or_else(|| uniform(m))];
    if args.method == Method::Exact {
        exact(args, x0, x1, (weighted || n != m).then(weights))
    } else {
        entropic(args, x0, x1, weighted.then(weights))
    }
}

/// Whether squares of the points neither overflow nor vanish in single precision. Other points are given to the solvers as they
/// are, which rescale them.
fn have_squares<A: Real>(x0: ArrayView2<'_, A>, x1: ArrayView2<'_, A>) -> bool {
    let largest = x0.iter().chain(x1).fold(0.0, |largest: f64, v| largest.max(v.widen().abs()));
    (1e-9..1e15).contains(&largest)
}

fn exact<A: Real>(
    args: &Args,
    x0: ArrayView2<'_, A>,
    x1: ArrayView2<'_, A>,
    weights: Option<[Vec<f64>; 2]>,
) -> Result<Coupled> {
    let (n, m, line) = (x0.nrows(), x1.nrows(), x0.ncols() == 1);
    let held = line || n.checked_mul(m).is_some_and(|pairs| Vec::<A>::new().try_reserve_exact(pairs).is_ok());
    ensure!(
        held,
        "the costs of {n} x {m} pairs do not fit into memory; couple fewer points, or choose --method sinkhorn"
    );
    let began = Instant::now();
    // Points of a line are sorted.
    let stored = !line && have_squares(x0, x1);
    let cost = if stored { Some(Cost::SquaredEuclidean.matrix(x0, x1)?) } else { None };
    let cost_seconds = stored.then(|| began.elapsed().as_secs_f64());
    let began = Instant::now();
    if let Some([a, b]) = weights {
        let plan = match &cost {
            Some(cost) => transport(cost.view(), &a, &b)?,
            None => transport_points(x0, x1, &a, &b)?,
        };
        return weighted(args, plan, [&a, &b], cost_seconds, began.elapsed().as_secs_f64());
    }
    let best = match &cost {
        Some(cost) => assignment(cost.view())?,
        None => assign_points(x0, x1, Cost::SquaredEuclidean)?,
    };
    permutation(args, best, cost_seconds, began.elapsed().as_secs_f64())
}

fn weighted(
    args: &Args,
    plan: TransportPlan,
    [a, b]: [&[f64]; 2],
    cost_seconds: Option<f64>,
    solve_seconds: f64,
) -> Result<Coupled> {
    let total: f64 = a.iter().sum();
    let (source, target) = plan.marginal_errors(a, b);
    let (cost, gap, converged) = (plan.cost / total, plan.gap() / total, plan.converged);
    let TransportPlan { rows, cols, mass, .. } = plan;
    let entries = Entries { rows, cols, mass };
    Ok(Coupled {
        pairs: entries.draw(a.len(), args)?,
        plan: Some(entries),
        cost,
        primal_minus_dual: Some(gap),
        marginal_l1: Some(source.max(target) / total),
        converged,
        cost_seconds,
        solve_seconds,
        ..Coupled::default()
    })
}

fn permutation(args: &Args, best: Assignment, cost_seconds: Option<f64>, solve_seconds: f64) -> Result<Coupled> {
    let n = best.target_of.len();
    let (cost, gap) = (best.cost / n as f64, best.gap() / n as f64);
    let all = Pairing::from_targets(best.target_of);
    let pairs = if args.replacement {
        let Pairing { source: rows, target: cols } = all;
        Entries { mass: vec![1.0; n], rows, cols }.draw(n, args)?
    } else {
        all
    };
    Ok(Coupled {
        pairs,
        cost,
        primal_minus_dual: Some(gap),
        marginal_l1: Some(0.0),
        converged: true,
        cost_seconds,
        solve_seconds,
        ..Coupled::default()
    })
}

fn entropic<A: Real>(
    args: &Args,
    x0: ArrayView2<'_, A>,
    x1: ArrayView2<'_, A>,
    weights: Option<[Vec<f64>; 2]>,
) -> Result<Coupled> {
    let (solver, n) = (args.solver(), x0.nrows());
    let [a, b] = weights.as_ref().map_or([None; 2], |[a, b]| [Some(a.as_slice()), Some(b.as_slice())]);
    let finish = |plan: EntropicPlan<'_, A>, cost_seconds, began: Instant| {
        let solve_seconds = began.elapsed().as_secs_f64();
        let mut rng = args.rng();
        let pairs = if weights.is_some() || args.replacement {
            plan.draw(n, &mut rng)
        } else {
            Pairing::from_targets(plan.draw_targets(&mut rng))
        };
        let total: f64 = a.map_or(1.0, |a| a.iter().sum());
        Coupled {
            pairs,
            plan: weights.is_some().then(|| Entries::of(&plan)),
            cost: plan.transport_cost() / total,
            primal_minus_dual: None,
            marginal_l1: Some(plan.marginal_l1),
            epsilon: Some(plan.epsilon),
            iterations: Some(plan.iterations),
            sampled_iterations: Some(plan.sampled_iterations),
            converged: plan.converged,
            cost_seconds,
            solve_seconds,
        }
    };
    let began = Instant::now();
    if n.saturating_mul(x1.nrows()) > STORED || !have_squares(x0, x1) {
        let plan = solver.solve_points(x0, x1, a, b)?;
        return Ok(finish(plan, None, began));
    }
    let cost = Cost::SquaredEuclidean.matrix(x0, x1)?;
    let cost_seconds = Some(began.elapsed().as_secs_f64());
    let began = Instant::now();
    let plan = solver.solve(cost.view(), a, b)?;
    Ok(finish(plan, cost_seconds, began))
}
