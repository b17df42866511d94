"""State and velocity target of a batch on the linear path in NumPy: as one writes it, and into given arrays."""

import numpy as np

from inputs import generator, mixture, noise, report


def into(t, x1, x0, z, u):
    np.subtract(x1, x0, out=u)
    np.multiply(t, u, out=z)
    np.add(z, x0, out=z)


def copy(x1, x0, z, u):
    np.copyto(z, x0)
    np.copyto(u, x1)


for n, d in ((256, 2), (4096, 2), (65536, 64), (1024, 3072)):
    rng = generator()
    x0, x1, t = noise(rng, n, d), mixture(rng, n, d), rng.random((n, 1)).astype(np.float32)
    z, u = np.empty_like(x0), np.empty_like(x0)
    name = f"NumPy {np.__version__}"
    report(f"paths/state-and-target/{n}x{d}", name, lambda: (t * x1 + (1 - t) * x0, x1 - x0))
    report(f"paths/sample-into/{n}x{d}", name, lambda: into(t, x1, x0, z, u))
    report(f"paths/copy/{n}x{d}", name, lambda: copy(x1, x0, z, u))
