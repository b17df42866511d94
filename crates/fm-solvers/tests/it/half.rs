//! Tensors of 16 bits, whose derivatives are kept as one block: on the CPU the way that every device goes.

use fm_solvers::{
    AdaptiveSolver, EmbeddedMethod, ErrorEstimate, FixedMethod, Norm, Scheme, SolveError, State, Tableau, Time,
    TimeGrid, Tolerance, Weighted, solve_fixed,
};
use tch::{Device, Kind, Tensor};

/// The kinds with their unit roundoff.
const HALVES: [(Kind, f64); 2] = [(Kind::Half, 4.9e-4), (Kind::BFloat16, 3.9e-3)];

const STEPS: usize = 8;

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

fn points(kind: Kind) -> Tensor {
    Tensor::linspace(-2.0, 2.0, 12, (Kind::Float, Device::Cpu)).to_kind(kind).view([4, 3])
}

const RATE: f64 = 0.75;

fn decay(_: Time<'_>, y: &Tensor, out: &mut Tensor) -> Result<(), SolveError> {
    *out = y * -RATE;
    Ok(())
}

/// How far rounding may take `dy/dt = -RATE y` from values up to `largest`, to first order in the unit roundoff.
///
/// A sum of `s` terms rounds each coefficient, product and partial sum, `s + 2` roundings of a term, and the whole once; and
/// it inherits the errors of the derivatives. Errors shrink with the state, so those of the steps add up at most.
fn rounding(method: &Tableau, steps: usize, largest: f64, roundoff: f64) -> f64 {
    let h = 1.0 / steps as f64;
    let of_term = (method.stages() as f64 + 2.0) * roundoff * RATE * largest;
    let of_sum = |row: &[f64], derivatives: &[f64]| -> f64 {
        let terms = row.iter().zip(derivatives).map(|(a, derivative)| a.abs() * (of_term + derivative));
        roundoff * largest + h * terms.sum::<f64>()
    };
    let mut derivatives = Vec::new();
    for row in method.a {
        derivatives.push(RATE * (of_sum(row, &derivatives) + roundoff * largest));
    }
    steps as f64 * of_sum(method.b, &derivatives)
}

#[track_caller]
fn assert_within(bound: f64, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= bound, "{a} is not {b} within {bound}");
    }
}

fn exact(method: FixedMethod, grid: &TimeGrid) -> Vec<f64> {
    let mut y = points(Kind::Double);
    solve_fixed(method, &mut decay, grid, &mut y, &mut ()).unwrap();
    values(&y)
}

#[test]
fn fixed_solves_in_16_bits_are_those_in_64_but_for_rounding() {
    let grid = TimeGrid::uniform(0.0, 1.0, STEPS).unwrap();
    for method in FixedMethod::ALL {
        let Scheme::RungeKutta(tableau) = method.scheme() else { continue };
        for (kind, roundoff) in HALVES {
            let bound = rounding(tableau, STEPS, 2.0, roundoff);
            for record in [false, true] {
                let start = points(kind).set_requires_grad(record);
                let mut y = start.shallow_clone();
                solve_fixed(method, &mut decay, &grid, &mut y, &mut ()).unwrap();
                assert_eq!((y.kind(), y.requires_grad()), (kind, record));
                assert_within(bound, &values(&y), &exact(method, &grid));
                if record {
                    // Of a linear equation: what a start of ones becomes.
                    y.sum(Kind::Float).backward();
                    let factor = exact(method, &grid)[11] / 2.0;
                    assert_within(bound / 2.0, &values(&start.grad()), &[factor; 12]);
                }
            }
        }
    }
}

/// Equal steps, whatever the error: the numbers of a fixed solve.
fn equal_steps(method: EmbeddedMethod) -> AdaptiveSolver {
    let tolerance = Tolerance::new(0.0, 1e4).unwrap();
    let h = 1.0 / STEPS as f64;
    AdaptiveSolver { method, tolerance, first_step: Some(h), h_max: h, ..AdaptiveSolver::default() }
}

