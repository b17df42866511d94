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


def sinkhorn():
    """POT stops on the L2 norm of the error, so it gets the tolerance over sqrt(n). In single precision it fails at small epsilon."""
    for d in (2, 64):
        for n in (512, 2048, 4096):
            rng = generator()
            cost = squared_distances(noise(rng, n, d), mixture(rng, n, d))
            for share in (0.05, 0.005):
                for tolerance in ("1e-3", "1e-6"):
                    for dtype in (np.float32, np.float64) if share > 0.01 else (np.float64,):
                        given, weights = cost.astype(dtype), np.full(n, 1 / n, dtype)
                        stop = float(tolerance) / np.sqrt(n)
                        report(
                            f"ot/sinkhorn/{n}x{d}/epsilon {share}/L1 {tolerance}",
                            f"POT {ot.__version__} sinkhorn {np.dtype(dtype).name}",
                            lambda: ot.sinkhorn(
                                weights, weights, given, share * cost.mean(), numItermax=100_000, stopThr=stop, warn=False
                            ),
                        )


sinkhorn()
