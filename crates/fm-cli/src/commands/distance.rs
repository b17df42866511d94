//! `fm distance`.
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use fm_nn::random::{Purpose, stream};
use fm_ot::{
    Epsilon, Estimator, Kernel, Order, OtError, Real, Sinkhorn, energy_distance, median_bandwidth, mmd, sample_floor,
    sinkhorn_divergence, sliced_wasserstein, wasserstein1, wasserstein2, weighted_wasserstein,
};
use ndarray::ArrayView2;

use super::entropy::Entropy;
use super::report::Report;
use super::two_files;
use crate::data::Points;
use crate::progress::{patiently, say};

/// Arguments of `fm distance`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Samples to judge: .npy, .npz, .csv or IDX, one in each row
    #[arg(value_name = "X")]
    samples: PathBuf,
    /// Samples of the law they are to have
    #[arg(value_name = "Y")]
    target: PathBuf,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Metric::W2)]
    metric: Metric,
    /// Measure the distance between parts of Y too: what a perfect X would have
    #[arg(long)]
    floor: bool,
    /// Pairs of parts that the floor is averaged over
    #[arg(long, value_name = "N", default_value_t = 5)]
    draws: usize,
    /// Weights of the samples (w1, w2)
    #[arg(long, value_name = "FILE", conflicts_with = "floor")]
    weights: Option<PathBuf>,
    /// Weights of the target samples (w1, w2)
    #[arg(long, value_name = "FILE", conflicts_with = "floor")]
    target_weights: Option<PathBuf>,
    /// Random directions of the sliced distances
    #[arg(long, value_name = "N", default_value_t = 500)]
    projections: usize,
    /// Pairs of two different points only: no bias, and negative values (energy, mmd)
    #[arg(long)]
    unbiased: bool,
    /// Bandwidth of the RBF kernel, may be given several times [default: the median distance]
    #[arg(long, value_name = "H")]
    bandwidth: Vec<f64>,
    #[command(flatten)]
    entropy: Entropy,
    /// Seed of the directions and of the parts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Metric {
    /// Exact 1-Wasserstein distance
    W1,
    /// Exact 2-Wasserstein distance
    W2,
    /// Sliced 1-Wasserstein distance
    SlicedW1,
    /// Sliced 2-Wasserstein distance
    SlicedW2,
    /// Sinkhorn divergence, in squared units
    Sinkhorn,
    /// Energy distance
    Energy,
    /// Squared maximum mean discrepancy with an RBF kernel
    MmdRbf,
    /// Squared maximum mean discrepancy with a linear kernel: the means
    MmdLinear,
}

