"""Optimal pairing of a mini-batch with the solvers that flow-matching code calls: the solution alone, the matrix, both.

Every solver gets the precision that it is fastest in, and a copy of the matrix, which some overwrite.
"""

import json
import statistics
from importlib.metadata import version

import lap
import lapjv
import numpy as np
import ot
from ortools.graph.python import linear_sum_assignment
from scipy.optimize import linear_sum_assignment as scipy_assignment

from inputs import clock, generator, mixture, noise, optional, report

BATCHES = 5


def squared_distances(x0, x1, dtype=np.float64):
    x0, x1 = x0.astype(dtype), x1.astype(dtype)
    cost = x0 @ x1.T
    cost *= -2
    cost += np.einsum("ij,ij->i", x0, x0)[:, None]
    cost += np.einsum("ij,ij->i", x1, x1)[None, :]
    return np.maximum(cost, 0, out=cost)


def emd(cost):
    weights = np.full(len(cost), 1 / len(cost))
    return ot.emd(weights, weights, cost, numItermax=10**8).argmax(1)


def or_tools(cost):
    """On integers: costs are rounded to a millionth of the largest."""
    n = len(cost)
    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    rows = np.arange(n, dtype=np.int32)
    solver.add_arcs_with_cost(np.repeat(rows, n), np.tile(rows, n), np.rint(cost * (1e6 / cost.max())).astype(np.int64).ravel())
    solver.solve()


SOLVERS = [
    (f"lapx {version('lapx')} lapjvr", lambda cost: lap.lapjvr(cost, return_cost=False), np.float32),
    (f"lapjv {version('lapjv')}", lapjv.lapjv, np.float32),
    (f"POT {ot.__version__} emd", emd, np.float64),
    (f"OR-Tools {version('ortools')}", or_tools, np.float64),
    (f"SciPy {version('scipy')} linear_sum_assignment", scipy_assignment, np.float64),
]


def solvers(n, d):
    """All that come near the best somewhere; where a call takes seconds, those that are the best there."""
    if n <= 512:
        return SOLVERS
    if n <= 1024:
        return SOLVERS[:4] if d > 2 else SOLVERS[2:4]
    return [SOLVERS[0], SOLVERS[3]] if d > 2 else SOLVERS[2:4]


def few(case, peer, function, calls=5):
    """As `report`, for what takes so long that its spread does not matter."""
    times = []
    while len(times) < calls:
        start = clock()
        function()
        times.append(clock() - start)
    print(json.dumps({"case": case, "peer": peer, "seconds": statistics.median(times)}), flush=True)


def once(case, peer, function):
    few(case, peer, function, calls=1)


def solve(n, d, batches):
    rng = generator()
    costs = [squared_distances(noise(rng, n, d), mixture(rng, n, d)) for _ in range(batches)]
    for name, solver, dtype in solvers(n, d):
        given = [cost.astype(dtype) for cost in costs]
        measure = few if n <= 512 else once
        measure(f"ot/solve/{n}x{d}", name, lambda: [solver(cost.copy()) for cost in given])


def structured(n):
    rng = generator()
    x0, x1 = noise(rng, n, 2), mixture(rng, n, 2)
    cases = {
        "repeated": (x0, x1[np.arange(n) % 8]),
        "lattice": (np.round(4 * x0), np.round(4 * x1)),
        "line": (x0[:, :1], x1[:, :1]),
        "permuted": (x0, x0[(np.arange(n) * 1237 + 5) % n]),
    }
    costs = {case: squared_distances(*points) for case, points in cases.items()}
    for case, cost in {**costs, "whole": rng.integers(0, 100, (n, n)).astype(float)}.items():
        for name, solver, dtype in (SOLVERS[0], SOLVERS[2], SOLVERS[3]):
            if case == "line" and dtype is np.float32:
                continue  # a dozen seconds
            given = cost.astype(dtype)
            once(f"ot/structured/{case}", name, lambda: solver(given))


def build(n, d):
    rng = generator()
    x0, x1 = noise(rng, n, d), mixture(rng, n, d)
    report(f"ot/cost/{n}x{d}", f"NumPy {np.__version__}, float32", lambda: squared_distances(x0, x1, np.float32))


