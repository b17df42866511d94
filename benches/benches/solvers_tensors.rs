//! What does a solver add to a network in LibTorch?
//!
//! The network is the one that the Python peers load: three hidden layers of 64, trained to carry eight Gaussians to two
//! moons.

use std::f64::consts::E;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fm_benches::{Clock, Facts, criterion, mixture, record, rng};
use fm_solvers::{
    AdaptiveSolver, BrownianPath, Calculus, Diffusion, EmbeddedMethod, FixedMethod, Sde, SdeMethod, SdeSolver,
    SolveError, Stats, Time, TimeGrid, Tolerance, VectorField, solve_fixed,
};
use ndarray::Array2;
use tch::{Device, Kind, Tensor};

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/mlp_8g_moons.npz");

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

/// Weights, transposed, and biases of the layers, those behind an activation with the constants of SELU in them.
///
/// ```text
/// selu(h) = scale (max(h, 0) + alpha exp(min(h, 0)) - alpha)
/// ```
///
/// LibTorch's own SELU takes three fifths of the evaluation, for an `expm1` that gains nothing on numbers of the size of alpha. The
/// peers that call LibTorch have the same network, operator for operator.
struct Network {
    layers: Vec<(Tensor, Tensor)>,
    alpha: Tensor,
}

impl Network {
    fn load(kind: Kind) -> Self {
        let arrays = Tensor::read_npz(WEIGHTS).expect("the weights beside the peers");
        let find = |name: String| {
            let (_, tensor) = arrays.iter().find(|(known, _)| *known == name).expect("a weight of that name");
            tensor.to_kind(Kind::Double)
        };
        let layer = |i: usize| {
            let (weight, bias) = (find(format!("{i}.weight")), find(format!("{i}.bias")));
            let (weight, bias) = if i == 0 {
                (weight, bias)
            } else {
                let weight = weight * SCALE;
                let bias = bias - weight.sum_dim_intlist(1, false, None::<Kind>) * ALPHA;
                (weight, bias)
            };
            (weight.tr().to_kind(kind), bias.to_kind(kind))
        };
        Self { layers: [0, 2, 4, 6].map(layer).into(), alpha: Tensor::from(ALPHA).to_kind(kind) }
    }

    fn velocity(&self, t: f64, x: &Tensor) -> Tensor {
        let time = Tensor::full([x.size()[0], 1], t, (x.kind(), x.device()));
        let input = Tensor::cat(&[x, &time], 1);
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(input, |hidden, (i, (weight, bias))| {
            let mut out = bias.addmm(&hidden, weight);
            if i < last {
                let exponential = out.clamp_max(0.0).exp_();
                out.relu_().addcmul_(&exponential, &self.alpha)
            } else {
                out
            }
        })
    }
}

impl VectorField<Tensor> for Network {
    fn eval(&mut self, t: Time<'_>, x: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
        *out = self.velocity(t.row(0), x);
        Ok(())
    }
}

fn grid(steps: usize) -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, steps).expect("a grid from 0 to 1")
}

fn adaptive(tolerance: f64) -> AdaptiveSolver {
    AdaptiveSolver {
        tolerance: Tolerance::new(tolerance, tolerance).expect("a tolerance"),
        ..AdaptiveSolver::default()
    }
}

/// Points of the source, as a tensor and as an array.
fn source(kind: Kind) -> Tensor {
    let x = mixture(1024, 2, &mut rng());
    Tensor::from_slice(x.as_slice().expect("in standard layout")).view([1024, 2]).to_kind(kind)
}

fn array(x: &Tensor) -> Array2<f64> {
    let values = Vec::<f64>::try_from(x.to_kind(Kind::Double).view([-1])).expect("a vector of doubles");
    Array2::from_shape_vec((values.len() / 2, 2), values).expect("points of the plane")
}

/// `dX = network dt + 1/2 dW`.
fn diffuse(drift: &mut Network, method: SdeMethod, path: &BrownianPath, grid: &TimeGrid, x: &mut Tensor) -> Stats {
    let sde = Sde { calculus: Calculus::Ito, drift, diffusion: Diffusion::Additive(&|_| 0.5) };
    SdeSolver { method, ..SdeSolver::default() }.solve(sde, path, grid, x, &mut ()).expect("a smooth drift")
}

