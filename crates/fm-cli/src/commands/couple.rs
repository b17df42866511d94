//! `fm couple`.
#![expect(clippy::needless_pass_by_value, reason = "array views are handles, passed by value as ndarray does")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use fm_nn::random::{Purpose, stream};
use fm_ot::{
    Assignment, ClassConditional, ClassRule, Cost, Coupling, Endpoints, EntropicPlan, Epsilon, ExactOt, Independent,
    Pairing, Real, Resampled, Sinkhorn, SinkhornOt, TransportPlan, assign_points, assignment, transport,
};
use ndarray::{Array1, Array2, ArrayView2};
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand_chacha::ChaCha8Rng;

use super::entropy::Entropy;
use super::report::Report;
use crate::data::{Points, load_labels, load_points, load_weights, npy_bytes, write_npy, write_npz};
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
    /// Standard deviation of the Brownian reference of a Schrödinger bridge
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    sigma: f64,
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

/// Costs of up to this many pairs are made before an entropic solve, and timed apart; beyond, as the solve goes along.
const STORED: usize = 1 << 24;

/// Pairs, and what is known of them.
#[derive(Debug, Default)]
struct Coupled {
    pairs: Pairing,
    plan: Option<Entries>,
    /// The mean cost of a unit of mass.
    cost: f64,
    primal_minus_dual: Option<f64>,
    marginal_l1: f64,
    iterations: Option<usize>,
    converged: bool,
    cost_seconds: Option<f64>,
    solve_seconds: f64,
}

/// A plan as a list.
#[derive(Debug)]
struct Entries {
    rows: Vec<usize>,
    cols: Vec<usize>,
    mass: Vec<f64>,
}

/// Couples, writes and reports.
pub fn run(args: &Args) -> Result<ExitCode> {
    let npy = args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    ensure!(npy, "{}: the pairs are an array; let the name end in .npy", args.out.display());
    if args.method == Method::SchrodingerBridge {
        let sigma = args.sigma;
        ensure!(sigma > 0.0 && sigma.is_finite(), "--sigma {sigma} is not allowed: it must be positive and finite");
        ensure!(args.entropy.epsilon.is_none(), "--epsilon of a Schrödinger bridge is 2 sigma^2; give --sigma alone");
    }
    let (x0, x1) = (load_points(&args.source)?, load_points(&args.target)?);
    let ((n, d), (m, other)) = (x0.dim(), x1.dim());
    ensure!(
        d == other,
        "{}: points of {d} values, but {} has points of {other}; both need the same",
        args.source.display(),
        args.target.display()
    );
    let what = format!("coupling {n} with {m} points");
    let coupled = patiently(&what, || match (x0, x1) {
        (x0, x1) if args.labels.is_some() || args.method == Method::Independent => by_trait(args, &x0, &x1),
        (Points::Single(x0), Points::Single(x1)) => by_plan(args, x0.view(), x1.view()),
        (x0, x1) => by_plan(args, x0.double().view(), x1.double().view()),
    })?;
    if !coupled.converged {
        say(&format!(
            "warning: Sinkhorn's algorithm stopped at a marginal error of {:.1e}; raise --max-iterations or --epsilon",
            coupled.marginal_l1
        ));
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
    report.add("iterations", coupled.iterations);
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

    fn solver(&self) -> Sinkhorn {
        let bridge = SinkhornOt::schrodinger_bridge(self.sigma).solver.epsilon;
        let default = if self.method == Method::SchrodingerBridge { bridge } else { Epsilon::default() };
        self.entropy.solver(default)
    }
}

/// Through the coupling that a training loop uses, in single precision: labelled points, and independent ones.
fn by_trait(args: &Args, x0: &Points, x1: &Points) -> Result<Coupled> {
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
    Ok(Coupled { pairs, cost, converged: true, solve_seconds, ..Coupled::default() })
}

/// Through the solver itself, which knows its certificate.
fn by_plan<A: Real>(args: &Args, x0: ArrayView2<'_, A>, x1: ArrayView2<'_, A>) -> Result<Coupled> {
    let (n, m) = (x0.nrows(), x1.nrows());
    let weights = |path: &Option<PathBuf>, n| path.as_ref().map(|path| load_weights(path, n)).transpose();
    let (a, b) = (weights(&args.source_weights, n)?, weights(&args.target_weights, m)?);
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

impl Entries {
    /// Every entry of an entropic plan that has mass.
    fn of<A: Real>(plan: &EntropicPlan<'_, A>) -> Self {
        let mut entries = Self { rows: Vec::new(), cols: Vec::new(), mass: Vec::new() };
        for i in 0..plan.dim().0 {
            for (j, mass) in plan.row(i).into_iter().enumerate().filter(|(_, mass)| *mass > 0.0) {
                entries.rows.push(i);
                entries.cols.push(j);
                entries.mass.push(mass);
            }
        }
        entries
    }

    /// Pairs drawn by their mass, with replacement.
    fn draw(&self, count: usize, args: &Args) -> Result<Pairing> {
        let mut rng = args.rng();
        let mut pairs = Pairing::default();
        for k in WeightedIndex::new(&self.mass)?.sample_iter(&mut rng).take(count) {
            pairs.source.push(self.rows[k]);
            pairs.target.push(self.cols[k]);
        }
        Ok(pairs)
    }

    /// Writes `plan.npz` beside the pairs.
    fn write(&self, args: &Args) -> Result<()> {
        let path = args.out.with_file_name("plan.npz");
        let indices = |indices: &[usize]| npy_bytes(&indices.iter().map(|&i| i as i64).collect::<Array1<_>>());
        let mass = npy_bytes(&Array1::from_vec(self.mass.clone()))?;
        write_npz(&path, &[("rows", indices(&self.rows)?), ("cols", indices(&self.cols)?), ("mass", mass)])?;
        Ok(())
    }
}
