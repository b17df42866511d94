//! One Wiener process for all values of a sample, and a diffusion that mixes them.

use fm_solvers::{BrownianPath, Calculus, Diffusion, Noise, Sde, SdeMethod, SdeSolver, SolveError, Time, TimeGrid};
use ndarray::{Array1, Array2};

const A: f64 = -0.3;
const S: f64 = 0.8;
const SAMPLES: usize = 500;

/// `dX = a X dt + s J X dW` in Ito's sense, with `J` a quarter turn: `X = exp((a + s^2/2) t) R(s W) X(0)`, because `J^2 = -1`.
/// In the sense of Stratonovich the drift of the same process is `(a + s^2/2) X`.
fn solve(method: SdeMethod, noise: &BrownianPath, steps: usize) -> Array2<f64> {
    let rate = if method.calculus() == Calculus::Ito { A } else { A + 0.5 * S * S };
    let mut drift = |_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        out.zip_mut_with(x, |f, x| *f = rate * x);
        Ok(())
    };
    let mut turn = |_: Time<'_>, x: &Array2<f64>, out: &mut Array2<f64>| -> Result<(), SolveError> {
        for (mut g, x) in out.rows_mut().into_iter().zip(x.rows()) {
            (g[0], g[1]) = (-S * x[1], S * x[0]);
        }
        Ok(())
    };
    let mut x = Array2::zeros((SAMPLES, 2));
    x.column_mut(0).fill(1.0);
    let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion: Diffusion::Diagonal(&mut turn) };
    let grid = TimeGrid::uniform(0.0, 1.0, steps).unwrap();
    SdeSolver { method, ..SdeSolver::default() }.solve(sde, noise, &grid, &mut x, &mut ()).unwrap();
    x
}

#[test]
fn methods_keep_their_order_for_scalar_noise_that_mixes_values() {
    let path = BrownianPath::new(11, &TimeGrid::uniform(0.0, 1.0, 128).unwrap()).scalar();
    let mut w = Array2::<f64>::zeros((SAMPLES, 2));
    path.increment(0.0, 1.0, &mut w, None).unwrap();
    let error = |method, steps| {
        let x = solve(method, &path, steps);
        let growth = (A + 0.5 * S * S).exp();
        let squares = x.rows().into_iter().zip(w.column(0)).map(|(x, w)| {
            let angle = S * w;
            (x[0] - growth * angle.cos()).powi(2) + (x[1] - growth * angle.sin()).powi(2)
        });
        (squares.sum::<f64>() / SAMPLES as f64).sqrt()
    };
    let orders = [
        (SdeMethod::EulerMaruyama, 0.5),
        (SdeMethod::Milstein, 1.0),
        (SdeMethod::Srk, 1.5),
        (SdeMethod::Heun, 1.0),
        (SdeMethod::ReversibleHeun, 1.0),
    ];
    for (method, order) in orders {
        let measured = (error(method, 16) / error(method, 128)).log2() / 3.0;
        // The same paths at both ends: what is left of the sampling error is that of a ratio of correlated means of 500.
        assert!((measured - order).abs() < 0.15, "{method}: {measured}");
    }
}

#[test]
fn all_values_of_a_sample_have_the_motion_of_its_first() {
    let path = BrownianPath::new(3, &TimeGrid::uniform(0.0, 1.0, 4).unwrap());
    for (t0, t1) in [(0.0, 0.25), (0.1, 0.9), (0.9, 0.1)] {
        let ask = |path: &BrownianPath, values| {
            let (mut dw, mut area) = (Array2::<f64>::zeros((70, values)), Array2::<f64>::zeros((70, values)));
            path.increment(t0, t1, &mut dw, Some(&mut area)).unwrap();
            (dw, area)
        };
        let (each, scalar) = (ask(&path, 5), ask(&path.scalar(), 5));
        for (each, scalar) in [(each.0, scalar.0), (each.1, scalar.1)] {
            assert!(each.rows().into_iter().zip(scalar.rows()).all(|(each, one)| one.iter().all(|v| *v == each[0])));
        }
        assert_eq!(ask(&path.scalar(), 1), ask(&path, 1));
    }
}

/// `dX = mu X dt + s X dW`: a step multiplies by `1 + mu h + s dw + s^2 (dw^2 - h)/2`.
#[test]
fn milstein_with_the_derivative_is_the_formula_of_the_textbook() {
    let scaled = |by: f64| {
        move |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
            out.zip_mut_with(x, |out, x| *out = by * x);
            Ok(())
        }
    };
    let (mut drift, mut diffusion, mut product) = (scaled(0.4), scaled(S), scaled(S * S));
    for grid in [TimeGrid::uniform(0.0, 1.0, 20).unwrap(), TimeGrid::uniform(1.0, 0.0, 20).unwrap()] {
        let path = BrownianPath::new(5, &grid);
        let mut expected = Array1::<f64>::ones(30);
        for ends in grid.times().windows(2) {
            let (h, mut dw) = (ends[1] - ends[0], Array1::zeros(30));
            path.increment(ends[0], ends[1], &mut dw, None).unwrap();
            expected.zip_mut_with(&dw, |x, &w: &f64| *x *= 1.0 + 0.4 * h + S * w + 0.5 * S * S * (w * w - h.abs()));
        }
        let mut x = Array1::ones(30);
        let diffusion = Diffusion::DiagonalWithDerivative { diffusion: &mut diffusion, product: &mut product };
        let sde = Sde { calculus: Calculus::Ito, drift: &mut drift, diffusion };
        let solver = SdeSolver { method: SdeMethod::Milstein, ..SdeSolver::default() };
        let stats = solver.solve(sde, &path, &grid, &mut x, &mut ()).unwrap();
        assert_eq!((stats.nfe, stats.diffusion_nfe), (20, 40));
        assert!((&x / &expected).iter().all(|ratio| (ratio - 1.0).abs() < 1e-13), "{x} {expected}");
    }
}

#[test]
fn other_methods_do_not_look_at_the_derivative() {
    let grid = TimeGrid::uniform(0.0, 1.0, 10).unwrap();
    let path = BrownianPath::new(5, &grid);
    for method in SdeMethod::ALL.into_iter().filter(|&method| method != SdeMethod::Milstein) {
        let solve = |given: bool| {
            let mut drift = |_: Time<'_>, _: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                out.fill(0.1);
                Ok(())
            };
            let mut sine = |_: Time<'_>, x: &Array1<f64>, out: &mut Array1<f64>| -> Result<(), SolveError> {
                out.assign(&x.mapv(f64::sin));
                Ok(())
            };
            let mut never = |_: Time<'_>, _: &Array1<f64>, _: &mut Array1<f64>| -> Result<(), SolveError> {
                panic!("asked for the derivative")
            };
            let diffusion = if given {
                Diffusion::DiagonalWithDerivative { diffusion: &mut sine, product: &mut never }
            } else {
                Diffusion::Diagonal(&mut sine)
            };
            let mut x = Array1::linspace(-1.0, 1.0, 9);
            let sde = Sde { calculus: method.calculus(), drift: &mut drift, diffusion };
            SdeSolver { method, ..SdeSolver::default() }.solve(sde, &path, &grid, &mut x, &mut ()).unwrap();
            x
        };
        assert_eq!(solve(true), solve(false), "{method}");
    }
}
