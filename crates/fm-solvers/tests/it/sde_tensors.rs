//! Stochastic equations over tensors: the numbers of arrays, and legal under autograd.

use approx::assert_relative_eq;
use fm_solvers::{BrownianPath, Diffusion, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
use ndarray::Array2;
use tch::{Kind, Tensor, no_grad};

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

fn solve_tensor(method: SdeMethod, additive: bool, x: &mut Tensor, scale: &Tensor) {
    let grid = TimeGrid::uniform(0.0, 1.0, 10).unwrap();
    let mut drift = |_: Time<'_>, x: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        *out = -(x * scale);
        Ok(())
    };
    let mut diagonal = |_: Time<'_>, x: &Tensor, out: &mut Tensor| -> Result<(), SolveError> {
        *out = x.cos() * 0.2;
        Ok(())
    };
    let diffusion = if additive { Diffusion::Additive(&|t| 1.0 + t) } else { Diffusion::Diagonal(&mut diagonal) };
    let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
    let solver = SdeSolver { method, ..SdeSolver::default() };
    solver.solve(sde, &BrownianPath::new(5, &grid), &grid, x, &mut ()).unwrap();
}

#[test]
fn tensors_follow_arrays() {
    let grid = TimeGrid::uniform(0.0, 1.0, 10).unwrap();
    for method in SdeMethod::ALL {
        for additive in [false, true] {
            let mut array = Array2::from_shape_fn((50, 3), |(i, j)| (i as f64 - 25.0) * 0.1 + j as f64);
            let start = Tensor::from_slice(array.as_slice().unwrap()).view([50, 3]);
            let mut drift = |_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
                out.zip_mut_with(x, |f, x| *f = -0.7 * x);
                Ok(())
            };
            let mut diagonal = |_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
                out.zip_mut_with(x, |g, x| *g = 0.2 * x.cos());
                Ok(())
            };
            let diffusion =
                if additive { Diffusion::Additive(&|t| 1.0 + t) } else { Diffusion::Diagonal(&mut diagonal) };
            let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
            let solver = SdeSolver { method, ..SdeSolver::default() };
            solver.solve(sde, &BrownianPath::new(5, &grid), &grid, &mut array, &mut ()).unwrap();
            for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 1e-5)] {
                let mut x = start.to_kind(kind);
                no_grad(|| solve_tensor(method, additive, &mut x, &Tensor::from(0.7_f64).to_kind(kind)));
                assert_eq!((x.size(), x.kind()), (vec![50, 3], kind));
                for (a, b) in values(&x).iter().zip(&array) {
                    assert_relative_eq!(a, b, epsilon = tolerance, max_relative = tolerance);
                }
            }
        }
    }
}

#[test]
fn gradients_through_a_solve_equal_finite_differences() {
    let loss = |method: SdeMethod, scale: &Tensor| {
        let mut x = Tensor::linspace(-1.0, 2.0, 6, (Kind::Double, tch::Device::Cpu)).view([3, 2]);
        solve_tensor(method, false, &mut x, scale);
        x.square().sum(Kind::Double)
    };
    for method in SdeMethod::ALL {
        let scale = Tensor::from(0.7_f64).set_requires_grad(true);
        loss(method, &scale).backward();
        let at = |scale: f64| no_grad(|| loss(method, &Tensor::from(scale)).double_value(&[]));
        let difference = (at(0.7 + 1e-5) - at(0.7 - 1e-5)) / 2e-5;
        assert_relative_eq!(scale.grad().double_value(&[]), difference, max_relative = 1e-8);
    }
}
