//! Embedded Runge-Kutta methods: a tableau, the coefficients of its error, and those of its interpolant.
//!
//! All interpolants here have one form: the cubic Hermite polynomial through both ends of the step and the derivatives
//! there, plus correction terms that vanish at both ends together with their derivative (the nested form of Hairer's
//! codes). So an interpolant is a list of rows, each value of it is one [`combine`](crate::State::combine), and it meets
//! the states at both ends to the last bit. The rejected alternative, a polynomial per stage, needs a format per method
//! and loses digits at the end of a step.

use super::{Tableau, dop853};

/// An explicit Runge-Kutta method with an error estimate and an interpolant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmbeddedTableau {
    /// The stages and the weights of the result.
    pub method: Tableau,
    /// The order of the method that the result is compared with: the estimate shrinks with this power of `h`, plus one.
    pub error_order: u32,
    /// Weights of the stages in the error estimate; see [`ErrorEstimate::rows`](crate::ErrorEstimate::rows).
    pub error: &'static [&'static [f64]],
    /// Whether the last stage is the derivative at the end of the step, hence the first of the next ("first same as
    /// last").
    pub fsal: bool,
    /// Order of the interpolant's error.
    pub dense_order: u32,
    /// Coefficients of the stages that only the interpolant needs. They come after the derivative at the end of the
    /// step, which is the last stage if `fsal` and comes after it otherwise.
    pub dense_a: &'static [&'static [f64]],
    /// Times of those stages, as fractions of the step.
    pub dense_c: &'static [f64],
    /// The correction terms: row `m` weighs the stages in the term `theta^2 (1 - theta)^2 ...` of degree `m + 4`.
    pub dense: &'static [&'static [f64]],
}

