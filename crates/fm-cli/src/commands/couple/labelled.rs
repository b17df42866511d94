//! Pairs through the coupling that a training loop uses, in single precision: labelled points, and independent ones.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use fm_ot::{ClassConditional, ClassRule, Coupling, Endpoints, ExactOt, Independent, Resampled, SinkhornOt};

use super::{Args, Coupled, Method};
use crate::data::{Points, load_labels};

pub fn couple(args: &Args, x0: &Points, x1: &Points) -> Result<Coupled> {
    if args.source_weights.is_some() || args.target_weights.is_some() {
        bail!("weights of independent points; leave them out, or choose another --method");
    }
    let (x0, x1) = (x0.single(), x1.single());
    let labels = |path: &Option<PathBuf>, n| path.as_ref().map(|path| load_labels(path, n)).transpose();
    let (target, source) = (labels(&args.labels, x1.nrows())?, labels(&args.source_labels, x0.nrows())?);
    let ends = Endpoints {
        labels: target.as_deref(),
        source_labels: source.as_deref(),
        ..Endpoints::new(x0.view(), x1.view())
    };
    let coupling: Box<dyn Coupling> = match args.method {
        Method::Independent => Box::new(Independent),
        Method::Exact => Box::new(ExactOt),
        Method::Sinkhorn | Method::SchrodingerBridge => Box::new(SinkhornOt { solver: args.solver() }),
    };
    let rule = args.class_penalty.map_or(ClassRule::Within, |penalty| ClassRule::Penalty { penalty });
    let coupling = ClassConditional { coupling, rule };
    let (began, mut rng) = (Instant::now(), args.rng());
    let pairs = if args.replacement {
        Resampled { coupling }.couple(ends, &mut rng)?
    } else {
        coupling.couple(ends, &mut rng)?
    };
    let solve_seconds = began.elapsed().as_secs_f64();
    let square = |(&i, &j): (&usize, &usize)| -> f64 {
        x0.row(i).iter().zip(x1.row(j)).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    };
    let cost = pairs.source.iter().zip(&pairs.target).map(square).sum::<f64>() / pairs.len() as f64;
    // Pairs of a permutation have the marginals that they should; what several entropic plans missed, the coupling keeps to itself.
    let entropic = matches!(args.method, Method::Sinkhorn | Method::SchrodingerBridge);
    let marginal_l1 = (!entropic).then_some(0.0);
    Ok(Coupled { pairs, cost, marginal_l1, converged: true, solve_seconds, ..Coupled::default() })
}
