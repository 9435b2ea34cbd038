"""Microseconds a training step of each family takes, here and elsewhere.

10,000 x 64 Gaussian float32 rows, hidden layers of 64 and 32 mirrored, a code or noise
of 8, Adam at 1e-3, minibatches of 32 and 256: variational and adversarial autoencoder,
GAN and BiGAN. Beside them the same objective as a hand-written XLA loop on the same
backend, and what libraries have. PyOD: its VAE with this network; the GAN of its AnoGAN
with these networks, stopped before it turns to scoring; SO_GAAL (networks of its own
choice: its discriminator has one hidden layer of 100 units; its minibatch of 500 rows
is set to ours); ALAD for BiGAN (its networks set to ours, but three discriminators; one
of its "epochs" is one minibatch). pythae: VAE and adversarial autoencoder with these
networks, training alone.

Each subject fits once to build, trace and compile; then whole fits of 10 epochs are
timed and the median is divided by the number of minibatches. Each subject runs in its
own process, once with the libraries' own number of threads and once with one; the
faster is shown. Run it on an otherwise idle machine::

    python docs/benchmarks/family_speed.py --output family_speed.json
    python docs/benchmarks/family_speed.py --only vae-skunsup-jax vae-xla-loop-jax
"""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import _common
import _objectives
import _peers
import _pythae
import _step_speed
import _xla_loops

NAMES = {
    "vae": "VariationalAutoencoder",
    "aae": "AdversarialAutoencoder",
    "gan": "GAN",
    "bigan": "BiGAN",
}
FURTHER = {"vae": {"noise_variance": 1.0}}
LOOPS = {"tensorflow": _xla_loops.TensorFlowLoop, "jax": _xla_loops.JAXLoop}


@dataclass(frozen=True)
class Subject:
    """Function that `_peers.load` returns: called with a task, it gives what has `fit`.

    Parameters
    ----------
    make : callable
        From the task to an object with `fit`.
    modules : tuple of str
        What must be imported before anything is timed.
    """

    make: Callable
    modules: tuple[str, ...]

    def __call__(self, task):
        """Build for the task."""
        return self.make(task)


class Skunsup:
    """One of our families; a new estimator each fit."""

    def __init__(self, family, task):
        self.family, self.task = family, task

    def fit(self, X):
        """Construct and fit."""
        import skunsup

        getattr(skunsup, NAMES[self.family])(
            self.task.n_components,
            hidden_layer_sizes=self.task.hidden,
            learning_rate=self.task.learning_rate,
            batch_size=self.task.batch_size,
            epochs=self.task.epochs,
            random_state=0,
            **FURTHER.get(self.family, {}),
        ).fit(X)


class PyOD:
    """A detector of PyOD, silenced, which also scores the training rows."""

    def __init__(self, make, task):
        self.make, self.task = make, task

    def fit(self, X):
        """Construct and fit."""
        silenced = contextlib.redirect_stdout(io.StringIO())
        with silenced, contextlib.suppress(Trained):
            self.make(self.task, len(X)).fit(X)


class Trained(Exception):
    """Raised where training ends and scoring begins."""


def pyod_vae(task, n_rows):
    """Return PyOD's VAE with this network."""
    from pyod.models.vae import VAE

    return VAE(
        encoder_neuron_list=[*task.hidden],
        decoder_neuron_list=[*task.hidden[::-1]],
        latent_dim=task.n_components,
        lr=task.learning_rate,
        epoch_num=task.epochs,
        batch_size=task.batch_size,
        dropout_rate=0.0,
        verbose=0,
    )


def pyod_gan(task, n_rows):
    """Return AnoGAN, which ends after training."""
    from pyod.models import anogan

    def end(*given):
        raise Trained

    anogan.QueryModel = end
    return anogan.AnoGAN(
        latent_dim_G=task.n_components,
        G_layers=[*task.hidden[::-1]],
        D_layers=[*task.hidden],
        activation_hidden="relu",
        dropout_rate=0.0,
        learning_rate=task.learning_rate,
        epochs=task.epochs,
        batch_size=task.batch_size,
    )


