"""Each backend has what the engine asks of one."""

import inspect

import keras

from skunsup._training import _parallel, _trainer
from skunsup._training._backend import Backend, NetworkTrainer, backend


def offered(protocol):
    return {name for name in vars(protocol) if not name.startswith("_")}


def test_the_running_backend_offers_all_that_the_protocol_names():
    module = backend()
    assert module.__name__.endswith(keras.backend.backend())
    assert issubclass(module.Trainer, _trainer.Trainer)
    for name in offered(Backend) - {"Trainer"}:
        asked = inspect.signature(getattr(Backend, name))
        assert list(inspect.signature(getattr(module, name)).parameters) == list(
            asked.parameters
        )


def test_trainers_of_one_and_of_several_networks_have_one_interface():
    for kind in (_trainer.Trainer, _parallel.ParallelTrainer):
        for name in offered(NetworkTrainer):
            assert callable(getattr(kind, name))
