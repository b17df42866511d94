"""State and velocity target of a batch on the linear path: as one writes it, and into given arrays where that can be had."""

import numpy as np

from inputs import ONE_THREAD, generator, mixture, noise, optional, report

SIZES = ((256, 2), (4096, 2), (65536, 64), (1024, 3072))
BOTH, INTO, COPY = (f"paths/{name}" for name in ("state-and-target", "sample-into", "copy"))


def inputs():
    for n, d in SIZES:
        rng = generator()
        yield f"{n}x{d}", noise(rng, n, d), mixture(rng, n, d), rng.random((n, 1)).astype(np.float32)


def with_numpy(_):
    name = f"NumPy {np.__version__}"
    for size, x0, x1, t in inputs():
        z, u = np.empty_like(x0), np.empty_like(x0)

        def into():
            np.subtract(x1, x0, out=u)
            np.multiply(t, u, out=z)
            np.add(z, x0, out=z)

        def copy():
            np.copyto(z, x0)
            np.copyto(u, x1)

        report(f"{BOTH}/{size}", name, lambda: (t * x1 + (1 - t) * x0, x1 - x0))
        report(f"{INTO}/{size}", name, into)
        report(f"{COPY}/{size}", name, copy)


def tensors(torch):
    if ONE_THREAD:
        torch.set_num_threads(1)
    for size, *arrays in inputs():
        yield size, *map(torch.from_numpy, arrays)


def with_torch(torch):
    for size, x0, x1, t in tensors(torch):
        z, u = torch.empty_like(x0), torch.empty_like(x0)

        def into():
            torch.sub(x1, x0, out=u)
            torch.addcmul(x0, t, u, out=z)

        name = f"torch {torch.__version__}"
        report(f"{BOTH}/{size}", name, lambda: (t * x1 + (1 - t) * x0, x1 - x0))
        report(f"{INTO}/{size}", name, into)


def with_torchcfm(torchcfm):
    import torch

    matcher = torchcfm.ConditionalFlowMatcher(sigma=0.0)
    for size, x0, x1, t in tensors(torch):
        t = t[:, 0].contiguous()
        report(f"{BOTH}/{size}", "torchcfm", lambda: matcher.sample_location_and_conditional_flow(x0, x1, t))


def cases(*names):
    return [f"{name}/{n}x{d}" for name in names for n, d in SIZES]


optional("numpy", cases(BOTH, INTO, COPY), with_numpy)
optional("torch", cases(BOTH, INTO), with_torch)
optional("torchcfm", cases(BOTH), with_torchcfm)
