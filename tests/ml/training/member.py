"""A process of a group of two that trains together: `python -m tests.ml.training.member FOLDER RANK PORT,PORT,…`.

Ranks 0 and 1 train each method of METHODS, then INTERRUPTED again, in which rank 1 kills itself. The process of rank 0
continues that training with a third process, "1 again". It writes what came of it to FOLDER/results.json.
"""

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import torch

from ml.errors import ProcessLost
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, small

METHODS = ("visrec", "dvbpr", "hybrid", "vbpr", "vae")
INTERRUPTED, CONFIG = "dvbpr", TrainConfig(epochs=3)
SETTINGS = {"visrec": {"batch_size": 20}, "dvbpr": {"batch_size": 5}}  # of 20 images each: one batch, and four


def train(method, rank, port, folder=None, check=None):
    """Return the losses of each epoch, and the model."""
    os.environ |= {"MASTER_PORT": port, "RANK": rank, "LOCAL_RANK": rank}
    epochs = fit(model := create(method), data_of(method), CONFIG, folder=folder, check=check)
    return [epoch.losses for epoch in epochs], model


def data_of(method):
    return data_for(method, 20 if method in ("visrec", "vae") else 40)


def create(method):
    """Return a model that computes in float32, so that losses can be compared."""
    model = small(method, **SETTINGS.get(method, {}))
    model.use_bf16 = False
    return model


def die_later(countdown):
    countdown.pop()
    if not countdown:
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder, rank, ports):
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2"}
    states, results = folder / "states", {}
    last = ports.pop()
    if rank == "1 again":
        train(INTERRUPTED, "1", last, folder=states)
        return
    trained = {}
    for method in METHODS:
        results[method], trained[method] = train(method, rank, ports.pop())
    if rank == "1":
        train(INTERRUPTED, rank, ports.pop(), folder=states, check=partial(die_later, [None] * 6))
    try:
        train(INTERRUPTED, rank, ports.pop(), folder=states)
    except ProcessLost as error:
        results["lost"] = {"message": str(error), "epochs": [path.name for path in states.iterdir()]}
    losses, resumed = train(INTERRUPTED, "0", last, folder=states)
    whole, again = trained[INTERRUPTED].state_dict(), resumed.state_dict()
    results["resumed"] = {
        "losses": losses,
        "equal": all(torch.equal(whole[name], again[name]) for name in whole),
    }
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(","))