def pyod_so_gaal(task, n_rows):
    """Return SO_GAAL, whose 3 `stop_epochs` epochs take minibatches of our size."""
    import torch.utils.data
    from pyod.models import so_gaal

    def loader(rows, batch_size, shuffle):
        return torch.utils.data.DataLoader(rows, task.batch_size, shuffle)

    so_gaal.DataLoader = loader
    return so_gaal.SO_GAAL(stop_epochs=max(1, round(task.epochs / 3)))


def pyod_bigan(task, n_rows):
    """Return ALAD, one minibatch an epoch."""
    from pyod.models.alad import ALAD

    hidden = [*task.hidden]
    return ALAD(
        latent_dim=task.n_components,
        enc_layers=hidden,
        dec_layers=hidden[::-1],
        disc_xz_layers=hidden,
        disc_xx_layers=hidden,
        disc_zz_layers=hidden,
        dropout_rate=0.0,
        learning_rate_gen=task.learning_rate,
        learning_rate_disc=task.learning_rate,
        epochs=task.epochs * -(-n_rows // task.batch_size),
        batch_size=task.batch_size,
    )


LIBRARIES = {
    "vae-pyod": (pyod_vae, "pyod.models.vae"),
    "vae-pythae": (_pythae.variational, "pythae.models"),
    "aae-pythae": (_pythae.adversarial, "pythae.models"),
    "gan-pyod": (pyod_gan, "pyod.models.anogan"),
    "gan-so_gaal": (pyod_so_gaal, "pyod.models.so_gaal"),
    "bigan-pyod": (pyod_bigan, "pyod.models.alad"),
}


def subjects():
    """Return every subject with its Keras backend, family by family."""
    found = {}
    for family, objective in _objectives.FAMILIES.items():
        for backend, loop in LOOPS.items():
            ours = Subject(lambda t, f=family: Skunsup(f, t), ("skunsup.models",))
            found[f"{family}-skunsup-{backend}"] = (ours, backend)
            by_hand = Subject(lambda t, a=loop, b=objective: a(t, b), loop.modules)
            found[f"{family}-xla-loop-{backend}"] = (by_hand, backend)
    for name, (make, module) in LIBRARIES.items():
        kind = _pythae.Pythae if name.endswith("pythae") else PyOD
        peer = Subject(lambda t, k=kind, m=make: k(m, t), (module,))
        found[name] = (peer, None)
    return found


PEER_NAMES = ("pyod", "so_gaal", "pythae")
_peers.PEERS.update(SUBJECTS := subjects())


def report(runs, batch_sizes):
    """Return the table: a row a family and backend of ours, its peers beside it."""
    header = ["family", "batch", "backend", "skunsup, µs a step"]
    header += ["XLA loop by hand", "times the loop"]
    header += [f"{peer}{over}" for peer in PEER_NAMES for over in ("", " / skunsup")]
    rows = []
    for family in NAMES:
        for batch_size in batch_sizes:
            own = [run for run in runs if run["batch"] == batch_size]
            peers = [micros(own, f"{family}-{peer}") for peer in PEER_NAMES]
            for backend in LOOPS:
                ours = micros(own, f"{family}-skunsup-{backend}")
                loop = micros(own, f"{family}-xla-loop-{backend}")
                row = [family, batch_size, backend, ours, loop, ours / loop]
                for peer in peers:
                    row += [peer, peer / ours]
                rows.append(row)
    return _common.table(header, rows)


def micros(runs, subject):
    """Return the time of a subject at its better thread setting."""
    return _common.best((r for r in runs if r["subject"] == subject), "microseconds")


if __name__ == "__main__":
    _step_speed.main(__doc__, __file__, SUBJECTS, report, {"gan-so_gaal": 3})
