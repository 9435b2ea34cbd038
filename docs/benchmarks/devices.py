"""Steps on several devices of JAX and in two processes, on processors alone.

One fit of ``Autoencoder(16, hidden_layer_sizes=(256,))`` of rows of 64 columns on one
device, on two and four virtual ones, and in two processes that each hold half of the
rows. Virtual devices share the cores, so this shows what cutting a minibatch costs, not
what devices bring. Printed are microseconds a step, of the wall and of all processors,
the least of several epochs::

    KERAS_BACKEND=jax python docs/benchmarks/devices.py
    KERAS_BACKEND=torch python docs/benchmarks/devices.py  # without virtual devices
"""

import json
import os
import socket
import subprocess
import sys
import time

import _common
import numpy as np

SETTINGS = {
    "one device": (1, 1),
    "two devices": (2, 1),
    "four devices": (4, 1),
    "two processes": (1, 2),
}
N, D, EPOCHS = 16_384, 64, 8
BACKEND = os.environ.get("KERAS_BACKEND", "jax")


def main():
    """Print the table."""
    options = _common.parser(__doc__)
    options.add_argument("--batch-sizes", nargs="+", type=int, default=[256, 4096])
    options.add_argument("--subject", nargs=5, type=int, help="for the script alone")
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measured(*options.subject)))
        return
    rows = []
    for size in options.batch_sizes:
        for name, (n_devices, n_processes) in SETTINGS.items():
            if n_devices > 1 and BACKEND != "jax":
                continue
            found = in_processes(n_devices, n_processes, size)
            wall = max(one["wall"] for one in found)
            processor = sum(one["processor"] for one in found)
            rows.append([size, name, wall, processor, found[0]["loss"]])
            print(*rows[-1], flush=True)
    head = ["rows a step", "where", "wall, us", "processors, us", "loss"]
    print(_common.table(head, rows))
    _common.store(options.output, rows=rows)


def in_processes(n_devices, n_processes, size):
    """Measurements of each process."""
    flag = f"--xla_force_host_platform_device_count={n_devices}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runs = []
    for rank in range(n_processes):
        numbers = map(str, (rank, n_processes, n_devices, port, size))
        command = [sys.executable, __file__, "--subject", *numbers]
        environment = {**os.environ, "KERAS_BACKEND": BACKEND, "XLA_FLAGS": flag}
        runs.append(
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, text=True
            )
        )
    return [json.loads(run.communicate()[0].splitlines()[-1]) for run in runs]


def measured(rank, n_processes, n_devices, port, size):
    """Fit in this process; return the time of a step and the last loss."""
    if n_processes > 1:
        join(rank, n_processes, port)
    import keras

    import skunsup

    rng = np.random.default_rng(0)
    codes = rng.normal(size=(N, 16))
    X = np.tanh(codes @ rng.normal(size=(16, D))).astype(np.float32)
    if n_devices * n_processes > 1 and BACKEND == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    watch = ends_of_epochs()
    model = skunsup.Autoencoder(
        16,
        hidden_layer_sizes=(256,),
        batch_size=size,
        epochs=EPOCHS,
        callbacks=watch,
        random_state=0,
    ).fit(np.array_split(X, n_processes)[rank])
    # The first epoch compiles.
    wall, processor = np.diff(watch.times, axis=0)[1:].min(axis=0) / (N // size)
    loss = model.history_["loss"][-1]
    return {"wall": 1e6 * wall, "processor": 1e6 * processor, "loss": loss}


def join(rank, n_processes, port):
    """Join the processes, before Keras is imported."""
    if BACKEND == "torch":
        import torch

        place = f"tcp://127.0.0.1:{port}"
        torch.distributed.init_process_group(
            "gloo", place, rank=rank, world_size=n_processes
        )
        return
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"127.0.0.1:{port}", n_processes, rank)


def clock():
    """Return the time of the wall and of processors."""
    return time.perf_counter(), time.process_time()


def ends_of_epochs():
    """Return a callback that notes the time at the end of epochs."""
    import keras

    class Times(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.times = []

        def on_epoch_end(self, epoch, logs=None):
            self.times.append(clock())

        def __deepcopy__(self, memo):
            return self

    return Times()


if __name__ == "__main__":
    main()
