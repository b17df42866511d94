//! Anderson acceleration of a fixed-point iteration.
//!
//! ```text
//! x' = T(x) - sum_k c_k (T(x_k+1) - T(x_k)),   c = argmin | r - sum_k c_k (r_k+1 - r_k) |,   r_k = T(x_k) - x_k
//! ```
//!
//! Type II, over the last few steps, with the residual weighed as the marginals are. A step can be worse than no
//! acceleration, so the caller watches the marginal error and [`clears`](Anderson::clear) the memory when it grows.
//!
//! # References
//! - Walker & Ni, *Anderson acceleration for fixed-point iterations*, SIAM Journal on Numerical Analysis 49, 2011.

use std::collections::VecDeque;

use pulp::Arch;

/// Differences are taken as dependent beyond this share of their length squared.
const RIDGE: f64 = 1e-12;

#[derive(Debug)]
pub(super) struct Anderson<'a> {
    arch: Arch,
    depth: usize,
    weight: &'a [f64],
    last: Option<Point>,
    history: VecDeque<Difference>,
}

#[derive(Debug)]
struct Point {
    image: Vec<f64>,
    residual: Vec<f64>,
}

#[derive(Debug)]
struct Difference {
    image: Vec<f64>,
    residual: Vec<f64>,
    /// Inner products with the residuals of the older differences and itself, oldest first.
    products: VecDeque<f64>,
}

impl<'a> Anderson<'a> {
    pub(super) fn new(arch: Arch, depth: usize, weight: &'a [f64]) -> Self {
        Self { arch, depth, weight, last: None, history: VecDeque::new() }
    }

    pub(super) fn clear(&mut self) {
        self.last = None;
        self.history.clear();
    }

    /// Where to go from `x`, whose image is `image`. The image itself where there is nothing to learn from.
    pub(super) fn step(&mut self, x: &[f64], image: &[f64]) -> Vec<f64> {
        if self.depth == 0 {
            return image.to_vec();
        }
        let residual = subtract(image, x);
        if let Some(last) = self.last.take() {
            if self.history.len() == self.depth {
                self.history.pop_front();
                for difference in &mut self.history {
                    difference.products.pop_front();
                }
            }
            let mut new = Difference {
                image: subtract(image, &last.image),
                residual: subtract(&residual, &last.residual),
                products: VecDeque::new(),
            };
            new.products = self.history.iter().map(|old| self.dot(&old.residual, &new.residual)).collect();
            new.products.push_back(self.dot(&new.residual, &new.residual));
            self.history.push_back(new);
        }
        let against: Vec<f64> = self.history.iter().map(|d| self.dot(&d.residual, &residual)).collect();
        let mut next = image.to_vec();
        for (difference, c) in self.history.iter().zip(self.coefficients(&against)) {
            next.iter_mut().zip(&difference.image).for_each(|(x, d)| *x -= c * d);
        }
        self.last = Some(Point { image: image.to_vec(), residual });
        next
    }

    /// Solves the normal equations by Cholesky's decomposition, scaled to a unit diagonal. The newest differences come
    /// first, and those that depend on them get no weight.
    fn coefficients(&self, against: &[f64]) -> Vec<f64> {
        let k = against.len();
        let length: Vec<f64> = self.history.iter().map(|d| d.products[d.products.len() - 1].sqrt()).collect();
        let product = |i: usize, j: usize| {
            let (old, new) = if i < j { (i, j) } else { (j, i) };
            self.history[new].products[old] / (length[i] * length[j])
        };
        // Row r of the factor belongs to the difference `k - 1 - r`.
        let mut factor = vec![vec![0.0; k]; k];
        let mut solution = vec![0.0; k];
        for r in 0..k {
            let i = k - 1 - r;
            if length[i] == 0.0 || !length[i].is_finite() {
                continue;
            }
            for c in 0..r {
                let j = k - 1 - c;
                if factor[c][c] > 0.0 {
                    let done: f64 = (0..c).map(|l| factor[r][l] * factor[c][l]).sum();
                    factor[r][c] = (product(i, j) - done) / factor[c][c];
                }
            }
            let left = 1.0 - factor[r][..r].iter().map(|x| x * x).sum::<f64>();
            if left > RIDGE {
                factor[r][r] = left.sqrt();
                let done: f64 = (0..r).map(|l| factor[r][l] * solution[l]).sum();
                solution[r] = (against[i] / length[i] - done) / factor[r][r];
            }
        }
        let mut coefficients = vec![0.0; k];
        for r in (0..k).rev().filter(|&r| factor[r][r] > 0.0) {
            let done: f64 = (r + 1..k).map(|l| factor[l][r] * coefficients[l]).sum();
            coefficients[r] = (solution[r] - done) / factor[r][r];
        }
        // Independent rows only, so that skipped ones add nothing above.
        (0..k).map(|i| coefficients[k - 1 - i] / length[i].max(f64::MIN_POSITIVE)).collect()
    }

    fn dot(&self, x: &[f64], y: &[f64]) -> f64 {
        self.arch.dispatch(|| {
            const LANES: usize = 32;
            let mut sums = [0.0; LANES];
            let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
            let (ws, w) = self.weight.as_chunks::<LANES>();
            for ((x, y), w) in xs.iter().zip(ys).zip(ws) {
                for l in 0..LANES {
                    sums[l] += w[l] * x[l] * y[l];
                }
            }
            let tail: f64 = x.iter().zip(y).zip(w).map(|((x, y), w)| w * x * y).sum();
            sums.iter().sum::<f64>() + tail
        })
    }
}

fn subtract(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::Anderson;
    use crate::limited::limited;

    /// Of a linear map in three dimensions, four steps know everything.
    #[test]
    fn a_linear_map_is_solved() {
        let _limited = limited();
        let map = |x: &[f64]| {
            vec![0.9 * x[0] + 0.05 * x[1] + 1.0, 0.05 * x[0] + 0.8 * x[1] + 0.1 * x[2], 0.1 * x[1] - 0.5 * x[2] + 2.0]
        };
        let weight = [0.2, 0.3, 0.5];
        let mut anderson = Anderson::new(Arch::new(), 5, &weight);
        let mut x = vec![0.0; 3];
        for _ in 0..5 {
            x = anderson.step(&x, &map(&x));
        }
        assert!(map(&x).iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-10), "{x:?}");
        // At the fixed point there is nothing to learn, and nothing to divide by.
        for _ in 0..3 {
            x = anderson.step(&x.clone(), &x);
        }
        assert!(x.iter().all(|x| x.is_finite()));
    }
}
