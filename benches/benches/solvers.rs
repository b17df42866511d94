//! What does a solve cost on a field that is not a network, and what does the solver add to the field?

use std::f64::consts::E;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fm_benches::{Clock, Facts, RingVelocity, criterion, mixture_velocity, noise, record, ring_velocity, rng};
use fm_solvers::{
    AdaptiveSolver, BrownianPath, Diffusion, Element, EmbeddedMethod, FixedMethod, Noise, Samplewise, Sde, SdeMethod,
    SdeSolver, SolveError, State, Stats, Time, TimeGrid, Tolerance, VectorField, solve_fixed,
};
use ndarray::{Array2, Array4, array};
use ode_solvers::{DVector, Dopri5, OVector, OutputType, System};
use rand::Rng;
use rand_distr::StandardNormal;

fn span() -> TimeGrid {
    TimeGrid::uniform(0.0, 1.0, 1).expect("a grid from 0 to 1")
}

/// A tolerance at which `dopri5` has no larger errors than diffrax has at 1e-5.
const TIGHT: f64 = 3e-6;

fn adaptive(tolerance: f64) -> AdaptiveSolver {
    AdaptiveSolver {
        tolerance: Tolerance::new(tolerance, tolerance).expect("a tolerance"),
        ..AdaptiveSolver::default()
    }
}

