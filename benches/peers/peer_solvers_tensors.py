"""The same network in every library: three hidden layers of 64 that carry eight Gaussians to two moons.

The weights in mlp_8g_moons.npz were trained by conditional flow matching on the linear path: 3000 steps of Adam at 2e-3, batches
of 256, seed 0. The reference for errors, which are 1e-3, is SciPy's
DOP853 at 1e-6 on the network in float64; of stochastic steps, that of peer_solvers.py.
"""

from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from inputs import Accuracy, generator, mixture, optional, report

ARRAYS = np.load(Path(__file__).with_name("mlp_8g_moons.npz"))
LAYERS = [(ARRAYS[f"{i}.weight"], ARRAYS[f"{i}.bias"]) for i in (0, 2, 4, 6)]
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


def network(t, x):
    h = np.concatenate([x, np.full((len(x), 1), t)], 1)
    for i, (weight, bias) in enumerate(LAYERS):
        h = h @ weight.astype(np.float64).T + bias
        if i < 3:
            h = SCALE * np.where(h > 0, h, ALPHA * np.expm1(np.minimum(h, 0)))
    return h


x0 = mixture(generator(), 1024, 2)
field = lambda t, x: network(t, x.reshape(-1, 2)).ravel()
exact = solve_ivp(field, (0, 1), x0.astype(np.float64).ravel(), method="DOP853", rtol=1e-6, atol=1e-6).y[:, -1]
accuracy, accuracy_of_e = Accuracy(exact.reshape(-1, 2)), Accuracy(np.full((1, 2), np.e))

GROUP = "solvers_tensors"
ALONE = f"{GROUP}/network-alone/1024x2"
ADAPTIVE = f"{GROUP}/mlp-dopri5-1e-4/1024x2"
EULER = f"{GROUP}/mlp-euler-100/1024x2"
STOCHASTIC = f"{GROUP}/mlp-euler-maruyama-100/1024x2"
TRIVIAL = f"{GROUP}/trivial-dopri5-1e-6/1x2"
TRIVIAL_EULER = f"{GROUP}/trivial-euler-100/1x2"


def with_torch(torch):
    torch.set_grad_enabled(False)
    # SELU as benches/benches/solvers_tensors.rs writes it, its constants in the layers behind it.
    folded = [(SCALE * weight, bias - ALPHA * SCALE * weight.sum(1, dtype=float)) for weight, bias in LAYERS[1:]]
    layers = [[torch.tensor(part).float() for part in layer] for layer in [LAYERS[0], *folded]]
    alpha = torch.tensor(ALPHA)

    def net(h):
        for i, (weight, bias) in enumerate(layers):
            h = torch.addmm(bias, h, weight.T)
            if i < 3:
                exponential = h.clamp_max(0).exp_()
                h = h.relu_().addcmul_(exponential, alpha)
        return h

    start, ones, ends = torch.tensor(x0), torch.ones(1, 2), torch.tensor([0.0, 1.0])
    calls = [0]

    def velocity(t, x, args=None):
        calls[0] += 1
        return net(torch.cat([x, torch.as_tensor(t).to(x).expand(x.shape[0], 1)], 1))

    def copy(t, y, args=None):
        calls[0] += 1
        return y

    def measure(case, peer, solve, accuracy=accuracy):
        calls[0] = 0
        x = solve()
        report(case, peer, solve, accuracy(calls[0], x[-1].numpy()))

    report(ALONE, f"torch {torch.__version__}", lambda: velocity(0.5, start))

    def with_torchdiffeq(torchdiffeq):
        peer, odeint = f"torchdiffeq {torchdiffeq.__version__}", torchdiffeq.odeint
        euler = {"method": "euler", "options": {"step_size": 0.01}}
        measure(ADAPTIVE, peer, lambda: odeint(velocity, start, ends, rtol=1e-4, atol=1e-4, method="dopri5"))
        measure(EULER, peer, lambda: odeint(velocity, start, ends, **euler))
        measure(TRIVIAL, peer, lambda: odeint(copy, ones, ends, rtol=1e-6, atol=1e-6), accuracy_of_e)
        measure(TRIVIAL_EULER, peer, lambda: odeint(copy, ones, ends, **euler), accuracy_of_e)

    def with_torchdyn(torchdyn):
        from torchdyn.numerics import odeint

        peer, grid = "torchdyn 1.0.6", torch.linspace(0, 1, 101)
        adaptive = lambda f, x, tolerance: odeint(f, x, ends, solver="dopri5", atol=tolerance, rtol=tolerance)[1]
        measure(ADAPTIVE, peer, lambda: adaptive(velocity, start, 1e-4))
        measure(EULER, peer, lambda: odeint(velocity, start, grid, solver="euler")[1])
        measure(TRIVIAL, peer, lambda: adaptive(copy, ones, 1e-6), accuracy_of_e)
        measure(TRIVIAL_EULER, peer, lambda: odeint(copy, ones, grid, solver="euler")[1], accuracy_of_e)

    def with_torchsde(torchsde):
        class Equation:
            noise_type, sde_type = "diagonal", "ito"

            def f(self, t, y):
                return velocity(t, y)

            def g(self, t, y):
                return torch.full_like(y, 0.5)

        path = torchsde.BrownianInterval(0.0, 1.0, start.shape, entropy=0, levy_area_approximation="space-time")
        fine = {"bm": path, "dt": 1 / 1600, "method": "srk"}
        judged = Accuracy(torchsde.sdeint(Equation(), start, ends.double(), **fine)[-1].double().numpy())
        for name, times in (("float64 times", ends.double()), ("float32 times, the default", ends)):
            solve = lambda **path: torchsde.sdeint(Equation(), start, times, dt=0.01, method="euler", **path)
            calls[0] = 0
            x = solve(bm=path)
            report(STOCHASTIC, f"torchsde 0.2.6, {name}", solve, judged(calls[0], x[-1].numpy()))

    optional("torchdiffeq", [ADAPTIVE, EULER, TRIVIAL, TRIVIAL_EULER], with_torchdiffeq)
    optional("torchdyn", [ADAPTIVE, EULER, TRIVIAL, TRIVIAL_EULER], with_torchdyn)
    optional("torchsde", [STOCHASTIC], with_torchsde)


