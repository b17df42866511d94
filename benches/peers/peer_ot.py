"""Exact pairing of a mini-batch, squared distances included, with the solvers that flow-matching code calls."""

import numpy as np
import ot
import scipy
from scipy.optimize import linear_sum_assignment

from inputs import generator, mixture, noise, report


def squared_distances(x0, x1):
    x0, x1 = x0.astype(np.float64), x1.astype(np.float64)
    cost = x0 @ x1.T
    cost *= -2
    cost += np.einsum("ij,ij->i", x0, x0)[:, None]
    cost += np.einsum("ij,ij->i", x1, x1)[None, :]
    return np.maximum(cost, 0, out=cost)


for d in (2, 64):
    for n in (128, 256, 512, 1024):
        rng = generator()
        x0, x1 = noise(rng, n, d), mixture(rng, n, d)
        weights = np.full(n, 1 / n)
        case = f"ot/exact/{n}x{d}"
        report(case, f"SciPy {scipy.__version__} linear_sum_assignment", lambda: linear_sum_assignment(squared_distances(x0, x1)))
        report(case, f"POT {ot.__version__} emd", lambda: ot.emd(weights, weights, squared_distances(x0, x1), numItermax=10**8))


def exponential(rng, n):
    weights = rng.exponential(size=n)
    return weights / weights.sum()


def weighted():
    """Exponential weights, the cost matrix given."""
    for d in (2, 64):
        for n, m in ((256, 256), (512, 512), (1024, 1024), (2048, 2048), (2048, 1024)):
            rng = generator()
            cost = squared_distances(noise(rng, n, d), mixture(rng, m, d))
            a, b = exponential(rng, n), exponential(rng, m)
            report(f"ot/weighted/{n}x{m}x{d}", f"POT {ot.__version__} emd", lambda: ot.emd(a, b, cost, numItermax=10**8))


weighted()
