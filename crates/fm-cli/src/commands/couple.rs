//! `fm couple`.

mod entries;
mod labelled;
mod plan;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use fm_nn::random::{Purpose, stream};
use fm_ot::{Epsilon, Pairing, Sinkhorn, SinkhornOt};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use self::entries::Entries;
use super::entropy::Entropy;
use super::report::Report;
use super::two_files;
use crate::data::{Points, write_npy};
use crate::progress::{patiently, say};

/// Arguments of `fm couple`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Source points: .npy, .npz, .csv or IDX, one in each row
    #[arg(value_name = "X0")]
    source: PathBuf,
    /// Target points
    #[arg(value_name = "X1")]
    target: PathBuf,
    /// How to pair them
    #[arg(long, value_enum, default_value_t = Method::Exact)]
    method: Method,
    /// File to write: .npy of int64 [n, 2], source index and target index
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Weights of the source points; the plan is then written beside the pairs, which are drawn from it
    #[arg(long, value_name = "FILE")]
    source_weights: Option<PathBuf>,
    /// Weights of the target points
    #[arg(long, value_name = "FILE")]
    target_weights: Option<PathBuf>,
    /// Classes of the target points: pairs stay inside a class
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source_weights", "target_weights"])]
    labels: Option<PathBuf>,
    /// Classes of the source points [default: those of the target points, handed out at random]
    #[arg(long, value_name = "FILE", requires = "labels")]
    source_labels: Option<PathBuf>,
    /// Let pairs leave their class at this cost, in squared units of the points
    #[arg(long, value_name = "P", requires = "labels")]
    class_penalty: Option<f64>,
    /// Draw the pairs with replacement
    #[arg(long)]
    replacement: bool,
    /// Standard deviation of the Brownian reference of a Schrödinger bridge [default: 1]
    #[arg(long, value_name = "S")]
    sigma: Option<f64>,
    #[command(flatten)]
    entropy: Entropy,
    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// Row i with row i
    Independent,
    /// Optimal transport: a permutation, or a plan for weights or unequal sizes
    Exact,
    /// Pairs drawn from the entropic plan, row by row
    Sinkhorn,
    /// Entropic with epsilon = 2 sigma^2
    SchrodingerBridge,
}

/// Pairs, and what is known of them.
#[derive(Debug, Default)]
struct Coupled {
    pairs: Pairing,
    plan: Option<Entries>,
    /// The mean cost of a unit of mass.
    cost: f64,
    primal_minus_dual: Option<f64>,
    marginal_l1: Option<f64>,
    epsilon: Option<f64>,
    iterations: Option<usize>,
    sampled_iterations: Option<usize>,
    converged: bool,
    cost_seconds: Option<f64>,
    solve_seconds: f64,
}

/// Couples, writes and reports.
pub fn run(args: &Args) -> Result<ExitCode> {
    let npy = args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    ensure!(npy, "{}: the pairs are an array; let the name end in .npy", args.out.display());
    args.check()?;
    let (x0, x1) = two_files::load([&args.source, &args.target])?;
    let (n, m) = (x0.dim().0, x1.dim().0);
    let what = format!("coupling {n} with {m} points");
    let coupled = patiently(&what, || match (x0, x1) {
        (x0, x1) if args.labels.is_some() || args.method == Method::Independent => labelled::couple(args, &x0, &x1),
        (Points::Single(x0), Points::Single(x1)) => plan::couple(args, x0.view(), x1.view()),
        (x0, x1) => plan::couple(args, x0.double().view(), x1.double().view()),
    })?;
    if !coupled.converged {
        say(&match coupled.primal_minus_dual {
            Some(gap) => {
                format!("warning: the pivots were used up; the plan costs at most {gap:.1e} more than the best")
            }
            None => format!(
                "warning: Sinkhorn's algorithm stopped at a marginal error of {:.1e}; raise --max-iterations or --epsilon",
                coupled.marginal_l1.unwrap_or(f64::NAN)
            ),
        });
    }
    if let Some(plan) = &coupled.plan {
        plan.write(args)?;
    }
    let Pairing { source, target } = &coupled.pairs;
    let index = |(k, side): (usize, usize)| (if side == 0 { source[k] } else { target[k] }) as i64;
    write_npy(&args.out, &Array2::from_shape_fn((source.len(), 2), index))?;
    let mut report = Report::default();
    report.add("pairs", source.len());
    report.add("cost", coupled.cost);
    report.add("primal_minus_dual", coupled.primal_minus_dual);
    report.add("marginal_l1", coupled.marginal_l1);
    report.add("epsilon", coupled.epsilon);
    report.add("iterations", coupled.iterations);
    report.add("sampled_iterations", coupled.sampled_iterations);
    report.add("converged", coupled.converged);
    report.add("cost_seconds", coupled.cost_seconds);
    report.add("solve_seconds", coupled.solve_seconds);
    report.print(args.json)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn rng(&self) -> ChaCha8Rng {
        stream(self.seed, Purpose::Coupling, 0)
    }

    /// Refuses options that the method has no use for: whoever gives one expects it to matter.
    fn check(&self) -> Result<()> {
        let (epsilon, sigma) = (self.entropy.epsilon.is_some(), self.sigma);
        match self.method {
            Method::SchrodingerBridge => {
                ensure!(!epsilon, "--epsilon of a Schrödinger bridge is 2 sigma^2; give --sigma alone");
            }
            Method::Sinkhorn => {}
            Method::Exact | Method::Independent => {
                ensure!(!epsilon, "--epsilon is of no use to this method; leave it out, or choose --method sinkhorn");
            }
        }
        if let Some(sigma) = sigma {
            let bridge = self.method == Method::SchrodingerBridge;
            ensure!(
                bridge,
                "--sigma is that of a Schrödinger bridge; leave it out, or choose --method schrodinger-bridge"
            );
            ensure!(sigma > 0.0 && sigma.is_finite(), "--sigma {sigma} is not allowed: it must be positive and finite");
        }
        Ok(())
    }

    fn solver(&self) -> Sinkhorn {
        let bridge = SinkhornOt::schrodinger_bridge(self.sigma.unwrap_or(1.0)).solver.epsilon;
        let default = if self.method == Method::SchrodingerBridge { bridge } else { Epsilon::default() };
        self.entropy.solver(default)
    }
}