/// Fixed steps on the exact velocity of a Gaussian mixture, 4096 points, `f64`.
fn mixture(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    group.sample_size(10);
    let start = noise(4096, 2, &mut rng());
    let (x0, reference) = (start.mapv(f64::from), exact(&start));

    let mut out = Array2::zeros(x0.raw_dim());
    group.bench_function("velocity-alone", |b| {
        b.iter(|| mixture_velocity(Time::All(black_box(0.5)), &x0, &mut out));
    });

    let mut field =
        |t: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> { mixture_velocity(t, x, out) };
    for (method, steps) in [(FixedMethod::Heun, 20), (FixedMethod::Rk4, 10)] {
        let grid = TimeGrid::uniform(0.0, 1.0, steps).expect("a grid from 0 to 1");
        let mut x = x0.clone();
        let stats = solve_fixed(method, &mut field, &grid, &mut x, &mut ()).expect("a smooth field");
        record(&format!("solvers/{method}/{steps}-steps"), Facts::new(stats.nfe as f64, &x, &reference));
        group.bench_function(BenchmarkId::new(method.name(), format!("{steps}-steps")), |b| {
            b.iter_batched_ref(
                || x0.clone(),
                |x| solve_fixed(method, &mut field, &grid, x, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The states that a tight tolerance leads `x0` to.
fn exact(x0: &Array2<f32>) -> Array2<f64> {
    let mut x = x0.mapv(f64::from);
    let solver = AdaptiveSolver { method: EmbeddedMethod::Dop853, ..adaptive(1e-11) };
    solver.solve(&mut Samplewise(ring_velocity::<f64>), &span(), &mut x, &mut ()).expect("a smooth field");
    x
}

/// Adaptive steps on the same velocity in `f32`; at the tighter tolerance no error is above diffrax's at 1e-5.
fn mixture_adaptive(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    group.sample_size(10);
    let x0 = noise(4096, 2, &mut rng());
    let reference = exact(&x0);

    let mut field = RingVelocity::default();
    let mut out = x0.clone();
    group.bench_function("velocity-alone-f32", |b| b.iter(|| field.eval(Time::All(black_box(0.5)), &x0, &mut out)));
    let cases = EmbeddedMethod::ALL.into_iter().map(|method| (method, 1e-5)).chain([(EmbeddedMethod::Dopri5, TIGHT)]);
    for (method, tolerance) in cases {
        let solver = AdaptiveSolver { method, ..adaptive(tolerance) };
        let case = format!("{method}-{tolerance:e}/4096x2-f32");
        let mut x = x0.clone();
        let stats = solver.solve(&mut field, &span(), &mut x, &mut ()).expect("a smooth field");
        record(&format!("solvers/{case}"), Facts::new(stats.nfe as f64, &x.mapv(f64::from), &reference));
        group.bench_function(case, |b| {
            b.iter_batched_ref(
                || x0.clone(),
                |x| solver.solve(&mut field, &span(), x, &mut ()).expect("a smooth field"),
                BatchSize::SmallInput,
            );
        });
    }

    let solver = adaptive(1e-5);
    let case = "dopri5-1e-5-per-sample/4096x2-f32";
    let mut x = x0.clone();
    let stats = solver.solve_per_sample(&mut field, &span(), &mut x, &mut ()).expect("a smooth field");
    let nfe = stats.nfe.iter().sum::<u64>() as f64 / 4096.0;
    record(&format!("solvers/{case}"), Facts::new(nfe, &x.mapv(f64::from), &reference));
    group.bench_function(case, |b| {
        b.iter_batched_ref(
            || x0.clone(),
            |x| solver.solve_per_sample(&mut field, &span(), x, &mut ()).expect("a smooth field"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// A field as the crate `ode_solvers` wants it.
struct Theirs<F>(F);

impl<V, F: Fn(f64, &V, &mut V)> System<f64, V> for Theirs<F> {
    fn system(&self, t: f64, y: &V, out: &mut V) {
        (self.0)(t, y, out);
    }
}

/// The velocity point by point in `f64`, which is what the crate `ode_solvers` can take: both with the same function.
fn mixture_pointwise(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    group.sample_size(10);
    let start = noise(4096, 2, &mut rng());
    let (x0, reference) = (start.mapv(f64::from), exact(&start));
    let case = "dopri5-1e-5/4096x2-f64";

    let (solver, mut field) = (adaptive(1e-5), Samplewise(ring_velocity::<f64>));
    let mut x = x0.clone();
    let stats = solver.solve(&mut field, &span(), &mut x, &mut ()).expect("a smooth field");
    record(&format!("solvers/{case}"), Facts::new(stats.nfe as f64, &x, &reference));
    group.bench_function(case, |b| {
        b.iter_batched_ref(
            || x0.clone(),
            |x| solver.solve(&mut field, &span(), x, &mut ()).expect("a smooth field"),
            BatchSize::SmallInput,
        );
    });

    let flat = DVector::from_iterator(x0.len(), x0.iter().copied());
    let solve = || {
        let velocity = |t: f64, x: &DVector<f64>, out: &mut DVector<f64>| {
            for (x, out) in x.as_slice().chunks(2).zip(out.as_mut_slice().chunks_mut(2)) {
                ring_velocity(t, x, out);
            }
        };
        let mut solver = Dopri5::new(Theirs(velocity), 0.0, 1.0, 1.0, flat.clone(), 1e-5, 1e-5);
        solver.set_output(OutputType::Sparse);
        let stats = solver.integrate().expect("a smooth field");
        (stats, solver.y_out().last().expect("the last state").clone())
    };
    let case = format!("{case}{ODE_SOLVERS}");
    let (stats, x) = solve();
    let x = Array2::from_shape_vec(x0.raw_dim(), x.as_slice().to_vec()).expect("as many values");
    record(&format!("solvers/{case}"), Facts::new(f64::from(stats.num_eval), &x, &reference));
    group.bench_function(case, |b| b.iter(solve));
    group.finish();
}

/// What `cargo xtask bench` knows a peer in Rust by.
const ODE_SOLVERS: &str = " by ode_solvers 0.6, float64";

/// The solver alone: `dy/dt = y` on one sample of two values. The throughput is in evaluations.
fn overhead(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    let mut field = |_: Time<'_>, y: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.assign(y);
        Ok(())
    };
    let (solver, ends) = (adaptive(1e-6), span());
    let solve = |y: &mut Array2<f64>, field: &mut dyn fm_solvers::VectorField<Array2<f64>>| {
        solver.solve(field, &ends, y, &mut ()).expect("a smooth field")
    };
    let exact = array![[E, E]];
    let mut y = array![[1.0, 1.0]];
    let nfe = solve(&mut y, &mut field).nfe;
    record("solvers/trivial-dopri5-1e-6/1x2", Facts::new(nfe as f64, &y, &exact));
    group.throughput(Throughput::Elements(nfe));
    group.bench_function("trivial-dopri5-1e-6/1x2", |b| {
        b.iter_batched_ref(|| array![[1.0, 1.0]], |y| solve(y, &mut field), BatchSize::SmallInput);
    });
    let of_two = || {
        let copy = |_: f64, y: &OVector<f64, _>, out: &mut OVector<f64, _>| *out = *y;
        let mut solver = Dopri5::new(Theirs(copy), 0.0, 1.0, 1.0, ode_solvers::Vector2::new(1.0, 1.0), 1e-6, 1e-6);
        solver.set_output(OutputType::Sparse);
        let stats = solver.integrate().expect("a smooth field");
        let y = solver.y_out().last().expect("the last state");
        (stats.num_eval, [y[0], y[1]])
    };
    let of_any_length = || {
        let copy = |_: f64, y: &DVector<f64>, out: &mut DVector<f64>| out.copy_from(y);
        let mut solver = Dopri5::new(Theirs(copy), 0.0, 1.0, 1.0, DVector::from_element(2, 1.0), 1e-6, 1e-6);
        solver.set_output(OutputType::Sparse);
        let stats = solver.integrate().expect("a smooth field");
        let y = solver.y_out().last().expect("the last state");
        (stats.num_eval, [y[0], y[1]])
    };
    for (vectors, theirs) in [("of two", &of_two as &dyn Fn() -> (u32, [f64; 2])), ("of any length", &of_any_length)] {
        let case = format!("trivial-dopri5-1e-6/1x2{ODE_SOLVERS}, vectors {vectors}");
        let (nfe, y) = theirs();
        record(&format!("solvers/{case}"), Facts::new(f64::from(nfe), &array![y], &exact));
        group.bench_function(case, |b| b.iter(theirs));
    }
    let grid = TimeGrid::uniform(0.0, 1.0, 100).expect("a grid from 0 to 1");
    let mut y = array![[1.0, 1.0]];
    let stats = solve_fixed(FixedMethod::Euler, &mut field, &grid, &mut y, &mut ()).expect("a smooth field");
    record("solvers/trivial-euler-100/1x2", Facts::new(stats.nfe as f64, &y, &exact));
    group.throughput(Throughput::Elements(stats.nfe));
    group.bench_function("trivial-euler-100/1x2", |b| {
        b.iter_batched_ref(
            || array![[1.0, 1.0]],
            |y| solve_fixed(FixedMethod::Euler, &mut field, &grid, y, &mut ()).expect("a smooth field"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// A stage of six derivatives on a batch of images, beside one pass that reads the same seven operands.
fn combine(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    let shape = (64, 3, 32, 32);
    let base = Array4::<f32>::from_elem(shape, 0.5);
    let mut stages = base.stages(6);
    for (i, stage) in stages.iter_mut().enumerate() {
        stage.fill(i as f32);
    }
    let row = EmbeddedMethod::Tsit5.tableau().method.a[6];
    let mut out = base.alloc_like();
    group.throughput(Throughput::Bytes(8 * base.len() as u64 * size_of::<f32>() as u64));
    group.bench_function("combine-6/64x3x32x32", |b| b.iter(|| out.combine(black_box(&base), 0.1, row, &stages)));
    let [k0, k1, k2, k3, k4, k5] = &stages[..] else { unreachable!("six were made") };
    let mut sum = base.clone();
    group.bench_function("one-pass/64x3x32x32", |b| {
        b.iter(|| {
            let slices = [black_box(&base), k0, k1, k2, k3, k4, k5].map(|a| a.as_slice().expect("standard layout"));
            let out = sum.as_slice_mut().expect("standard layout");
            let [a, b, c, d, e, f, g] = slices.map(|s| &s[..out.len()]);
            for i in 0..out.len() {
                out[i] = a[i] + b[i] + c[i] + d[i] + e[i] + f[i] + g[i];
            }
            black_box(out);
        });
    });
    group.finish();
}

/// `dX = -X dt + 1/2 dW` from 0 to 1: a cheap drift and diagonal noise, which is the same in either calculus.
fn relax<A: Element>(method: SdeMethod, path: &BrownianPath, grid: &TimeGrid, x: &mut Array2<A>) -> Stats {
    let mut drift = |_: Time<'_>, x: &Array2<A>, out: &mut Array2<A>| -> Result<(), SolveError> {
        out.zip_mut_with(x, |f, &x| *f = -x);
        Ok(())
    };
    let mut diffusion = |_: Time<'_>, _: &Array2<A>, out: &mut Array2<A>| -> Result<(), SolveError> {
        out.fill(A::from_f64(0.5));
        Ok(())
    };
    let diffusion = Diffusion::Diagonal(&mut diffusion);
    let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
    SdeSolver { method, ..SdeSolver::default() }.solve(sde, path, grid, x, &mut ()).expect("a smooth drift")
}

/// 100 stochastic steps of 1024 samples in `f32`; the throughput is in values.
///
/// Errors are those of the path: the distance to what steps of order 3/2, sixteen for one, make of the same Brownian motion.
fn stochastic(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    let [grid, fine] = [100, 1600].map(|steps| TimeGrid::uniform(0.0, 1.0, steps).expect("a grid from 0 to 1"));
    let [path, fine_path] = [&grid, &fine].map(|grid| BrownianPath::new(1234, grid));
    let x0 = noise(1024, 2, &mut rng());
    let mut reference = x0.mapv(f64::from);
    relax(SdeMethod::Srk, &fine_path, &fine, &mut reference);
    group.throughput(Throughput::Elements(100 * x0.len() as u64));
    for method in SdeMethod::ALL {
        let case = format!("{method}-100/1024x2-f32");
        let mut x = x0.clone();
        let stats = relax(method, &fine_path, &grid, &mut x);
        record(&format!("solvers/{case}"), Facts::new(stats.nfe as f64, &x.mapv(f64::from), &reference));
        group.bench_function(case, |b| {
            b.iter_batched_ref(|| x0.clone(), |x| relax(method, &path, &grid, x), BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Brownian increments over a fixed grid, beside drawing as many normals from one generator. One thread below 2^14 values.
fn brownian(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("solvers");
    let grid = TimeGrid::uniform(0.0, 1.0, 100).expect("a grid from 0 to 1");
    let (path, coarse) = (BrownianPath::new(1234, &grid), BrownianPath::new(1234, &span()));
    for shape in [(1024, 2), (4, 3072)] {
        let mut dw = Array2::<f32>::zeros(shape);
        let name = format!("{}x{}-f32", shape.0, shape.1);
        group.throughput(Throughput::Elements(100 * dw.len() as u64));
        group.bench_function(format!("normals-chacha8/{name}"), |b| {
            let mut rng = rng();
            b.iter(|| {
                for _ in 0..100 {
                    dw.iter_mut().for_each(|dw| *dw = rng.sample(StandardNormal));
                }
            });
        });
        group.bench_function(format!("brownian-on-grid/{name}"), |b| {
            b.iter(|| {
                for step in grid.times().windows(2) {
                    path.increment(step[0], step[1], &mut dw, None).expect("times of the grid");
                }
            });
        });
    }
    // One interval: each value takes some fifty halvings.
    let mut dw = Array2::<f32>::zeros((1024, 2));
    group.sample_size(10).throughput(Throughput::Elements(dw.len() as u64));
    group.bench_function("brownian-off-grid/1024x2-f32", |b| {
        b.iter(|| coarse.increment(grid.times()[36], grid.times()[37], &mut dw, None).expect("times of the grid"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = criterion().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).nresamples(10_000);
    targets = mixture, mixture_adaptive, mixture_pointwise, overhead, combine, stochastic, brownian
}
criterion_main!(benches);
