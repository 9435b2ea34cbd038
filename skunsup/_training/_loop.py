"""The one epoch loop: every model trains here."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from skunsup._identity import digest
from skunsup._networks import (
    Architecture,
    Network,
    own_code_explained,
    recorded,
    take_up,
)
from skunsup._training._backend import NetworkTrainer, Work, backend
from skunsup._training._bagging import BaggedSampler
from skunsup._training._callbacks import Callbacks, copied
from skunsup._training._checkpoint import WORDS, running_checkpoint
from skunsup._training._fitted import FittedNetwork
from skunsup._training._optimizers import OptimizerConfig, is_entrywise
from skunsup._training._parallel import ParallelTrainer
from skunsup._training._processes import (
    check_alike,
    largest,
    mean_of_all,
    n_processes,
    of_first,
    one_process,
    own_share,
)
from skunsup._training._programs import LRUCache
from skunsup._training._progress import Logs, Progress
from skunsup._training._rows import BLOCK_BYTES, Rows
from skunsup._training._samplers import Sampler
from skunsup._training._sampling import WeightedSampler, batches
from skunsup._training._state import (
    Place,
    TrainingConfig,
    TrainingState,
    end_as_tree,
    end_of_tree,
    generator_at,
)
from skunsup._training._trainer import Trainer

_trainers = LRUCache(16)

WARMUP = 0.02  # share of the steps in which a cosine schedule rises
TOGETHER = 128  # steps of short epochs that are drawn at once
SMALL = (
    2**18
)  # bytes of a block that has room for as many steps, however many there are
UNWATCHED = 1024  # steps of short epochs between two looks at the weights, at least
AHEAD = 2  # blocks that are dealt out before the first of them is done
N_SHARES = 2  # trainers of the members of an ensemble, whatever the number of cores

# Settings of a run that change what it learns.
COMPARED = (
    "epochs",
    "batch_size",
    "patience",
    "tol",
    "max_steps",
    "schedule",
    "pieces",
)

DIVERGED = (
    "The training loss became {loss} in epoch {epoch}. {kept} Try a smaller "
    "learning_rate (it is {rate:g}), an optimizer with clipnorm=1.0, or data on a "
    "scale near 1 (StandardScaler in a Pipeline)."
)


@dataclass(frozen=True)
class Validation:
    """Rows held out to judge each epoch by."""

    rows: Rows
    sample: WeightedSampler
    method: str

    def loss(self, architecture: Architecture, values: list[np.ndarray]) -> float:
        """Weighted mean over the rows of what `method` gives with weights `values`."""
        fitted = FittedNetwork(architecture, values)
        losses = fitted.compute(self.method, self.rows)
        mean = self.sample.mean(losses.reshape(len(losses), -1).mean(axis=1))
        return mean_of_all(mean, self.sample.total)


def train(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rows: Rows,
    sample: Sampler | BaggedSampler,
    validation: Validation | None,
    state: TrainingState,
) -> TrainingState:
    """Train a network from `state` and return where it ended; `state` is not changed.

    Each group of the network's parameters is trained by the recipe in its place.
    Stops early on the validation loss, on a callback's word, on a loss that is not
    finite (with the last finite weights, and a ConvergenceWarning) and on Ctrl-C (with
    the best weights so far, and a UserWarning; before the first steps have been taken
    Ctrl-C raises KeyboardInterrupt).

    Raises
    ------
    ValueError
        If not even one epoch ends with a finite loss, or a callback raises.
    """
    checkpoint = running_checkpoint()
    saved = None
    if checkpoint is not None:
        saved = checkpoint.begin(_told_by(architecture, recipes, plan, state))
    if n_processes() > 1:
        state = _shared_start(architecture, recipes, plan, sample, validation, state)
    if saved is not None and "end" in saved:
        end = end_of_tree(saved["end"], copied(plan.callbacks))
    else:
        place = None if saved is None else Place(**saved["place"])
        end = _train(
            architecture, recipes, plan, rows, sample, validation, state, place
        )
    if checkpoint is not None:
        checkpoint.end(end_as_tree(end))
        checkpoint.interrupted |= end.interrupted
    return end


def _train(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    rows: Rows,
    sample: Sampler | BaggedSampler,
    validation: Validation | None,
    state: TrainingState,
    place: Place | None,
) -> TrainingState:
    """Train as `train` does, from `place` on if there is one."""
    with _lent_trainer(architecture, recipes) as trainer:
        trainer.load(state.values, _optimizer_start(trainer, recipes, state))
        run = TrainingLoop(architecture, plan, rows, sample, validation, trainer, state)
        run.train(place)
        return TrainingState(
            run.kept,
            trainer.optimizer_values(),
            run.rng,
            run.history,
            run.copies,
            run.was_interrupted,
        )


def _lent_trainer(
    architecture: Architecture, recipes: Sequence[OptimizerConfig]
) -> AbstractContextManager[NetworkTrainer]:
    recipe_keys = (recipe.key for recipe in recipes)
    key = (backend().placement(), architecture.key, *recipe_keys)
    return _trainers.exclusive(key, lambda: _trainer(architecture, recipes))


def network_to_train(
    architecture: Architecture, recipes: Sequence[OptimizerConfig]
) -> Network:
    """Return the network that `train` would train, to read names and shapes off it.

    It takes a tenth of a fit to build a network, so none is built for this alone.
    """
    with _lent_trainer(architecture, recipes) as trainer:
        return trainer.network


def _shared_start(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    sample: Sampler | BaggedSampler,
    validation: Validation | None,
    state: TrainingState,
) -> TrainingState:
    """Return the weights of the first process, for processes that train together.

    Raises
    ------
    ValueError
        If they do not train the same, or if the training needs the rows of all.
    """
    if running_checkpoint() is not None:
        one_process("checkpoint writes what one process trains")
    if plan.renewal is not None or not isinstance(sample, WeightedSampler):
        one_process("This estimator needs all rows at once")
    told_by = _told_by(architecture, recipes, plan, state)
    del told_by["start"]
    held_out = {"X_val or early_stopping": str(validation is None)}
    check_alike({WORDS[name]: value for name, value in told_by.items()} | held_out)
    optimizer = state.optimizer_values
    return replace(
        state,
        values=of_first(state.values),
        optimizer_values=None if optimizer is None else of_first(optimizer),
    )


def _told_by(
    architecture: Architecture,
    recipes: Sequence[OptimizerConfig],
    plan: TrainingConfig,
    state: TrainingState,
) -> dict[str, str]:
    """Return digests that tell a training from others."""
    told_by = {
        "network": architecture.key,
        "optimizer": [(recipe.key, recipe.learning_rate) for recipe in recipes],
        "plan": [getattr(plan, name) for name in COMPARED],
        "callbacks": [type(callback) for callback in plan.callbacks],
        "start": (
            state.values,
            state.optimizer_values,
            state.rng.bit_generator.state,
        ),
    }
    return {name: digest(value) for name, value in told_by.items()}


def _trainer(
    architecture: Architecture, recipes: Sequence[OptimizerConfig]
) -> NetworkTrainer:
    whole = _trainer_alone(architecture, recipes)
    alone = backend().concurrent() and backend().placement() is None
    share = architecture.share(N_SHARES) if alone else None
    pairs = zip(whole.optimizers, whole.groups, strict=True)
    if share is None or not all(is_entrywise(*pair) for pair in pairs):
        return whole
    shares = [_trainer_alone(share, recipes) for _ in range(N_SHARES)]
    return ParallelTrainer(whole, shares)


def _trainer_alone(
    architecture: Architecture, recipes: Sequence[OptimizerConfig]
) -> Trainer:
    network = architecture.build()
    groups = network.grouped_variables()
    with own_code_explained(lambda: {"optimizer": [r.kind for r in recipes]}):
        optimizers = [r.build(group) for r, group in zip(recipes, groups, strict=True)]
    return backend().Trainer(network, optimizers, [r.ema for r in recipes])


def _optimizer_start(
    trainer: NetworkTrainer, recipes: Sequence[OptimizerConfig], state: TrainingState
) -> list[np.ndarray]:
    values = list(state.optimizer_values or trainer.fresh(state.values))
    for recipe, optimizer in zip(recipes, trainer.optimizers, strict=True):
        if recipe.learning_rate is not None:
            rate = optimizer.learning_rate
            place = [v is rate for v in trainer.optimizer_variables].index(True)
            values[place] = np.array(recipe.learning_rate, values[place].dtype)
    return values


class TrainingLoop:
    """One call of `train`: the loop and what it keeps."""

    def __init__(
        self,
        architecture: Architecture,
        plan: TrainingConfig,
        rows: Rows,
        sample: Sampler | BaggedSampler,
        validation: Validation | None,
        trainer: NetworkTrainer,
        state: TrainingState,
    ) -> None:
        self.architecture, self.plan, self.trainer = architecture, plan, trainer
        self.rows, self.sample, self.validation = rows, sample, validation
        self.rng = generator_at(state.rng.bit_generator.state)
        self.history: dict[str, list[float]] = {}
        self.kept = state.values
        self.best, self.stale = np.inf, 0
        self.was_interrupted = False
        n_members = trainer.network.n_members
        n_draws = largest(sample.n_draws)  # in each of the processes
        size = n_members * (plan.batch_size or n_processes() * n_draws)
        self.batch_size = min(own_share(size), n_draws)
        self.n_steps = -(-n_draws // self.batch_size)
        self.total = plan.n_steps(self.n_steps)
        self.n_epochs = -(-self.total // self.n_steps)
        watched = plan.callbacks or plan.verbose or validation is not None
        watched = watched or plan.renewal is not None
        self.together = 1 if watched else max(1, TOGETHER // self.n_steps)
        drawn = self.n_steps * self.together
        short = not watched and drawn <= TOGETHER
        self.group = self.together * (-(-UNWATCHED // drawn) if short else 1)
        self.taken: list[np.ndarray] = []
        self.known: list[np.ndarray] = []  # of the blocks that a checkpoint knows
        self.checkpoint = running_checkpoint()
        pieces = plan.pieces if plan.schedule == "cosine" else 1
        longest = max(1, min(self.n_steps * self.together, self.total // pieces))
        step_size = self.batch_size * rows.d
        self.block_steps = _block_steps(longest, step_size)
        self.block_size = max(
            self.block_steps, _block_steps(TOGETHER, step_size, SMALL)
        )
        self.callbacks = Callbacks(
            plan.callbacks, trainer, self.n_epochs, min(self.n_steps, self.total)
        )
        self.copies = self.callbacks.copies
        self.names = (*trainer.network.term_names, *trainer.network.own_metrics)
        self.progress = Progress(self.n_epochs) if plan.verbose else None

    def train(self, place: Place | None = None) -> None:
        """Run epochs until something ends them, from `place` on if there is one."""
        self.callbacks.call("on_train_begin")
        if place is not None:
            self.restore(place)
        first = 0 if place is None else place.epoch
        try:
            for epoch in range(first, self.n_epochs, self.group):
                count = min(self.group, self.n_epochs - epoch)
                if not self.epochs(epoch, count):
                    break
                if self.checkpoint is not None and self.checkpoint.due():
                    self.save(epoch + count)
        except KeyboardInterrupt:
            if self.plan.preliminary or not (self.taken or self.history):
                raise
            self.interrupted()
        if self.progress is not None:
            self.progress.end()
        self.callbacks.call("on_train_end", self.last_logs())
        self.take_callbacks_weights()

    def save(self, epoch: int) -> None:
        """Write a checkpoint, between two epochs or two blocks of one."""
        assert self.checkpoint is not None
        renewal = self.plan.renewal
        place = Place(
            epoch,
            self.trainer.values(),
            self.trainer.optimizer_values(),
            self.drawing if self.taken else self.rng.bit_generator.state,
            self.history,
            self.kept,
            self.best,
            self.stale,
            self.taken,
            [recorded(callback) for callback in self.copies],
            {} if renewal is None else renewal.saved(),
        )
        self.checkpoint.save(vars(place))

    def restore(self, place: Place) -> None:
        """Go to where a checkpoint was written."""
        self.trainer.load(place.values, place.optimizer_values)
        self.rng = generator_at(place.rng)
        self.history, self.known = place.history, place.taken
        self.kept, self.best, self.stale = place.kept, place.best, place.stale
        for callback, known in zip(self.copies, place.callbacks, strict=True):
            take_up(callback, known)
        if self.plan.renewal is not None:
            self.plan.renewal.restore(place.renewal)
        self.callbacks.update()

    def epochs(self, first: int, count: int) -> bool:
        """Run some epochs, of which nobody watches more than one; return as `epoch`.

        Where something is not finite at their end, they are run again one by one.
        """
        if count == 1:
            return self.epoch(first)
        before = self.kept, self.trainer.optimizer_values()
        drawing = self.rng.bit_generator.state
        try:
            logs = self.minibatches(first, count)
        except KeyboardInterrupt:
            self.note(*self.taken_logs(whole=True))
            raise
        values = self.trainer.values()
        losses = [each["loss"] for each in logs]
        if not np.isfinite(losses).all() or not _all_finite(values):
            self.trainer.load(*before)
            self.rng.bit_generator.state = drawing
            return all(self.epoch(first + i) for i in range(count))
        self.note(*logs)
        self.kept, self.taken = values, []
        return True

    def epoch(self, epoch: int) -> bool:
        """Run one epoch; return whether to go on."""
        if not self.known:  # else a checkpoint was written within this epoch
            if not self.renewed(epoch):
                return False
            self.callbacks.call("on_epoch_begin", epoch)
        logs = self.minibatches(epoch)[0]
        values = self.trainer.values()
        if not np.isfinite(logs["loss"]) or not _all_finite(values):
            self.diverged(epoch, logs["loss"])
            return False
        if self.validation is not None:
            logs["val_loss"] = self.validation.loss(self.architecture, values)
        self.note(logs)
        self.keep(values, logs)
        self.callbacks.call("on_epoch_end", epoch, logs)
        if self.progress is not None:
            self.progress(epoch + 1, logs)
        self.taken = []
        return not (self.exhausted() or self.callbacks.stopped)

    def renewed(self, epoch: int) -> bool:
        """Let the rows be renewed before an epoch; return False if training ends."""
        if self.plan.renewal is not None:
            rows = self.plan.renewal(epoch * self.n_steps, self.trainer.values())
            if rows is None:
                return False
            self.rows = rows
        return True

    def note(self, *logs: Logs) -> None:
        """Add the logs of epochs to the history."""
        for each in logs:
            for name, value in each.items():
                self.history.setdefault(name, []).append(value)

    def minibatches(self, first: int, count: int = 1) -> list[Logs]:
        """Draw and take the steps of epochs; return the mean losses of each.

        Where a loss is not finite, the steps behind its block are left out.
        """
        self.taken, self.known = self.known, []
        self.drawing = self.rng.bit_generator.state
        watched = self.copies or self.checkpoint is not None
        work, ahead = self.work(first, count, len(self.taken)), 0 if watched else AHEAD
        # Closed, so that no thread takes another step after Ctrl-C.
        with closing(self.trainer.runs(work, ahead)) as runs:
            for records in runs:
                self.taken.append(records)
                self.block_ended()
                self.save_within(first, count)
                if not np.isfinite(records[:, : self.trainer.n_terms]).all():
                    break
        return self.taken_logs()

    def save_within(self, first: int, count: int) -> None:
        """Write a checkpoint between two blocks of one epoch, where it is time."""
        if self.checkpoint is None or count > 1 or self.plan.renewal is not None:
            return
        if self.checkpoint.due() and sum(map(len, self.taken)) < self.n_steps:
            self.save(first)

    def work(self, first: int, count: int, n_known: int) -> Iterator[Work]:
        """Yield what trainers run: minibatches, their number, the share of the rate.

        The first `n_known` blocks were run before.
        """
        before = first * self.n_steps
        done = before + n_known * self.block_steps
        for epochs in gen_batches(count, self.together):
            drawn = self.draw(first + epochs.start, first + epochs.stop)
            drawn = drawn[n_known * self.block_steps * self.batch_size :]
            for block, n_steps in batches(
                drawn, self.rows, self.batch_size, self.block_steps, self.block_size
            ):
                self.callbacks.call("on_train_batch_begin", done - before)
                yield block, n_steps, self.rate_share(done + n_steps / 2)
                done += n_steps

    def draw(self, first: int, end: int) -> np.ndarray:
        """Draw the rows of epochs, one after another; the last may be cut short."""
        ends = np.minimum(np.arange(first + 1, end + 1) * self.n_steps, self.total)
        sizes = np.diff(ends, prepend=first * self.n_steps) * self.batch_size
        return np.concatenate([self.sample.draw(size, self.rng) for size in sizes])

    def block_ended(self) -> None:
        """Tell callbacks the mean loss since the epoch began."""
        if self.copies:
            records = np.concatenate(self.taken)
            loss = self.logs(records.mean(axis=0))["loss"]
            self.callbacks.call("on_train_batch_end", len(records) - 1, {"loss": loss})

    def taken_logs(self, whole: bool = False) -> list[Logs]:
        """Return the mean losses of the epochs last run, or of the `whole` ones."""
        records = np.concatenate(self.taken or [np.empty((0, len(self.names)))])
        parts = np.split(records, range(self.n_steps, len(records), self.n_steps))
        if whole:
            parts = [part for part in parts if len(part) == self.n_steps]
        return [self.logs(part.mean(axis=0)) for part in parts]

    def rate_share(self, step: float) -> float:
        """Share of the learning rate that the schedule gives around a step.

        A short linear rise, then half a cosine down to nothing (Loshchilov & Hutter
        2017, eq. 5).
        """
        if self.plan.schedule == "constant":
            return 1.0
        rise = min(1.0, step / (WARMUP * self.total))
        return rise * 0.5 * (1.0 + np.cos(np.pi * step / self.total))

    def logs(self, means: np.ndarray) -> Logs:
        """Name the means of terms and metrics; a single term is just the loss."""
        n_terms = self.trainer.n_terms
        means = np.append(
            means[:n_terms] / self.trainer.network.n_members, means[n_terms:]
        )
        entries = list(zip(self.names, means.tolist(), strict=True))
        named = entries if n_terms > 1 else entries[n_terms:]
        return {"loss": float(means[:n_terms].sum()), **dict(named)}

    def keep(self, values: list[np.ndarray], logs: Logs) -> None:
        """Keep the best weights where early stopping judges them, else the last."""
        if self.plan.patience is None:
            self.kept = values
            return
        loss = logs["val_loss"]
        self.stale = 0 if loss < self.best - self.plan.tol else self.stale + 1
        if loss < self.best:
            self.best, self.kept = loss, values

    def exhausted(self) -> bool:
        """Return True if early stopping has waited long enough."""
        return self.plan.patience is not None and self.stale >= self.plan.patience

    def diverged(self, epoch: int, loss: float) -> None:
        """Explain a loss that is not finite, and fall back on finite weights."""
        rate = self.trainer.optimizers[0].learning_rate
        rate = float(backend().to_numpy(getattr(rate, "value", rate)))
        message = DIVERGED.format(
            loss=loss if not np.isfinite(loss) else "too large for the weights",
            epoch=epoch + 1,
            rate=rate,
            kept="The last finite weights were kept."
            if self.history
            else "No epoch ended with finite weights, so nothing was fitted.",
        )
        if not self.history:
            raise ValueError(message)
        warnings.warn(message, ConvergenceWarning, stacklevel=2)

    def interrupted(self) -> None:
        """Keep what there is on Ctrl-C."""
        self.was_interrupted = True
        done = len(self.history.get("loss", []))
        if self.plan.patience is None or not self.history:
            values = self.trainer.values()
            self.kept = values if _all_finite(values) else self.kept
        warnings.warn(
            f"Training was interrupted after {done} of {self.n_epochs} epochs; the "
            "estimator is fitted with the best weights so far.",
            UserWarning,
            stacklevel=2,
        )

    def take_callbacks_weights(self) -> None:
        """Honour callbacks that set weights at the end, as EarlyStopping does."""
        if self.copies and self.plan.patience is None:
            values = self.trainer.values()
            self.kept = values if _all_finite(values) else self.kept

    def last_logs(self) -> Logs:
        """Logs of the last epoch."""
        return {name: values[-1] for name, values in self.history.items()}


def _block_steps(n_steps: int, step_size: int, n_bytes: int = BLOCK_BYTES) -> int:
    """Steps of one compiled call: a power of two, so that few shapes need a program."""
    fits = max(1, n_bytes // (4 * step_size))
    return int(2 ** min(np.ceil(np.log2(n_steps)), np.floor(np.log2(fits))))


def _all_finite(values: list[np.ndarray]) -> bool:
    return all(np.isfinite(value).all() for value in values)
