"""A training that several processes of this host share, one a card, started and watched by another.

`python -m ml.training.cards FOLDER` is one of them. `torchrun` would do for the start, but its processes outlive it
when it is killed; these end with whoever started them.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ml import errors
from ml.contract import Model
from ml.data.handover import load_data, save_data
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.errors import MlError, ProcessLost
from ml.models.factory import create
from ml.runtime import best_device
from ml.training import checkpoints
from ml.training.loop import Epoch, TrainConfig, fit

TASK, EPOCHS, FAILURE = "task.json", "epochs.jsonl", "failure-{}.json"
WATCHED_EVERY = 0.5  # seconds
FAILED = 2  # the exit status of a process that says why
LIMIT = 30.0  # seconds for the others to end once one has


def count_cards(model: Model) -> int:
    """Return how many processes should train this model here: one a card, or one where it cannot be shared."""
    return max(1, torch.cuda.device_count()) if model.is_shareable else 1


def fit_on_cards(
    model: Model[Any, Any],
    data: ImageArray | PersonalData,
    config: TrainConfig,
    *,
    folder: Path,
    processes: int,
    progress: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Generator[Epoch, None, None]:
    """Train the model as `fit` does, in so many processes.

    check: called now and then; what it raises ends all processes, as a death of one does.
    Raises ProcessLost if one ends by itself, and any other error of theirs as MlError's subclass of that name.
    """
    save_data(data, folder)
    task = {"method": model.method, "settings": model.config.model_dump(), "progress": progress, **asdict(config)}
    checkpoints.write_json(task, folder / TASK)
    for name in (EPOCHS, *(FAILURE.format(rank) for rank in range(processes))):
        (folder / name).unlink(missing_ok=True)
    reports = _Reports(folder / EPOCHS)
    with _started(folder, processes) as started:
        while any(process.poll() is None for process in started):
            check()
            _raise_failure(started, folder)
            time.sleep(WATCHED_EVERY)
            yield from reports.read()
        _raise_failure(started, folder)
    yield from reports.read()
    trained = checkpoints.load(folder)
    model.cpu().allocate(**trained.state_shapes)
    model.load_state_dict(trained.state_dict())
    model.to(best_device()).eval()


def train_in(folder: Path, model: Model[Any, Any], data: Any, config: TrainConfig, progress: bool) -> list[Epoch]:
    """Train the model, alone or as one of the processes that `torchrun` has started, and save it in the folder.

    Process 0 writes a line for each epoch to epochs.jsonl. Called again it resumes after the last epoch. Any: what
    `fit` takes.
    """
    is_first = os.environ.get("RANK", "0") == "0"
    epochs = []
    for epoch in fit(model, data, config, folder=folder, progress=progress):
        epochs.append(epoch)
        if is_first:
            with (folder / EPOCHS).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(epoch)) + "\n")
    if is_first:
        checkpoints.save(model.cpu(), folder)
    return epochs


@contextmanager
def _started(folder: Path, count: int) -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Start the processes; end those that are left when the context ends."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", __name__, str(folder.resolve())]
    group_of = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    with ExitStack() as stack:
        processes = []
        for rank in map(str, range(count)):
            environment = os.environ | group_of | {"RANK": rank, "LOCAL_RANK": rank}
            process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE)
            stack.enter_context(process)  # closes its input, and waits
            stack.callback(process.kill)
            processes.append(process)
        yield processes


def _raise_failure(processes: "list[subprocess.Popen[bytes]]", folder: Path) -> None:
    """Raise the error of the process that failed first, if any has; the others may have ended of that."""
    if not any(process.poll() for process in processes):
        return
    began = time.monotonic()
    while any(process.poll() is None for process in processes) and time.monotonic() - began < LIMIT:
        time.sleep(WATCHED_EVERY)
    files = [folder / FAILURE.format(rank) for rank in range(len(processes))]
    failures = [checkpoints.read_json(file) for file in files if file.exists()]
    for failure in failures:
        if failure["error"] != ProcessLost.__name__:
            raise getattr(errors, failure["error"])(failure["message"])
    for rank, process in enumerate(processes):
        if process.poll() not in (None, 0, FAILED):
            ended = f"process {rank} of {len(processes)} ended with {process.returncode}, so all have"
            raise ProcessLost(f"{ended}; the training can continue after the last epoch that was saved")
    raise ProcessLost(failures[0]["message"])


class _Reports:
    """Reads the lines that were added to a file."""

    def __init__(self, file: Path) -> None:
        self.file, self.done = file, 0

    def read(self) -> Iterator[Epoch]:
        lines = self.file.read_text(encoding="utf-8").splitlines(keepends=True) if self.file.exists() else []
        for line in lines[self.done :]:
            if line.endswith("\n"):
                self.done += 1
                yield Epoch(**json.loads(line))


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # which ends when the parent has; a buffered reader would hold up the exit
    os._exit(1)


def main(folder: Path) -> int:
    """Train as the task in the folder says; return the exit status: 0, or 2 after an error that is written there."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    task = checkpoints.read_json(folder / TASK)
    config = TrainConfig(epochs=task["epochs"], seed=task["seed"], seconds=task["seconds"])
    try:
        train_in(folder, create(task["method"], **task["settings"]), load_data(folder), config, task["progress"])
    except MlError as error:
        failure = {"error": type(error).__name__, "message": str(error)}
        checkpoints.write_json(failure, folder / FAILURE.format(os.environ["RANK"]))
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
