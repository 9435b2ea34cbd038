"""Members of an ensemble in equal shards, each with a trainer, at the same time.

A program for the members of a small ensemble keeps one core busy, whatever XLA does to
spread it: each of its products is too small to be cut. So several programs are run.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import keras
import numpy as np

from skunsup._networks import NOISE_STATE
from skunsup._sklearn import n_threads
from skunsup._training._backend import Values, Work
from skunsup._training._rows import aligned
from skunsup._training._trainer import Trainer


class ParallelTrainer:
    """Trains a network with members as a `Trainer` does, with the same numbers.

    Parameters
    ----------
    whole : Trainer
        Of the network of all members; takes no step, and shows callbacks its variables.
    shards : sequence of Trainer
        Of equal networks, which hold equal numbers of the members, in order.

    Raises
    ------
    ValueError
        If something is trained that members have in common.
    """

    def __init__(self, whole: Trainer, shards: Sequence[Trainer]) -> None:
        self.whole, self.shards = whole, shards
        for trainer in shards[1:]:
            trainer.programs = shards[0].programs
        self.network, self.optimizers = whole.network, whole.optimizers
        self.optimizer_variables = whole.optimizer_variables
        self.n_terms = whole.n_terms
        self._cut = _cut(whole.variables, shards[0].variables)
        self._optimizer_cut = _cut(
            whole.optimizer_variables, shards[0].optimizer_variables
        )
        pairs = zip(whole.variables, self._cut, strict=True)
        if not all(cut for variable, cut in pairs if variable.trainable):
            raise ValueError("Members have weights in common; train them as one.")

    def run(
        self, block: np.ndarray, n_steps: int, rate_factor: float = 1.0
    ) -> np.ndarray:
        """Take steps as `Trainer.run` does, in turns; terms are summed over shards."""
        pairs = zip(self.shards, self._dealt(block, n_steps), strict=True)
        return self._total([t.run(own, n_steps, rate_factor) for t, own in pairs])

    def runs(
        self, work: Iterable[Work], ahead: Callable[[], int]
    ) -> Generator[np.ndarray]:
        """Take steps as `Trainer.runs` does, each shard in a thread of its own."""
        with ExitStack() as stack:
            threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in self.shards]
            waiting: deque[list[Future]] = deque()
            for each in work:
                # What is compiled is compiled once, and in the caller's thread.
                side_by_side = n_threads() > 1 and self._is_compiled(each[0].shape)
                if side_by_side:
                    waiting.append(self._started(threads, *each))
                while len(waiting) > (ahead() if side_by_side else 0):
                    yield self._total([f.result() for f in waiting.popleft()])
                if not side_by_side:
                    yield self.run(*each)
            for futures in waiting:
                yield self._total([f.result() for f in futures])

    def load(self, values: Values, optimizer_values: Values) -> None:
        """Set the network's and the optimizer's variables."""
        self.whole.load(values, optimizer_values)
        self._load_shards(values, optimizer_values)

    def fresh(self, values: Values) -> Values:
        """Optimizers' variables before training from `values`."""
        return self.whole.fresh(values)

    def values(self) -> Values:
        """Copies of the network's variables."""
        return _joined([trainer.values() for trainer in self.shards], self._cut)

    def optimizer_values(self) -> Values:
        """Copies of the optimizer's variables."""
        parts = [trainer.optimizer_values() for trainer in self.shards]
        return _joined(parts, self._optimizer_cut)

    def push(self) -> None:
        """Bring the Keras variables up to the state, before others read them."""
        self.whole.load(self.values(), self.optimizer_values())
        self.whole.push()

    def pull(self) -> None:
        """Take the state from the Keras variables, after others may have set them."""
        self.whole.pull()
        self._load_shards(self.whole.values(), self.whole.optimizer_values())

    def rates_together(self) -> AbstractContextManager[None]:
        """Let a callback that changes the first learning rate change all, in scale."""
        return self.whole.rates_together()

    def _load_shards(self, values: Values, optimizer_values: Values) -> None:
        k = len(self.shards)
        own = _parts(values, self._cut, k)
        own_optimizer = _parts(optimizer_values, self._optimizer_cut, k)
        for i, trainer in enumerate(self.shards):
            for place, variable in enumerate(trainer.variables):
                if variable.name == NOISE_STATE:
                    own[i][place] = np.append(own[i][place][:2], np.int32(i))
            trainer.load(own[i], own_optimizer[i])

    def _is_compiled(self, shape: tuple[int, ...]) -> bool:
        k, batch, d = shape
        return (k, batch // len(self.shards), d) in self.shards[0].programs

    def _started(
        self,
        threads: Sequence[ThreadPoolExecutor],
        block: np.ndarray,
        n_steps: int,
        rate_factor: float,
    ) -> list[Future]:
        """Queue the steps of each shard in its thread."""
        return [
            thread.submit(trainer.run, own, n_steps, rate_factor)
            for thread, trainer, own in zip(
                threads, self.shards, self._dealt(block, n_steps), strict=True
            )
        ]

    def _total(self, records: Values) -> np.ndarray:
        """Return the entries of all members: sums of terms, means of metrics."""
        total: np.ndarray = np.sum(records, axis=0)
        total[:, self.n_terms :] /= len(records)
        return total

    def _dealt(self, block: np.ndarray, n_steps: int) -> Values:
        """Return for each shard the rows of its members, of the first steps."""
        k, batch, d = block.shape
        shards = len(self.shards)
        each = self.network.n_members // shards
        cut = block.reshape(k, -1, shards, each * d)
        dealt = []
        for i in range(shards):
            own = aligned(k * batch // shards, d)
            own.reshape(k, -1, each * d)[:n_steps] = cut[:n_steps, :, i]
            dealt.append(own.reshape(k, -1, d))
        return dealt


def _cut(whole: list[keras.Variable], shard: list[keras.Variable]) -> list[bool]:
    """True for the variables that hold members along their first axis."""
    return [tuple(a.shape) != tuple(b.shape) for a, b in zip(whole, shard, strict=True)]


def _parts(values: Values, cut: list[bool], n_shards: int) -> list[Values]:
    """Return the values of each shard from those of all members."""
    each = [
        np.split(value, n_shards) if is_cut else [value] * n_shards
        for value, is_cut in zip(values, cut, strict=True)
    ]
    return [list(part) for part in zip(*each, strict=True)]


def _joined(parts: list[Values], cut: list[bool]) -> Values:
    """Return the values of all members; common ones are those of the first shard."""
    return [
        np.concatenate(of_shards) if is_cut else of_shards[0]
        for is_cut, *of_shards in zip(cut, *parts, strict=True)
    ]