def exact(n, d):
    rng = generator()
    x0, x1 = noise(rng, n, d), mixture(rng, n, d)
    for name, solver, dtype in (SOLVERS[2], SOLVERS[4]):
        report(f"ot/exact/{n}x{d}", name, lambda: solver(squared_distances(x0, x1, dtype)))


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
            measure = few if n <= 512 else once
            measure(f"ot/weighted/{n}x{m}x{d}", f"POT {ot.__version__} emd", lambda: ot.emd(a, b, cost, numItermax=10**8))


def sinkhorn():
    """POT stops on the L2 norm of the error, so it gets the tolerance over sqrt(n). In single precision it fails at small epsilon,
    and at the small tolerance for many points. A number of NumPy's as epsilon would make it compute in double precision."""
    for d in (2, 64):
        for n in (512, 2048, 4096):
            rng = generator()
            cost = squared_distances(noise(rng, n, d), mixture(rng, n, d))
            for share in (0.05, 0.005):
                for tolerance in ("1e-3", "1e-6") if n <= 512 or share > 0.01 else ("1e-3",):  # minutes
                    for dtype in (np.float32, np.float64) if share > 0.01 else (np.float64,):
                        given, weights = cost.astype(dtype), np.full(n, 1 / n, dtype)
                        stop = float(tolerance) / np.sqrt(n)
                        most = 100_000 if dtype is np.float64 else 1_000
                        solve = lambda: ot.sinkhorn(
                            weights, weights, given, float(share * cost.mean()), numItermax=most, stopThr=stop, warn=False, log=True
                        )
                        if not solve()[1]["err"][-1] <= stop:
                            continue
                        once(
                            f"ot/sinkhorn/{n}x{d}/epsilon {share}/L1 {tolerance}",
                            f"POT {ot.__version__} sinkhorn {np.dtype(dtype).name}",
                            solve,
                        )


OTT_CASES = [(n, d, share) for d in (2, 64) for n in (512, 2048, 4096) for share in (0.05, 0.005) if n <= 512 or share > 0.01]


def ott(library):
    """Stops on the L1 norm of the error; with the scaled kernel, its faster mode, where that does not underflow.
    Where it takes minutes it is left out."""
    import jax
    from ott.geometry import geometry
    from ott.problems.linear import linear_problem
    from ott.solvers.linear import sinkhorn as solvers

    jax.config.update("jax_enable_x64", True)
    for n, d, share in OTT_CASES:
        rng = generator()
        cost = squared_distances(noise(rng, n, d), mixture(rng, n, d))
        for tolerance in ("1e-3", "1e-6"):
            for dtype, lse in ((np.float32, False), (np.float64, True)) if share > 0.01 else ((np.float64, True),):
                solver = solvers.Sinkhorn(threshold=float(tolerance), lse_mode=lse, max_iterations=10_000, norm_error=1)
                solve = jax.jit(lambda c: solver(linear_problem.LinearProblem(geometry.Geometry(c, epsilon=share * c.mean()))))
                given = jax.numpy.asarray(cost, dtype)
                if not bool(solve(given).converged):
                    continue
                once(
                    f"ot/sinkhorn/{n}x{d}/epsilon {share}/L1 {tolerance}",
                    f"OTT {version('ott-jax')} {np.dtype(dtype).name}{'' if lse else ' scaled kernel'}",
                    lambda: solve(given).f.block_until_ready(),
                )


for d in (2, 64, 784):
    for n in (128, 256, 512, 1024, 2048):
        solve(n, d, BATCHES)
for n in (128, 256, 512, 1024):
    solve(n, 3072, BATCHES)
for d in (2, 64, 784):
    solve(4096, d, 1)
for n, d in ((2048, 3072), (4096, 3072), (8192, 64)):
    solve(n, d, 1)
structured(2048)
for n, d in ((1024, 2), (1024, 64), (2048, 784), (4096, 784)):
    build(n, d)
for n, d in ((256, 2), (256, 64), (1024, 2), (1024, 64)):
    exact(n, d)
weighted()
sinkhorn()
optional("ott", sorted({f"ot/sinkhorn/{n}x{d}/epsilon {share}/L1 {tolerance}" for n, d, share in OTT_CASES for tolerance in ("1e-3", "1e-6")}), ott)
