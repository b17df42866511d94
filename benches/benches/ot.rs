//! What does the optimal pairing of a mini-batch cost: the cost matrix, its solution, both?

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fm_benches::{Clock, criterion, mixture, noise, rng};
use fm_ot::{Cost, Epsilon, Sinkhorn, assign_points, assignment, transport};
use ndarray::{Array2, Axis, s};
use pulp::{Arch, Simd, WithSimd};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Batches of one case, each from the generator where the one before left it: a single batch can be lucky.
const BATCHES: usize = 5;

fn points(n: usize, d: usize, rng: &mut ChaCha8Rng) -> (Array2<f32>, Array2<f32>) {
    (noise(n, d, rng), mixture(n, d, rng))
}

fn squared(x0: &Array2<f32>, x1: &Array2<f32>) -> Array2<f32> {
    Cost::SquaredEuclidean.matrix(x0.view(), x1.view()).expect("finite points of one dimension")
}

/// The solution alone, of a given `f32` matrix; the time is that of all batches.
fn solve(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let sizes = [128, 256, 512, 1024, 2048];
    let all = [2, 64, 784].into_iter().flat_map(|d| sizes.map(|n| (n, d, BATCHES)));
    let wide = [128, 256, 512, 1024].map(|n| (n, 3072, BATCHES));
    let large = [(4096, 2), (4096, 64), (4096, 784), (2048, 3072), (4096, 3072), (8192, 64)].map(|(n, d)| (n, d, 1));
    for (n, d, batches) in all.chain(wide).chain(large) {
        let mut rng = rng();
        let costs: Vec<_> = (0..batches)
            .map(|_| {
                let (x0, x1) = points(n, d, &mut rng);
                squared(&x0, &x1)
            })
            .collect();
        group.bench_function(BenchmarkId::new("solve", format!("{n}x{d}")), |b| {
            b.iter(|| {
                for cost in &costs {
                    black_box(assignment(black_box(cost.view())).expect("a finite cost"));
                }
            });
        });
    }
    group.finish();
}

/// Ties and order, which make the prices of an auction creep.
fn structured(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let n = 2048;
    let mut rng = rng();
    let (x0, x1) = points(n, 2, &mut rng);
    let places = |step: usize| (0..n).map(|i| (i * step + 5) % n).collect::<Vec<_>>();
    let eight: Vec<_> = (0..n).map(|i| i % 8).collect();
    let cases = [
        ("repeated", squared(&x0, &x1.select(Axis(0), &eight))),
        ("lattice", squared(&x0.mapv(|v| (4.0 * v).round()), &x1.mapv(|v| (4.0 * v).round()))),
        ("line", squared(&x0.slice(s![.., ..1]).to_owned(), &x1.slice(s![.., ..1]).to_owned())),
        ("permuted", squared(&x0, &x0.select(Axis(0), &places(1237)))),
        ("whole", Array2::from_shape_simple_fn((n, n), || rng.random_range(0..100_u8).into())),
    ];
    for (name, cost) in &cases {
        group.bench_function(BenchmarkId::new("structured", name), |b| {
            b.iter(|| assignment(black_box(cost.view())).expect("a finite cost"));
        });
    }
    group.finish();
}

/// The matrix of squared distances; `fma` is as many multiplications and additions as it takes, on one thread and without a byte of memory.
fn build(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    let arch = Arch::new();
    for (n, d) in [(1024, 2), (1024, 64), (2048, 784), (4096, 784)] {
        group.bench_function(BenchmarkId::new("fma", format!("{n}x{d}")), |b| {
            b.iter(|| arch.dispatch(MultiplyAdd { operations: n * n * d }));
        });
        let (x0, x1) = points(n, d, &mut rng());
        group.bench_function(BenchmarkId::new("cost", format!("{n}x{d}")), |b| {
            b.iter(|| squared(black_box(&x0), &x1));
        });
    }
    group.finish();
}

/// Multiplications and additions in registers only: what no matrix product can be faster than.
struct MultiplyAdd {
    operations: usize,
}

/// Sums that do not wait for one another.
const CHAINS: usize = 12;

impl WithSimd for MultiplyAdd {
    type Output = f32;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a vector unit reaches no further than what is inlined into its dispatch")]
    fn with_simd<S: Simd>(self, s: S) -> f32 {
        let [factor, term] = [0.999, 0.001].map(|v| s.splat_f32s(black_box(v)));
        let mut sums = [s.splat_f32s(1.0); CHAINS];
        for _ in 0..self.operations / (CHAINS * S::F32_LANES) {
            for sum in &mut sums {
                *sum = s.mul_add_f32s(*sum, factor, term);
            }
        }
        sums.iter().map(|&sum| s.reduce_sum_f32s(sum)).sum()
    }
}

/// From points to pairs, as a training loop calls it.
fn exact(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for (n, d) in [(256, 2), (256, 64), (1024, 2), (1024, 64)] {
        let (x0, x1) = points(n, d, &mut rng());
        group.bench_function(BenchmarkId::new("exact", format!("{n}x{d}")), |b| {
            b.iter(|| {
                assign_points(black_box(x0.view()), x1.view(), Cost::SquaredEuclidean)
                    .expect("finite points of one shape")
            });
        });
    }
    group.finish();
}

/// Exponential weights, the cost matrix given: what one call of POT's `emd` does.
fn weighted(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for d in [2, 64] {
        for (n, m) in [(256, 256), (512, 512), (1024, 1024), (2048, 2048), (2048, 1024)] {
            let mut rng = rng();
            let (x0, x1) = (noise(n, d, &mut rng), mixture(m, d, &mut rng));
            let cost = squared(&x0, &x1);
            let mut weights = |n: usize| {
                let weights: Vec<f64> = (0..n).map(|_| -rng.random::<f64>().ln()).collect();
                let total: f64 = weights.iter().sum();
                weights.into_iter().map(|w| w / total).collect::<Vec<_>>()
            };
            let (a, b) = (weights(n), weights(m));
            group.bench_function(BenchmarkId::new("weighted", format!("{n}x{m}x{d}")), |bench| {
                bench.iter(|| transport(black_box(cost.view()), &a, &b).expect("weights of one total"));
            });
        }
    }
    group.finish();
}

/// Entropic plans from a given matrix; `L1` is what the marginals may be off by.
fn sinkhorn(c: &mut Criterion<Clock>) {
    let mut group = c.benchmark_group("ot");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    for d in [2, 64] {
        for n in [512, 2048, 4096] {
            let mut rng = rng();
            let (x0, x1) = points(n, d, &mut rng);
            let cost = squared(&x0, &x1);
            for share in [0.05, 0.005] {
                for tolerance in [1e-3, 1e-6] {
                    let epsilon = Epsilon::RelativeToMean(share);
                    let solver = Sinkhorn { epsilon, tolerance, ..Sinkhorn::default() };
                    let case = format!("{n}x{d}/epsilon {share}/L1 {tolerance:e}");
                    group.bench_function(BenchmarkId::new("sinkhorn", case), |b| {
                        b.iter(|| solver.solve(black_box(cost.view()), None, None).expect("finite costs"));
                    });
                }
            }
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = criterion(); targets = solve, structured, build, exact, weighted, sinkhorn }
criterion_main!(benches);