/// Measures and prints.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (x, y) = two_files::load([&args.samples, &args.target])?;
    let (n, m) = (x.dim().0, y.dim().0);
    ensure!(!args.floor || m >= 4, "{}: {m} samples are too few for a floor; give at least 4", args.target.display());
    let weighted = args.weights.is_some() || args.target_weights.is_some();
    if weighted && !matches!(args.metric, Metric::W1 | Metric::W2) {
        bail!("weights are taken by --metric w1 and w2 only; leave them out");
    }
    let report = patiently(&format!("comparing {n} with {m} samples"), || match (x, y) {
        (Points::Single(x), Points::Single(y)) => measure(args, x.view(), y.view()),
        (x, y) => measure(args, x.double().view(), y.double().view()),
    })?;
    report.print(args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// A metric with everything that is chosen once: the value and the floor are measured with the same.
#[derive(Debug)]
enum Chosen {
    Wasserstein(Order),
    Sliced(Order),
    Sinkhorn(Sinkhorn),
    Energy,
    Mmd(Kernel),
}

impl Chosen {
    fn value<A: Real>(&self, args: &Args, x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<f64, OtError> {
        let estimator = if args.unbiased { Estimator::Unbiased } else { Estimator::Biased };
        match self {
            Self::Wasserstein(Order::One) if x.nrows() == y.nrows() => wasserstein1(x, y),
            Self::Wasserstein(Order::Two) if x.nrows() == y.nrows() => wasserstein2(x, y),
            Self::Wasserstein(order) => weighted_wasserstein(x, y, [None, None], *order),
            Self::Sliced(order) => {
                // The directions are a function of the seed alone.
                let mut rng = stream(args.seed, Purpose::Evaluation, 0);
                sliced_wasserstein(x, y, *order, args.projections, &mut rng)
            }
            Self::Sinkhorn(solver) => {
                let divergence = sinkhorn_divergence(x, y, solver)?;
                let (iterations, marginal_l1) = (divergence.iterations, divergence.marginal_l1);
                let stopped = OtError::NotConverged { iterations, marginal_l1, tolerance: solver.tolerance };
                if divergence.converged { Ok(divergence.value) } else { Err(stopped) }
            }
            Self::Energy => energy_distance(x, y, estimator),
            Self::Mmd(kernel) => mmd(x, y, kernel, estimator),
        }
    }
}

fn measure<A: Real>(args: &Args, x: ArrayView2<'_, A>, y: ArrayView2<'_, A>) -> Result<Report> {
    let (mut report, began) = (Report::default(), Instant::now());
    let (n, m) = (x.nrows(), y.nrows());
    let chosen = match args.metric {
        Metric::W1 => Chosen::Wasserstein(Order::One),
        Metric::W2 => Chosen::Wasserstein(Order::Two),
        Metric::SlicedW1 => Chosen::Sliced(Order::One),
        Metric::SlicedW2 => Chosen::Sliced(Order::Two),
        Metric::Energy => Chosen::Energy,
        Metric::MmdLinear => Chosen::Mmd(Kernel::Linear),
        Metric::MmdRbf if args.bandwidth.is_empty() => {
            let bandwidth = median_bandwidth(x, y)?;
            report.add("bandwidth", bandwidth);
            Chosen::Mmd(Kernel::Rbf { bandwidths: vec![bandwidth] })
        }
        Metric::MmdRbf => Chosen::Mmd(Kernel::Rbf { bandwidths: args.bandwidth.clone() }),
        Metric::Sinkhorn => {
            let solver = args.entropy.solver(Epsilon::default());
            let first = sinkhorn_divergence(x, y, &solver)?;
            report.add("epsilon", first.epsilon);
            report.add("value", first.value);
            report.add("marginal_l1", first.marginal_l1);
            report.add("iterations", first.iterations);
            report.add("converged", first.converged);
            if !first.converged {
                say("warning: Sinkhorn's algorithm did not converge; raise --max-iterations, --tolerance or --epsilon");
            }
            Chosen::Sinkhorn(Sinkhorn { epsilon: Epsilon::Absolute(first.epsilon), ..solver })
        }
    };
    match &chosen {
        Chosen::Sinkhorn(_) => {}
        Chosen::Wasserstein(order) if args.weights.is_some() || args.target_weights.is_some() => {
            let [a, b] = two_files::optional_weights([(&args.weights, n), (&args.target_weights, m)])?;
            report.add("value", weighted_wasserstein(x, y, [a.as_deref(), b.as_deref()], *order)?);
        }
        chosen => report.add("value", chosen.value(args, x, y)?),
    }
    if args.floor {
        // Two parts of Y of the sizes of X and Y where it has the rows, and of its halves where it has not.
        let first = n.min(m / 2);
        let sizes = if n == m { [first; 2] } else { [first, m - first] };
        let mut rng = stream(args.seed, Purpose::Evaluation, 1);
        let floor = sample_floor(y, sizes, args.draws, &mut rng, |x, y| chosen.value(args, x, y))?;
        report.add("floor", floor.mean);
        report.add("floor_std", floor.std);
        report.add("floor_rows", sizes[0]);
        report.add("floor_target_rows", sizes[1]);
        if !args.unbiased {
            say(&format!(
                "the floor is that of {} against {} samples: above the one of {n} against {m}",
                sizes[0], sizes[1]
            ));
        }
    }
    report.add("seconds", began.elapsed().as_secs_f64());
    Ok(report)
}
