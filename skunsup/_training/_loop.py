"""The one epoch loop: every model trains here."""

import warnings
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from skunsup._networks import Architecture, recorded, take_up
from skunsup._training._backend import NetworkTrainer, Work, backend
from skunsup._training._best_weights import BestWeights, all_finite
from skunsup._training._callbacks import Callbacks
from skunsup._training._checkpoint import running_checkpoint
from skunsup._training._loop_sizes import loop_sizes
from skunsup._training._loss_logs import LossLogs
from skunsup._training._minibatches import batches
from skunsup._training._progress import Logs, Progress
from skunsup._training._rows import Rows
from skunsup._training._samplers import Sampler
from skunsup._training._sampling import BaggedSampler
from skunsup._training._state import Place, TrainingConfig, TrainingState, generator_at
from skunsup._training._validation import Validation

WARMUP = 0.02  # share of the steps in which a cosine schedule rises
AHEAD = 2  # blocks that are dealt out before the first of them is done

DIVERGED = (
    "The training loss became {loss} in epoch {epoch}. {kept} Try a smaller "
    "learning_rate (it is {rate:g}), an optimizer with clipnorm=1.0, or data on a "
    "scale near 1 (StandardScaler in a Pipeline)."
)


class TrainingLoop:
    """One call of `train`: the loop and its state."""

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
        self.best = BestWeights(state.values, plan)
        self.was_interrupted = False
        sizes = loop_sizes(
            plan,
            rows.d,
            sample.own_draws,
            trainer.network.n_members,
            watched=validation is not None,
        )
        self.sizes, self.n_steps, self.total = sizes, sizes.n_steps, sizes.total
        self.n_epochs = sizes.n_epochs
        self.taken: list[np.ndarray] = []
        self.known: list[np.ndarray] = []  # of the blocks that a checkpoint knows
        self.checkpoint = running_checkpoint()
        self.callbacks = Callbacks(
            plan.callbacks, trainer, self.n_epochs, min(self.n_steps, self.total)
        )
        self.copies = self.callbacks.copies
        self.logs = LossLogs(trainer.network, self.n_steps)
        self.progress = Progress(self.n_epochs) if plan.verbose else None

    def train(self, place: Place | None = None) -> None:
        """Run epochs until something ends them, from `place` on if there is one."""
        self.callbacks.call("on_train_begin")
        if place is not None:
            self.restore(place)
        first = 0 if place is None else place.epoch
        try:
            for epoch in range(first, self.n_epochs, self.sizes.group):
                count = min(self.sizes.group, self.n_epochs - epoch)
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
        # Callbacks may set weights at the end, as EarlyStopping does.
        if self.copies and self.plan.patience is None:
            self.best.keep_finite(self.trainer.values())

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
            *self.best.saved(),
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
        self.best.restore(place.kept, place.best, place.stale)
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
        before = self.best.values, self.trainer.optimizer_values()
        drawing = self.rng.bit_generator.state
        try:
            logs = self.minibatches(first, count)
        except KeyboardInterrupt:
            self.note(*self.logs.of_epochs(self.taken, whole=True))
            raise
        values = self.trainer.values()
        losses = [each["loss"] for each in logs]
        if not np.isfinite(losses).all() or not all_finite(values):
            self.trainer.load(*before)
            self.rng.bit_generator.state = drawing
            return all(self.epoch(first + i) for i in range(count))
        self.note(*logs)
        self.best.values, self.taken = values, []
        return True

    def epoch(self, epoch: int) -> bool:
        """Run one epoch; return whether to go on."""
        if not self.known:  # else a checkpoint was written within this epoch
            if not self.renewed(epoch):
                return False
            self.callbacks.call("on_epoch_begin", epoch)
        logs = self.minibatches(epoch)[0]
        values = self.trainer.values()
        if not np.isfinite(logs["loss"]) or not all_finite(values):
            self.diverged(epoch, logs["loss"])
            return False
        if self.validation is not None:
            logs["val_loss"] = self.validation.loss(self.architecture, values)
        self.note(logs)
        self.best.take(values, logs)
        self.callbacks.call("on_epoch_end", epoch, logs)
        if self.progress is not None:
            self.progress(epoch + 1, logs)
        self.taken = []
        return not (self.best.exhausted or self.callbacks.stopped)

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
        self.n_dealt, self.due = len(self.taken), False
        work = self.work(first, count, self.n_dealt)
        # Closed, so that no thread takes another step after Ctrl-C.
        with closing(self.trainer.runs(work, self.ahead)) as runs:
            for records in runs:
                self.taken.append(records)
                self.block_ended()
                self.save_within(first, count)
                if not np.isfinite(records[:, : self.trainer.n_terms]).all():
                    break
        return self.logs.of_epochs(self.taken)

    def ahead(self) -> int:
        """Number of blocks that may be dealt out before another one is done."""
        return 0 if self.copies or self.due else AHEAD

    def save_within(self, first: int, count: int) -> None:
        """Write a checkpoint between two blocks of one epoch, where it is time.

        Once it is, no more blocks are dealt out until all that were are done.
        """
        if self.checkpoint is None or count > 1 or self.plan.renewal is not None:
            return
        self.due = self.checkpoint.due()
        done = self.n_dealt == len(self.taken)
        if self.due and done and sum(map(len, self.taken)) < self.n_steps:
            self.save(first)

    def work(self, first: int, count: int, n_known: int) -> Iterator[Work]:
        """Yield the work of trainers: minibatches, their number, factor of the rate.

        The first `n_known` blocks were run before.
        """
        sizes, before = self.sizes, first * self.n_steps
        done = before + n_known * sizes.block_steps
        cut = sizes.batch_size, sizes.block_steps, sizes.block_size
        for epochs in gen_batches(count, sizes.together):
            drawn = self.draw(first + epochs.start, first + epochs.stop)
            for block, n_steps in batches(drawn, self.rows, *cut, n_known):
                if self.copies:
                    self.callbacks.call("on_train_batch_begin", done - before)
                self.n_dealt += 1
                yield block, n_steps, self.rate_factor(done + n_steps / 2)
                done += n_steps

    def draw(self, first: int, end: int) -> Iterator[np.ndarray]:
        """Draw the rows of epochs, one after another; the last may be cut short.

        All that is random about them is fixed at once, and pieces of them are read.
        """
        ends = np.minimum(np.arange(first + 1, end + 1) * self.n_steps, self.total)
        batch_size = self.sizes.batch_size
        sizes = np.diff(ends, prepend=first * self.n_steps) * batch_size
        epochs = [self.sample.own_pieces(n, batch_size, self.rng) for n in sizes]
        return chain.from_iterable(epochs)

    def block_ended(self) -> None:
        """Tell callbacks the mean loss since the epoch began."""
        if self.copies:
            records = np.concatenate(self.taken)
            loss = self.logs.of(records)["loss"]
            self.callbacks.call("on_train_batch_end", len(records) - 1, {"loss": loss})

    def rate_factor(self, step: float) -> float:
        """Share of the learning rate that the schedule gives around a step.

        A short linear rise, then half a cosine down to nothing (Loshchilov & Hutter
        2017, eq. 5).
        """
        if self.plan.schedule == "constant":
            return 1.0
        rise = min(1.0, step / (WARMUP * self.total))
        return rise * 0.5 * (1.0 + np.cos(np.pi * step / self.total))

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
        """Keep the weights so far on Ctrl-C."""
        self.was_interrupted = True
        done = len(self.history.get("loss", []))
        if self.plan.patience is None or not self.history:
            self.best.keep_finite(self.trainer.values())
        warnings.warn(
            f"Training was interrupted after {done} of {self.n_epochs} epochs; the "
            "estimator is fitted with the best weights so far.",
            UserWarning,
            stacklevel=2,
        )

    def last_logs(self) -> Logs:
        """Logs of the last epoch."""
        return {name: values[-1] for name, values in self.history.items()}
