"""The inputs of benches/src/lib.rs, drawn from the same laws, and the way every peer is timed.

A peer prints one line of JSON for each case: the id of our benchmark that asks the same question, a name for the peer, and
the median time in seconds. The first call of each is not counted.
"""

import json
import statistics
import time

import numpy as np

MODES, RADIUS, STD = 8, 5.0, 0.316227766
ANGLES = 2 * np.pi * np.arange(MODES) / MODES
RING = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SECONDS = 1.0  # spent on a case, at least five repetitions


def noise(rng, n, d):
    return rng.standard_normal((n, d)).astype(np.float32)


def mixture(rng, n, d):
    centres = RING if d == 2 else rng.standard_normal((MODES, d))
    points = centres[rng.integers(0, MODES, n)] + (STD if d == 2 else 0.5) * rng.standard_normal((n, d))
    return points.astype(np.float32)


def generator():
    return np.random.default_rng(1234)


def report(case, peer, function):
    function()
    times, began = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    print(json.dumps({"case": case, "peer": peer, "seconds": statistics.median(times)}), flush=True)
