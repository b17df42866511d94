//! Pairs through the solver itself, which knows its certificate.
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

use std::time::Instant;

use anyhow::{Result, ensure};
use fm_ot::{Assignment, Cost, EntropicPlan, Pairing, Real, TransportPlan, assign_points, assignment, transport};
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
    if args.method != Method::Exact {
        let [a, b] = if weighted {
            [Some(a.unwrap_or_else(|| uniform(n))), Some(b.unwrap_or_else(|| uniform(m)))]
        } else {
            [None, None]
        };
        return entropic(args, x0, x1, [a, b]);
    }
    let sorted = !weighted && n == m && x0.ncols() == 1;
    let began = Instant::now();
    if sorted {
        let best = assign_points(x0, x1, Cost::SquaredEuclidean)?;
        return permutation(args, best, None, began.elapsed().as_secs_f64());
    }
    let held = n.checked_mul(m).is_some_and(|pairs| Vec::<A>::new().try_reserve_exact(pairs).is_ok());
    ensure!(
        held,
        "the costs of {n} x {m} pairs do not fit into memory; couple fewer points, or choose --method sinkhorn"
    );
    let cost = Cost::SquaredEuclidean.matrix(x0, x1)?;
    let cost_seconds = Some(began.elapsed().as_secs_f64());
    let began = Instant::now();
    if !weighted && n == m {
        let best = assignment(cost.view())?;
        return permutation(args, best, cost_seconds, began.elapsed().as_secs_f64());
    }
    let (a, b) = (a.unwrap_or_else(|| uniform(n)), b.unwrap_or_else(|| uniform(m)));
    let plan = transport(cost.view(), &a, &b)?;
    let solve_seconds = began.elapsed().as_secs_f64();
    let (source, target) = plan.marginal_errors(&a, &b);
    let (plan_cost, gap) = (plan.cost / total, plan.gap() / total);
    let TransportPlan { rows, cols, mass, .. } = plan;
    let entries = Entries { rows, cols, mass };
    Ok(Coupled {
        pairs: entries.draw(n, args)?,
        plan: Some(entries),
        cost: plan_cost,
        primal_minus_dual: Some(gap),
        marginal_l1: source.max(target) / total,
        iterations: None,
        converged: true,
        cost_seconds,
        solve_seconds,
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
    let primal_minus_dual = Some(gap);
    Ok(Coupled { pairs, cost, primal_minus_dual, converged: true, cost_seconds, solve_seconds, ..Coupled::default() })
}

fn entropic<A: Real>(
    args: &Args,
    x0: ArrayView2<'_, A>,
    x1: ArrayView2<'_, A>,
    [a, b]: [Option<Vec<f64>>; 2],
) -> Result<Coupled> {
    let (solver, began) = (args.solver(), Instant::now());
    let (n, weighted) = (x0.nrows(), a.is_some() || b.is_some());
    let finish = |plan: EntropicPlan<'_, A>, cost_seconds, began: Instant| {
        let solve_seconds = began.elapsed().as_secs_f64();
        let mut rng = args.rng();
        let pairs = if weighted || args.replacement {
            plan.draw(n, &mut rng)
        } else {
            Pairing::from_targets((0..n).map(|i| plan.draw_target(i, &mut rng)).collect())
        };
        let total: f64 = a.as_ref().map_or(1.0, |a| a.iter().sum());
        Coupled {
            pairs,
            plan: weighted.then(|| Entries::of(&plan)),
            cost: plan.transport_cost() / total,
            primal_minus_dual: None,
            marginal_l1: plan.marginal_l1,
            iterations: Some(plan.iterations),
            converged: plan.converged,
            cost_seconds,
            solve_seconds,
        }
    };
    if n.saturating_mul(x1.nrows()) > STORED {
        let plan = solver.solve_points(x0, x1, a.as_deref(), b.as_deref())?;
        return Ok(finish(plan, None, began));
    }
    let cost = Cost::SquaredEuclidean.matrix(x0, x1)?;
    let cost_seconds = Some(began.elapsed().as_secs_f64());
    let began = Instant::now();
    let plan = solver.solve(cost.view(), a.as_deref(), b.as_deref())?;
    Ok(finish(plan, cost_seconds, began))
}