impl EmbeddedTableau {
    /// Bogacki and Shampine's method of order 3(2): three evaluations per step. Use it for loose tolerances (1e-2, 1e-3).
    /// Its interpolant is the cubic Hermite polynomial.
    pub const BOSH3: Self = Self {
        method: Tableau {
            name: "bosh3",
            order: 3,
            a: &[&[], &[0.5], &[0.0, 0.75], &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0]],
            b: &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0, 0.0],
            c: &[0.0, 0.5, 0.75, 1.0],
            reference: "Bogacki & Shampine 1989, A 3(2) pair of Runge-Kutta formulas, Appl. Math. Lett. 2",
        },
        error_order: 2,
        error: &[&[5.0 / 72.0, -1.0 / 12.0, -1.0 / 9.0, 1.0 / 8.0]],
        fsal: true,
        dense_order: 3,
        dense_a: &[],
        dense_c: &[],
        dense: &[],
    };

    /// Dormand and Prince's method of order 5(4): six evaluations per step. The usual choice for tolerances from 1e-3 to
    /// 1e-8.
    pub const DOPRI5: Self = Self {
        method: Tableau {
            name: "dopri5",
            order: 5,
            a: &[
                &[],
                &[1.0 / 5.0],
                &[3.0 / 40.0, 9.0 / 40.0],
                &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
                &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
                &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
                &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
            ],
            b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
            c: &[0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0],
            reference: "Dormand & Prince 1980, A family of embedded Runge-Kutta formulae, J. Comp. Appl. Math. 6",
        },
        error_order: 4,
        error: &[&[
            71.0 / 57600.0,
            0.0,
            -71.0 / 16695.0,
            71.0 / 1920.0,
            -17253.0 / 339_200.0,
            22.0 / 525.0,
            -1.0 / 40.0,
        ]],
        fsal: true,
        dense_order: 4,
        dense_a: &[],
        dense_c: &[],
        // Shampine 1986, Some practical Runge-Kutta formulas, Math. Comp. 46, as in Hairer's dopri5.
        dense: &[&[
            -12_715_105_075.0 / 11_282_082_432.0,
            0.0,
            87_487_479_700.0 / 32_700_410_799.0,
            -10_690_763_975.0 / 1_880_347_072.0,
            701_980_252_875.0 / 199_316_789_632.0,
            -1_453_857_185.0 / 822_651_844.0,
            69_997_945.0 / 29_380_423.0,
        ]],
    };

    /// Tsitouras' method of order 5(4): six evaluations per step, with a smaller error constant than Dormand and Prince's.
    pub const TSIT5: Self = Self {
        method: Tableau {
            name: "tsit5",
            order: 5,
            a: &[
                &[],
                &[0.161],
                &[-0.008_480_655_492_356_989, 0.335_480_655_492_357],
                &[2.897_153_057_105_493_5, -6.359_448_489_975_075, 4.362_295_432_869_581_5],
                &[5.325_864_828_439_257, -11.748_883_564_062_828, 7.495_539_342_889_836_5, -0.092_495_066_361_755_25],
                &[
                    5.861_455_442_946_42,
                    -12.920_969_317_847_11,
                    8.159_367_898_576_159,
                    -0.071_584_973_281_401,
                    -0.028_269_050_394_068_383,
                ],
                &[
                    0.096_460_766_818_065_23,
                    0.01,
                    0.479_889_650_414_499_6,
                    1.379_008_574_103_742,
                    -3.290_069_515_436_080_6,
                    2.324_710_524_099_774,
                ],
            ],
            b: &[
                0.096_460_766_818_065_23,
                0.01,
                0.479_889_650_414_499_6,
                1.379_008_574_103_742,
                -3.290_069_515_436_080_6,
                2.324_710_524_099_774,
                0.0,
            ],
            c: &[0.0, 0.161, 0.327, 0.9, 0.980_025_540_904_509_7, 1.0, 1.0],
            reference: "Tsitouras 2011, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying \
                        assumption, Comput. Math. Appl. 62",
        },
        error_order: 4,
        error: &[&[
            0.001_780_011_052_225_771_4,
            0.000_816_434_459_656_746_9,
            -0.007_880_878_010_261_994,
            0.144_711_007_173_262_9,
            -0.582_357_165_452_555_2,
            0.458_082_105_929_186_97,
            -1.0 / 66.0,
        ]],
        fsal: true,
        dense_order: 4,
        dense_a: &[],
        dense_c: &[],
        // The coefficients of theta^4 in the interpolant of the same paper, which is that of order 4 with continuous
        // derivative: the other coefficients follow.
        dense: &[&[
            -1.053_088_497_729_021_6,
            0.101_7,
            2.490_627_285_651_253,
            -16.548_102_889_244_902,
            47.379_521_962_819_28,
            -34.870_657_861_496_61,
            2.5,
        ]],
    };

    /// The method of order 8(5,3) of Hairer's code DOP853: twelve evaluations per step, one of them only when the step is
    /// accepted, and three more for the interpolant where it is asked for. Use it for tolerances of 1e-8 and below.
    pub const DOP853: Self = dop853::TABLEAU;

    /// Which derivative is that at the end of the step.
    pub fn end(&self) -> usize {
        self.method.stages() - usize::from(self.fsal)
    }

    /// How many derivatives a step keeps, with those that only the interpolant needs.
    pub fn slots(&self) -> usize {
        self.end() + 1 + self.dense_a.len()
    }

    /// Weights of the derivatives in the interpolant at `theta`, the fraction of the step that has passed.
    ///
    /// ```text
    /// y(theta) = y0 + theta (f0 + (1-theta) (f1 + theta (f2 + (1-theta) (f3 + theta (f4 + ...)))))
    /// f0 = y1 - y0,  f1 = h k_0 - f0,  f2 = 2 f0 - h (k_0 + k_end),  f_(3+m) = h sum_j dense[m][j] k_j
    /// ```
    ///
    /// # Panics
    /// If `weights` is not as long as there are [`slots`](Self::slots).
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::EmbeddedTableau;
    /// let mut weights = [0.0; 7];
    /// EmbeddedTableau::DOPRI5.dense_weights(1.0, &mut weights);
    /// assert_eq!(weights, EmbeddedTableau::DOPRI5.method.b);
    /// ```
    ///
    /// # References
    /// Hairer, Norsett & Wanner 1993, section II.6, eqs. 6.7 and 6.9 for the Hermite part.
    pub fn dense_weights(&self, theta: f64, weights: &mut [f64]) {
        assert_eq!(weights.len(), self.slots(), "one weight for each derivative");
        weights.fill(0.0);
        let [b, first, last] = Self::hermite(theta);
        for (weight, factor) in weights.iter_mut().zip(self.method.b) {
            *weight = factor * b;
        }
        weights[0] += first;
        weights[self.end()] += last;
        for (polynomial, row) in self.corrections(theta) {
            for (weight, d) in weights.iter_mut().zip(row) {
                *weight += polynomial * d;
            }
        }
    }

    /// What the result of the step and the derivatives at its ends are multiplied by.
    pub(crate) fn hermite(theta: f64) -> [f64; 3] {
        let rest = 1.0 - theta;
        // The polynomials that multiply f0, f1 and f2.
        let (p0, p1, p2) = (theta, theta * rest, theta * theta * rest);
        [p0 - p1 + 2.0 * p2, p1 - p2, -p2]
    }

    /// The rows of [`dense`](Self::dense), each with what it is multiplied by.
    pub(crate) fn corrections(&self, theta: f64) -> impl Iterator<Item = (f64, &'static [f64])> {
        let mut polynomial = theta * theta * (1.0 - theta);
        self.dense.iter().enumerate().map(move |(m, row)| {
            polynomial *= if m % 2 == 0 { 1.0 - theta } else { theta };
            (polynomial, *row)
        })
    }
}
