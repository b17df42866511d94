"""Runge-Kutta on the exact velocity of a Gaussian mixture, 4096 points, float64, written as one writes it in NumPy."""

import numpy as np

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
