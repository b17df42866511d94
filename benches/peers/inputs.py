"""The inputs of benches/src/lib.rs, drawn from the same laws, and the way every peer is timed.

A peer prints one line of JSON for each case: the id of our benchmark that asks the same question, a name for the peer, and
the median time in seconds: processor time on one thread, wall time on several, as benches/src/clock.rs. The first call of
each is not counted. Where evaluations and errors belong to a time, they are on its line.
"""

import os

ONE_THREAD = os.environ.get("RAYON_NUM_THREADS") == "1"
if ONE_THREAD:
    # Before anything is imported: XLA reads it once.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import importlib
import json
import statistics
import time

import numpy as np

MODES, RADIUS, STD = 8, 5.0, 0.316227766
ANGLES = 2 * np.pi * np.arange(MODES) / MODES
RING = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SECONDS = 1.0  # spent on a case, at least three repetitions


def noise(rng, n, d):
    return rng.standard_normal((n, d)).astype(np.float32)


def mixture(rng, n, d):
    centres = RING if d == 2 else rng.standard_normal((MODES, d))
    points = centres[rng.integers(0, MODES, n)] + (STD if d == 2 else 0.5) * rng.standard_normal((n, d))
    return points.astype(np.float32)


def generator():
    return np.random.default_rng(1234)


clock = time.process_time if ONE_THREAD else time.perf_counter


class Accuracy:
    """Evaluations and the errors of samples, as benches/src/facts.rs."""

    def __init__(self, exact):
        self.exact = exact

    def __call__(self, nfe, x):
        errors = np.linalg.norm(np.asarray(x, np.float64) - self.exact, axis=1)
        return {"nfe": float(nfe), "median_error": float(np.median(errors)), "largest_error": float(errors.max())}


def optional(module, cases, measure):
    """Measures a library, or says for each case why it is missing."""
    try:
        library = importlib.import_module(module)
    except Exception as error:
        for case in cases:
            print(json.dumps({"case": case, "peer": module, "missing": str(error).splitlines()[0]}), flush=True)
    else:
        measure(library)


def report(case, peer, function, facts=None):
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
    while len(times) < 3 or clock() - began < SECONDS:
        start = clock()
        for _ in range(repeats):
            function()
        times.append((clock() - start) / repeats)
    print(json.dumps({"case": case, "peer": peer, "seconds": statistics.median(times), **(facts or {})}), flush=True)
