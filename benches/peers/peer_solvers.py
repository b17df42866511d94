"""Solves on the exact velocity of a Gaussian mixture, 4096 points: fixed steps as one writes them in NumPy, adaptive ones by
SciPy (float64) and diffrax (float32, compiled, one thread). Evaluations and errors are printed beside the times.
"""

import json
import os
import sys

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import scipy
from scipy.integrate import solve_ivp

from inputs import RING, STD, generator, report


def velocity(t, x):
    variance = (1 - t) ** 2 + (t * STD) ** 2
    difference = x[:, None, :] - t * RING[None]
    exponent = -0.5 * (difference * difference).sum(-1) / variance
    exponent -= exponent.max(1, keepdims=True)
    weight = np.exp(exponent)
    weight /= weight.sum(1, keepdims=True)
    mean = weight @ RING
    return mean + (t * STD**2 - (1 - t)) / variance * (x - t * mean)


def heun(x, steps):
    h = 1 / steps
    for i in range(steps):
        k1 = velocity(i * h, x)
        k2 = velocity((i + 1) * h, x + h * k1)
        x = x + h / 2 * (k1 + k2)
    return x


def rk4(x, steps):
    h = 1 / steps
    for i in range(steps):
        t = i * h
        k1 = velocity(t, x)
        k2 = velocity(t + h / 2, x + h / 2 * k1)
        k3 = velocity(t + h / 2, x + h / 2 * k2)
        k4 = velocity(t + h, x + h * k3)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


x0 = generator().standard_normal((4096, 2))
peer = f"NumPy {np.__version__}"
report("solvers/velocity-alone", peer, lambda: velocity(0.5, x0))
report("solvers/heun/20-steps", peer, lambda: heun(x0, 20))
report("solvers/rk4/10-steps", peer, lambda: rk4(x0, 10))


def accuracy(case, peer, nfe, x):
    error = np.linalg.norm(np.asarray(x, np.float64) - reference, axis=1)
    facts = {"nfe": float(nfe), "median_error": float(np.median(error)), "largest_error": float(error.max())}
    print(f"{case} {peer}: {json.dumps(facts)}", file=sys.stderr)


def flat(t, x):
    return velocity(t, x.reshape(-1, 2)).ravel()


reference = solve_ivp(flat, (0, 1), x0.ravel(), method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1].reshape(-1, 2)
case = "solvers/dopri5-1e-5/4096x2-f32"

peer = f"SciPy {scipy.__version__} RK45, float64"
solve = lambda: solve_ivp(flat, (0, 1), x0.ravel(), method="RK45", rtol=1e-5, atol=1e-5)
solution = solve()
accuracy(case, peer, solution.nfev, solution.y[:, -1].reshape(-1, 2))
report(case, peer, solve)

ring = jnp.asarray(RING, jnp.float32)


def compiled_velocity(t, x, _):
    variance = (1 - t) ** 2 + t * t * STD * STD
    exponent = -0.5 / variance * ((x[..., None, :] - t * ring) ** 2).sum(-1)
    mean = jax.nn.softmax(exponent, -1) @ ring
    return mean + (t * STD * STD - (1 - t)) / variance * (x - t * mean)


def solver(x):
    control = diffrax.PIDController(rtol=1e-5, atol=1e-5)
    term = diffrax.ODETerm(compiled_velocity)
    solution = diffrax.diffeqsolve(term, diffrax.Dopri5(), 0.0, 1.0, None, x, stepsize_controller=control)
    return solution.ys[-1], solution.stats["num_steps"]


x32 = jnp.asarray(x0, jnp.float32)
for case, function in ((case, jax.jit(solver)), ("solvers/dopri5-1e-5-per-sample/4096x2-f32", jax.jit(jax.vmap(solver)))):
    peer = f"diffrax {diffrax.__version__} Dopri5, float32"
    x, steps = function(x32)
    accuracy(case, peer, 2 + 6 * np.mean(steps), x)
    report(case, peer, lambda: jax.block_until_ready(function(x32)))

trivial = jax.jit(
    lambda y: diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, _: y),
        diffrax.Dopri5(),
        0.0,
        1.0,
        None,
        y,
        stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-6),
    ).ys
)
ones = jnp.ones((1, 2), jnp.float32)
report("solvers/trivial-dopri5-1e-6/1x2", f"diffrax {diffrax.__version__}, float32", lambda: jax.block_until_ready(trivial(ones)))
small = lambda: solve_ivp(lambda t, y: y, (0, 1), np.ones(2), method="RK45", rtol=1e-6, atol=1e-6)
report("solvers/trivial-dopri5-1e-6/1x2", f"SciPy {scipy.__version__} RK45, float64", small)