def with_diffrax(diffrax):
    import jax
    import jax.numpy as jnp
    import lineax

    peer = f"diffrax {diffrax.__version__}"
    layers = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in LAYERS]

    def velocity(t, x, _):
        h = jnp.concatenate([x, jnp.broadcast_to(jnp.asarray(t, x.dtype), (*x.shape[:-1], 1))], -1)
        for i, (weight, bias) in enumerate(layers):
            h = h @ weight.T + bias
            h = jax.nn.selu(h) if i < 3 else h
        return h

    start = jnp.asarray(x0)
    alone = jax.jit(lambda x: velocity(0.5, x, None))
    report(ALONE, peer, lambda: jax.block_until_ready(alone(start)))

    def adaptive(x):
        control, term = diffrax.PIDController(rtol=1e-4, atol=1e-4), diffrax.ODETerm(velocity)
        solution = diffrax.diffeqsolve(term, diffrax.Dopri5(), 0.0, 1.0, None, x, stepsize_controller=control)
        return solution.ys[-1], solution.stats["num_steps"]

    def euler(x):
        return diffrax.diffeqsolve(diffrax.ODETerm(velocity), diffrax.Euler(), 0.0, 1.0, 0.01, x).ys[-1]

    def along(path, solver, steps, x):
        noise = lambda t, y, _: lineax.DiagonalLinearOperator(jnp.full(y.shape, 0.5, y.dtype))
        terms = diffrax.MultiTerm(diffrax.ODETerm(velocity), diffrax.ControlTerm(noise, path))
        options = {"max_steps": 2 * steps, "adjoint": diffrax.DirectAdjoint()}
        return diffrax.diffeqsolve(terms, solver, 0.0, 1.0, 1 / steps, x, **options).ys[-1]

    def euler_maruyama(x):
        return along(diffrax.UnsafeBrownianPath(x.shape, key=jax.random.PRNGKey(0)), diffrax.Euler(), 100, x)

    solve = jax.jit(adaptive)
    x, steps = solve(start)
    report(ADAPTIVE, peer, lambda: jax.block_until_ready(solve(start)), accuracy(2 + 6 * int(steps), x))
    fixed = jax.jit(euler)
    report(EULER, peer, lambda: jax.block_until_ready(fixed(start)), accuracy(100, fixed(start)))
    key = jax.random.PRNGKey(0)
    tree = diffrax.VirtualBrownianTree(0.0, 1.0, 1e-4, start.shape, key, diffrax.SpaceTimeLevyArea)
    judged = Accuracy(np.asarray(jax.jit(lambda x: along(tree, diffrax.ShARK(), 1600, x))(start), np.float64))
    facts = judged(100, jax.jit(lambda x: along(tree, diffrax.Euler(), 100, x))(start))
    sde = jax.jit(euler_maruyama)
    report(STOCHASTIC, f"{peer}, unsafe path", lambda: jax.block_until_ready(sde(start)), facts)


optional("torch", [ALONE, ADAPTIVE, EULER, STOCHASTIC, TRIVIAL, TRIVIAL_EULER], with_torch)
optional("diffrax", [ALONE, ADAPTIVE, EULER, STOCHASTIC], with_diffrax)
