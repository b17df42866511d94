"""Solves with fields that are not networks, on 1024 and 4096 points: adaptive and fixed steps, stochastic steps, and fields so
cheap that the solver is all there is. Every library in the form that its documentation shows; what is compiled is compiled
before the clock starts. Times are host floats or float32 tensors, as the library takes them; where that matters, both.

Errors of stochastic steps are those of the path: the distance to what the library's own method of order 3/2, with sixteen steps
for one, makes of the same Brownian motion.
"""

import numpy as np
from scipy.integrate import solve_ivp

from inputs import RING, STD, Accuracy, generator, optional, report


def velocity(t, x):
    variance = (1 - t) ** 2 + (t * STD) ** 2
    difference = x[:, None, :] - t * RING[None]
    exponent = -0.5 * (difference * difference).sum(-1) / variance
    exponent -= exponent.max(1, keepdims=True)
    weight = np.exp(exponent)
    weight /= weight.sum(1, keepdims=True)
    mean = weight @ RING
    return mean + (t * STD**2 - (1 - t)) / variance * (x - t * mean)


def flat(t, x):
    return velocity(t, x.reshape(-1, 2)).ravel()


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
sde_x0 = x0[:1024].astype(np.float32)
exact = solve_ivp(flat, (0, 1), x0.ravel(), method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1].reshape(-1, 2)
accuracy, accuracy_of_e = Accuracy(exact), Accuracy(np.full((1, 2), np.e))

MIXTURE = "solvers/dopri5-1e-5/4096x2-f32"
OWN_STEPS = "solvers/dopri5-1e-5-per-sample/4096x2-f32"
TIGHT = "solvers/dopri5-3e-6/4096x2-f32"  # no larger errors than diffrax at 1e-5
TRIVIAL = "solvers/trivial-dopri5-1e-6/1x2"
EULER = "solvers/trivial-euler-100/1x2"
STOCHASTIC = "solvers/euler-maruyama-100/1024x2-f32"


def numpy_and_scipy(scipy):
    peer = f"NumPy {np.__version__}"
    report("solvers/velocity-alone", peer, lambda: velocity(0.5, x0))
    report("solvers/heun/20-steps", peer, lambda: heun(x0, 20), accuracy(40, heun(x0, 20)))
    report("solvers/rk4/10-steps", peer, lambda: rk4(x0, 10), accuracy(40, rk4(x0, 10)))
    for method, case in (("RK45", MIXTURE), ("DOP853", "solvers/dop853-1e-5/4096x2-f32")):
        solve = lambda: solve_ivp(flat, (0, 1), x0.ravel(), method=method, rtol=1e-5, atol=1e-5)
        solution = solve()
        facts = accuracy(solution.nfev, solution.y[:, -1].reshape(-1, 2))
        report(case, f"SciPy {scipy.__version__} {method}, float64", solve, facts)
    small = lambda: solve_ivp(lambda t, y: y, (0, 1), np.ones(2), method="RK45", rtol=1e-6, atol=1e-6)
    solution = small()
    facts = accuracy_of_e(solution.nfev, solution.y[:, -1].reshape(1, 2))
    report(TRIVIAL, f"SciPy {scipy.__version__} RK45, float64", small, facts)


def with_diffrax(diffrax):
    import jax
    import jax.numpy as jnp
    import lineax

    peer = f"diffrax {diffrax.__version__}"
    ring = jnp.asarray(RING, jnp.float32)

    def field(t, x, _):
        variance = (1 - t) ** 2 + t * t * STD * STD
        exponent = -0.5 / variance * ((x[..., None, :] - t * ring) ** 2).sum(-1)
        mean = jax.nn.softmax(exponent, -1) @ ring
        return mean + (t * STD * STD - (1 - t)) / variance * (x - t * mean)

    def adaptive(f, tolerance):
        def solve(x):
            control = diffrax.PIDController(rtol=tolerance, atol=tolerance)
            term = diffrax.ODETerm(f)
            solution = diffrax.diffeqsolve(term, diffrax.Dopri5(), 0.0, 1.0, None, x, stepsize_controller=control)
            return solution.ys[-1], solution.stats["num_steps"]

        return solve

    alone = jax.jit(lambda x: field(0.5, x, None))
    x32 = jnp.asarray(x0, jnp.float32)
    report("solvers/velocity-alone-f32", peer, lambda: jax.block_until_ready(alone(x32)))
    solve = adaptive(field, 1e-5)
    common, own = jax.jit(solve), jax.jit(jax.vmap(solve))
    for case, name, function in ((MIXTURE, peer, common), (TIGHT, f"{peer} at 1e-5", common), (OWN_STEPS, peer, own)):
        x, steps = function(x32)
        report(case, name, lambda: jax.block_until_ready(function(x32)), accuracy(2 + 6 * np.mean(steps), x))

    ones = jnp.ones((1, 2), jnp.float32)
    trivial = jax.jit(adaptive(lambda t, y, _: y, 1e-6))
    y, steps = trivial(ones)
    report(TRIVIAL, peer, lambda: jax.block_until_ready(trivial(ones)), accuracy_of_e(2 + 6 * int(steps), y))

    def along(path, solver, steps, x):
        noise = lambda t, y, _: lineax.DiagonalLinearOperator(jnp.full(y.shape, 0.5, y.dtype))
        terms = diffrax.MultiTerm(diffrax.ODETerm(lambda t, y, _: -y), diffrax.ControlTerm(noise, path))
        options = {"max_steps": 2 * steps, "adjoint": diffrax.DirectAdjoint()}
        return diffrax.diffeqsolve(terms, solver, 0.0, 1.0, 1 / steps, x, **options).ys[-1]

    start, key = jnp.asarray(sde_x0), jax.random.PRNGKey(0)
    tree = diffrax.VirtualBrownianTree(0.0, 1.0, 1e-4, start.shape, key, diffrax.SpaceTimeLevyArea)
    judged = Accuracy(np.asarray(jax.jit(lambda x: along(tree, diffrax.ShARK(), 1600, x))(start), np.float64))
    facts = judged(100, jax.jit(lambda x: along(tree, diffrax.Euler(), 100, x))(start))
    sde = jax.jit(lambda x, key: along(diffrax.UnsafeBrownianPath(x.shape, key=key), diffrax.Euler(), 100, x))
    report(STOCHASTIC, f"{peer}, unsafe path", lambda: jax.block_until_ready(sde(start, key)), facts)


