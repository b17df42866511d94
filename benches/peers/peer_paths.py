"""State and velocity target of a batch on the linear path, written as one writes it in NumPy."""

import numpy as np

from inputs import generator, mixture, noise, report

for n, d in ((256, 2), (4096, 2), (65536, 64), (1024, 3072)):
    rng = generator()
    x0, x1, t = noise(rng, n, d), mixture(rng, n, d), rng.random((n, 1)).astype(np.float32)
    report(f"paths/state-and-target/{n}x{d}", f"NumPy {np.__version__}", lambda: (t * x1 + (1 - t) * x0, x1 - x0))
