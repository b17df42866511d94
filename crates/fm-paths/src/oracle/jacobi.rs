//! Eigenvalues and eigenvectors of a small symmetric matrix.
//!
//! Done once for each Gaussian, so forty lines of Jacobi rotations rather than a linear-algebra dependency.

use ndarray::{Array1, Array2, ArrayRef2};

/// Sweeps after which rounding has long taken over; convergence is quadratic and takes fewer than ten.
const SWEEPS: usize = 60;

/// Eigenvalues, and the eigenvectors as columns.
///
/// # References
/// - G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., Section 8.5 (cyclic Jacobi).
pub(super) fn eigen(matrix: &ArrayRef2<f64>) -> (Array1<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let mut a = matrix.to_owned();
    let mut axes = Array2::eye(n);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                // Negligible beside its diagonal: the rotation would change nothing.
                if a[[p, q]].abs() <= f64::EPSILON * 1e-3 * (a[[p, p]].abs() * a[[q, q]].abs()).sqrt() {
                    continue;
                }
                rotated = true;
                let ratio = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let tan = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
                let cos = 1.0 / tan.hypot(1.0);
                let sin = tan * cos;
                for k in 0..n {
                    let (x, y) = (a[[k, p]], a[[k, q]]);
                    a[[k, p]] = cos * x - sin * y;
                    a[[k, q]] = sin * x + cos * y;
                }
                for k in 0..n {
                    let (x, y) = (a[[p, k]], a[[q, k]]);
                    a[[p, k]] = cos * x - sin * y;
                    a[[q, k]] = sin * x + cos * y;
                    let (x, y) = (axes[[k, p]], axes[[k, q]]);
                    axes[[k, p]] = cos * x - sin * y;
                    axes[[k, q]] = sin * x + cos * y;
                }
                a[[p, q]] = 0.0;
                a[[q, p]] = 0.0;
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diag().to_owned(), axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilds_the_matrix_from_orthonormal_axes() {
        // A Gram matrix of rank 3 in 5 dimensions: two eigenvalues are zero.
        let b = Array2::from_shape_fn((5, 3), |(i, j)| (((i + 1) * (j + 2)) as f64).sin());
        let matrix = b.dot(&b.t());
        let (values, axes) = eigen(&matrix);
        let rebuilt = (&axes * &values).dot(&axes.t());
        assert!((&rebuilt - &matrix).iter().all(|e| e.abs() < 1e-14));
        assert!((axes.t().dot(&axes) - Array2::<f64>::eye(5)).iter().all(|e| e.abs() < 1e-14));
        assert_eq!(values.iter().filter(|value| value.abs() < 1e-14).count(), 2);
    }
}