def with_torch(torch):
    torch.set_grad_enabled(False)
    ring, x32, ones = torch.tensor(RING, dtype=torch.float32), torch.tensor(x0, dtype=torch.float32), torch.ones(1, 2)
    ends = torch.tensor([0.0, 1.0])
    calls = [0]

    def field(t, x, args=None):
        calls[0] += 1
        variance = (1 - t) ** 2 + t * t * STD * STD
        exponent = (-0.5 / variance) * (x[:, None, :] - t * ring).pow(2).sum(-1)
        mean = torch.softmax(exponent, 1) @ ring
        return mean + ((t * STD * STD - (1 - t)) / variance) * (x - t * mean)

    def copy(t, y, args=None):
        calls[0] += 1
        return y

    def evaluations(solve):
        calls[0] = 0
        return solve(), calls[0]

    def end(solve):
        y, nfe = evaluations(solve)
        return accuracy_of_e(nfe, y[-1].numpy())

    report("solvers/velocity-alone-f32", f"torch {torch.__version__}", lambda: field(torch.tensor(0.5), x32))

    def with_torchdiffeq(torchdiffeq):
        peer = f"torchdiffeq {torchdiffeq.__version__}"
        solve = lambda: torchdiffeq.odeint(field, x32, ends, rtol=1e-5, atol=1e-5)
        x, nfe = evaluations(solve)
        report(MIXTURE, peer, solve, accuracy(nfe, x[-1].numpy()))
        small = lambda: torchdiffeq.odeint(copy, ones, ends, rtol=1e-6, atol=1e-6)
        report(TRIVIAL, peer, small, end(small))
        euler = lambda: torchdiffeq.odeint(copy, ones, ends, method="euler", options={"step_size": 0.01})
        report(EULER, peer, euler, end(euler))

    def with_torchdyn(torchdyn):
        from torchdyn.numerics import odeint

        peer = "torchdyn 1.0.6"
        solve = lambda: odeint(field, x32, ends, solver="dopri5", atol=1e-5, rtol=1e-5)[1]
        x, nfe = evaluations(solve)
        report(MIXTURE, peer, solve, accuracy(nfe, x[-1].numpy()))
        small = lambda: odeint(copy, ones, ends, solver="dopri5", atol=1e-6, rtol=1e-6)[1]
        report(TRIVIAL, peer, small, end(small))
        euler = lambda: odeint(copy, ones, torch.linspace(0, 1, 101), solver="euler")[1]
        report(EULER, peer, euler, end(euler))

    def with_torchsde(torchsde):
        class Equation:
            noise_type, sde_type = "diagonal", "ito"

            def f(self, t, y):
                calls[0] += 1
                return -y

            def g(self, t, y):
                return torch.full_like(y, 0.5)

        start = torch.tensor(sde_x0)
        path = torchsde.BrownianInterval(0.0, 1.0, start.shape, entropy=0, levy_area_approximation="space-time")
        fine = {"bm": path, "dt": 1 / 1600, "method": "srk"}
        judged = Accuracy(torchsde.sdeint(Equation(), start, ends.double(), **fine)[-1].double().numpy())
        for peer, times in (("float64 times", ends.double()), ("float32 times, the default", ends)):
            solve = lambda **path: torchsde.sdeint(Equation(), start, times, dt=0.01, method="euler", **path)
            y, nfe = evaluations(lambda: solve(bm=path))
            report(STOCHASTIC, f"torchsde 0.2.6, {peer}", solve, judged(nfe, y[-1].numpy()))

    optional("torchdiffeq", [MIXTURE, TRIVIAL, EULER], with_torchdiffeq)
    optional("torchdyn", [MIXTURE, TRIVIAL, EULER], with_torchdyn)
    optional("torchsde", [STOCHASTIC], with_torchsde)


optional("scipy", [MIXTURE, TRIVIAL], numpy_and_scipy)
optional("diffrax", [MIXTURE, TIGHT, OWN_STEPS, TRIVIAL, STOCHASTIC], with_diffrax)
optional("torch", [MIXTURE, TRIVIAL, EULER, STOCHASTIC], with_torch)