#[test]
fn adaptive_solves_in_16_bits_are_those_in_64_but_for_rounding() {
    let grid = TimeGrid::uniform(0.0, 1.0, 1).unwrap();
    for method in EmbeddedMethod::ALL {
        let solver = equal_steps(method);
        let mut exact = points(Kind::Double);
        solver.solve(&mut decay, &grid, &mut exact, &mut ()).unwrap();
        for (kind, roundoff) in HALVES {
            let bound = rounding(&method.tableau().method, STEPS, 2.0, roundoff);
            for record in [false, true] {
                let mut y = points(kind).set_requires_grad(record);
                assert_eq!(solver.solve(&mut decay, &grid, &mut y, &mut ()).unwrap().steps, STEPS);
                assert_within(bound, &values(&y), &values(&exact));
                let mut y = points(kind).set_requires_grad(record);
                let stats = solver.solve_per_sample(&mut decay, &grid, &mut y, &mut ()).unwrap();
                assert_eq!(stats.steps, [STEPS; 4]);
                assert_within(bound, &values(&y), &values(&exact));
            }
        }
    }
}

/// Samples that finish one after the other, against each alone.
#[test]
fn samples_in_16_bits_do_not_depend_on_their_batch() {
    let grid = TimeGrid::uniform(0.0, 4.0, 1).unwrap();
    let tolerance = Tolerance::new(0.0, 1e-2).unwrap();
    let mut sine = |t: Time<'_>, y: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        let Time::Rows(times) = t else { unreachable!("a per-sample solve") };
        *out = ((y + Tensor::from_slice(times).view([-1, 1])) * 2.0).sin().to_kind(y.kind());
        Ok(())
    };
    for method in EmbeddedMethod::ALL {
        let solver = AdaptiveSolver { method, tolerance, ..AdaptiveSolver::default() };
        for (kind, _) in HALVES {
            let mut together = points(kind);
            let stats = solver.solve_per_sample(&mut sine, &grid, &mut together, &mut ()).unwrap();
            for sample in 0..4 {
                let mut alone = points(kind).narrow(0, sample, 1).copy();
                let own = solver.solve_per_sample(&mut sine, &grid, &mut alone, &mut ()).unwrap();
                assert_eq!(own.nfe[0], stats.nfe[sample as usize], "{method} {kind:?} {sample}");
                assert_eq!(alone, together.narrow(0, sample, 1), "{method} {kind:?} {sample}");
            }
        }
    }
}

/// The error of parts on a device is the largest of theirs, each with its weight and by the norm.
#[test]
fn parts_are_measured_each_by_itself() {
    type Parts = ((Tensor, Tensor), Weighted<Tensor>);
    let of = |value: f64, shape: &[i64], kind: Kind| Tensor::full(shape, value, (kind, Device::Cpu));
    let tolerance = Tolerance::new(0.0, 0.25).unwrap();
    for other in [Kind::BFloat16, Kind::Double] {
        for errors in [[1.0, 0.5, 0.25], [0.25, 1.0, 0.5], [0.25, 0.5, 4.0], [0.5, f64::NAN, 0.5]] {
            let all = |values: [f64; 3]| -> Parts {
                let last = of(values[2], &[1, 5], Kind::BFloat16);
                let first = of(values[0], &[4, 3], Kind::BFloat16);
                // One sample of four has the error.
                let _ = first.narrow(0, 1, 3).zero_();
                ((first, of(values[1], &[4], other)), Weighted::new(last, 0.5).unwrap())
            };
            let y = all([0.0; 3]);
            for rows in [&[&[1.0, 0.0][..]][..], &[&[1.0, 0.0], &[0.0, 0.0]]] {
                let mut stages = y.stages(2);
                for stage in [0, 1] {
                    Parts::set_stage(&mut stages, stage, |out| {
                        *out = all(errors);
                        Ok(())
                    })
                    .unwrap();
                }
                let estimate = ErrorEstimate { rows, tolerance };
                for (norm, share) in [(Norm::BatchRms, 0.5), (Norm::MaxOverSamples, 1.0)] {
                    let expected = 4.0 * (errors[0] * share).max(errors[1]).max(errors[2] * 0.5);
                    let found = y.error(&y, -1.0, &stages, &estimate, norm).read();
                    if errors[1].is_nan() {
                        assert!(found.is_nan());
                    } else {
                        assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected} {norm:?} {rows:?}");
                    }
                }
            }
        }
    }
}
