"""Requests a second and their latencies: `python load_test.py FOLDER`.

Serves `detector.onnx` and then `detector.skops` of the folder on 127.0.0.1, each by
one process, and sends single rows over connections that stay open. The second needs
skunsup.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
JSON = {"Content-Type": "application/json"}


def main():
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--requests", type=int, default=4000)
    options.add_argument("--connections", type=int, default=4)
    options = options.parse_args()
    body = json.dumps(
        {"rows": json.loads((options.folder / "detector.json").read_text())["rows"][:1]}
    )
    print("| file | requests/s | p50, ms | p99, ms | MB | start, s |")
    print("|---|---|---|---|---|---|")
    for name in ("detector.onnx", "detector.skops"):
        numbers = measured(options.folder / name, body, options)
        shown = " | ".join(f"{number:.4g}" for number in numbers)
        print(f"| {name} | {shown} |", flush=True)


def measured(path, body, options):
    """Return requests a second, two quantiles, memory, and time to the first answer."""
    begun = time.perf_counter()
    with served(path) as port:
        start = time.perf_counter() - begun
        send(port, body, 50)
        begun, took = time.perf_counter(), []
        each = options.requests // options.connections
        threads = [
            threading.Thread(target=lambda: took.extend(send(port, body, each)))
            for _ in range(options.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = len(took) / (time.perf_counter() - begun)
        memory = resident(port)
    took.sort()
    quantiles = (1e3 * took[int(q * (len(took) - 1))] for q in (0.5, 0.99))
    return rate, *quantiles, memory, start


SERVERS = {}


@contextmanager
def served(path):
    """Serve a file in a process of its own, in a block; gives the port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log"]
    env = {**os.environ, "MODEL": str(path.resolve()), "TF_CPP_MIN_LOG_LEVEL": "3"}
    server = SERVERS[port] = subprocess.Popen(command, cwd=HERE, env=env)
    try:
        wait(server, port)
        yield port
    finally:
        server.terminate()
        server.wait()


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait(server, port):
    """Wait until the service answers."""
    for _ in range(1200):
        if server.poll() is not None:
            raise RuntimeError("The service ended before it answered.")
        try:
            with connected(port) as connection:
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The service did not answer within two minutes.")


def connected(port):
    """Return a connection to the service, which a block closes."""
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60))


def send(port, body, n):
    """Send `n` requests over one connection; return how long each took, in seconds."""
    took = []
    with connected(port) as connection:
        for _ in range(n):
            begun = time.perf_counter()
            connection.request("POST", "/predict", body, JSON)
            answer = connection.getresponse()
            content = answer.read()
            took.append(time.perf_counter() - begun)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {content!r}")
    return took


def resident(port):
    """Return the memory of a service in MB, on Linux."""
    status = Path(f"/proc/{SERVERS[port].pid}/status")
    if not status.exists():
        return float("nan")
    (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