/// The network alone, in solves, and the same solves with derivatives that are known; evaluations and errors are recorded.
fn network(c: &mut Criterion<Clock>) {
    tch::set_num_threads(std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(2));
    let _guard = tch::no_grad_guard();
    let mut group = c.benchmark_group("solvers_tensors");
    group.sample_size(20);
    let (mut network, x0) = (Network::load(Kind::Float), source(Kind::Float));
    group.bench_function("network-alone/1024x2", |b| b.iter(|| network.velocity(black_box(0.5), &x0)));

    let mut exact = source(Kind::Double);
    let tight = AdaptiveSolver { method: EmbeddedMethod::Dop853, ..adaptive(1e-6) }; // as the peers: errors are 1e-3
    tight.solve(&mut Network::load(Kind::Double), &grid(1), &mut exact, &mut ()).expect("a smooth field");
    let exact = array(&exact);
    for method in [EmbeddedMethod::Bosh3, EmbeddedMethod::Dopri5, EmbeddedMethod::Tsit5] {
        let solver = AdaptiveSolver { method, ..adaptive(1e-4) };
        let case = format!("mlp-{method}-1e-4/1024x2");
        let mut x = x0.copy();
        let mut derivatives = Vec::new();
        let mut recording = |t: Time<'_>, x: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
            *out = network.velocity(t.row(0), x);
            derivatives.push(out.shallow_clone());
            Ok(())
        };
        let stats = solver.solve(&mut recording, &grid(1), &mut x, &mut ()).expect("a smooth field");
        record(&format!("solvers_tensors/{case}"), Facts::new(stats.nfe as f64, &array(&x), &exact));
        group.bench_function(case, |b| {
            b.iter_batched_ref(
                || x0.copy(),
                |x| solver.solve(&mut network, &grid(1), x, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(format!("{method}-1e-4-alone/1024x2"), |b| {
            b.iter_batched_ref(
                || (x0.copy(), derivatives.iter()),
                |(x, derivatives)| {
                    let mut known = |_: Time<'_>, _: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
                        *out = derivatives.next().expect("the same evaluations").shallow_clone();
                        Ok(())
                    };
                    solver.solve(&mut known, &grid(1), x, &mut ()).expect("a smooth field")
                },
                BatchSize::SmallInput,
            );
        });
    }

    let steps = grid(100);
    let case = "mlp-euler-100/1024x2";
    let mut x = x0.copy();
    let stats = solve_fixed(FixedMethod::Euler, &mut network, &steps, &mut x, &mut ()).expect("a smooth field");
    record(&format!("solvers_tensors/{case}"), Facts::new(stats.nfe as f64, &array(&x), &exact));
    group.bench_function(case, |b| {
        b.iter_batched_ref(
            || x0.copy(),
            |x| solve_fixed(FixedMethod::Euler, &mut network, &steps, x, &mut ()).expect("a smooth field"),
            BatchSize::SmallInput,
        );
    });

    // Errors are those of the path: the distance to steps of order 3/2, sixteen for one, along the same Brownian motion.
    let (fine, method) = (grid(1600), SdeMethod::EulerMaruyama);
    let [path, fine_path] = [&steps, &fine].map(|grid| BrownianPath::new(1234, grid));
    let (mut x, mut reference) = (x0.copy(), source(Kind::Double));
    diffuse(&mut Network::load(Kind::Double), SdeMethod::Srk, &fine_path, &fine, &mut reference);
    let stats = diffuse(&mut network, method, &fine_path, &steps, &mut x);
    let case = "mlp-euler-maruyama-100/1024x2";
    record(&format!("solvers_tensors/{case}"), Facts::new(stats.nfe as f64, &array(&x), &array(&reference)));
    group.bench_function(case, |b| {
        b.iter_batched_ref(|| x0.copy(), |x| diffuse(&mut network, method, &path, &steps, x), BatchSize::SmallInput);
    });
    group.finish();
}

/// The solver alone: `dy/dt = y` on one sample of two values, and on as many as the network has.
fn overhead(c: &mut Criterion<Clock>) {
    let _guard = tch::no_grad_guard();
    let mut group = c.benchmark_group("solvers_tensors");
    let mut field = |_: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        *out = y.shallow_clone();
        Ok(())
    };
    let (solver, ends, steps) = (adaptive(1e-6), grid(1), grid(100));
    for rows in [1, 1024] {
        let y0 = Tensor::ones([rows, 2], (Kind::Float, Device::Cpu));
        let exact = Array2::from_elem((rows as usize, 2), E);
        let mut y = y0.copy();
        let stats = solver.solve(&mut field, &ends, &mut y, &mut ()).expect("a smooth field");
        let case = format!("trivial-dopri5-1e-6/{rows}x2");
        record(&format!("solvers_tensors/{case}"), Facts::new(stats.nfe as f64, &array(&y), &exact));
        group.bench_function(case, |b| {
            b.iter_batched_ref(
                || y0.copy(),
                |y| solver.solve(&mut field, &ends, y, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
        let case = format!("trivial-euler-100/{rows}x2");
        let mut y = y0.copy();
        let stats = solve_fixed(FixedMethod::Euler, &mut field, &steps, &mut y, &mut ()).expect("a smooth field");
        record(&format!("solvers_tensors/{case}"), Facts::new(stats.nfe as f64, &array(&y), &exact));
        group.bench_function(case, |b| {
            b.iter_batched_ref(
                || y0.copy(),
                |y| solve_fixed(FixedMethod::Euler, &mut field, &steps, y, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = criterion().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).nresamples(10_000);
    targets = network, overhead
}
criterion_main!(benches);
