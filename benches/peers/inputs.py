"""The inputs of benches/src/lib.rs, drawn from the same laws, and the way every peer is timed.

A peer prints one line of JSON for each case: the id of our benchmark that asks the same question, a name for the peer, and
the median time in seconds: processor time on one thread, wall time on several, as benches/src/clock.rs. The first call of
each is not counted.
"""

import json
import os
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


ONE_THREAD = os.environ.get("RAYON_NUM_THREADS") == "1"
clock = time.process_time if ONE_THREAD else time.perf_counter


def report(case, peer, function):
    function()
    repeats = 1
    while True:
        start = clock()
        for _ in range(repeats):
            function()
        if clock() - start > 1e-3:  # far above what reading the clock takes
            break
        repeats *= 2
    times, began = [], clock()
    while len(times) < 5 or clock() - began < SECONDS:
        start = clock()
        for _ in range(repeats):
            function()
        times.append((clock() - start) / repeats)
    print(json.dumps({"case": case, "peer": peer, "seconds": statistics.median(times)}), flush=True)
