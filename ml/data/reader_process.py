"""Images decoded in a process of its own: one that kills its reader, or holds it up, is told apart and costs no other.

The process needs no torch, and so a fifth of a second to start, where a worker that loads its models takes many.
"""

import json
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ml.data.decoding import CutOut, Part, Stretched, read_image
from ml.errors import UnreadableImage

ROOT = Path(__file__).resolve().parents[2]
# Kinds of sizes, by the names of their classes.
SIZES: dict[str, Callable[[tuple[int, int]], tuple[int, int]]] = {
    "tuple": lambda size: size,
    "Stretched": Stretched,
    "CutOut": CutOut,
}
SECONDS = 20  # for one image; 50 megapixels take one or two


def read_apart(files: Sequence[Path | Part], size: tuple[int, int]) -> Iterator[np.ndarray | UnreadableImage]:
    """Yield the pixels of each file, (H, W, 3) uint8 as read_image does, or why it cannot be read.

    The death of the process is the reason of the one file that it was reading; another process reads the rest.
    """
    command = [sys.executable, "-m", __name__, type(size).__name__, *map(str, size)]
    waiting = deque(files)
    while waiting:
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            while waiting and process.poll() is None:
                file = waiting.popleft()
                decoded = request(process, file, size)
                if decoded is None:
                    process.kill()
                    reason = f"the process that read it ended with {process.wait()}"
                    decoded = UnreadableImage(f"{(file.file if isinstance(file, Part) else file).name}: {reason}")
                yield decoded


def request(
    process: "subprocess.Popen[bytes]", file: Path | Part, size: tuple[int, int]
) -> np.ndarray | UnreadableImage | None:
    """Return what the process reads in a file; None if it died of that."""
    path, box = (file.file, file.box) if isinstance(file, Part) else (file, None)
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps([str(path.resolve()), box]).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return None
    problem = process.stdout.readline()
    if not problem.endswith(b"\n"):
        return None
    if problem != b"\n":
        return UnreadableImage(problem.decode().rstrip())
    height, width = size
    pixels = process.stdout.read(height * width * 3)
    complete = len(pixels) == height * width * 3
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width, 3) if complete else None


def main() -> None:
    """Write for each line of the input, a file and the part of it, its problem, or an empty line and the pixels."""
    kind, height, width = sys.argv[1:]
    size = SIZES[kind]((int(height), int(width)))
    for line in sys.stdin:
        signal.alarm(SECONDS)  # whose signal ends this process, also when nobody waits for it any more
        try:
            path, box = json.loads(line)
            file = Part(Path(path), tuple(box)) if box else Path(path)
            result = b"\n" + read_image(file, size, most_pixels=None).tobytes()
        except UnreadableImage as error:
            result = " ".join(str(error).split()).encode() + b"\n"
        signal.alarm(0)
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
