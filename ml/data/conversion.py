"""DVBPR's .npy files to our own layout, once, in a process of its own."""

import csv
import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from ml.data.decoding import FORMATS, upright_rgb
from ml.data.partitioned import DAMAGE, Partitioned, category, field, picture, text
from ml.errors import BadData

ROOT = Path(__file__).resolve().parents[2]
GIBI = 2**30
CPU_SECONDS = 4 * 3600
STDERR = 2


def ensure_converted(file: Path) -> Path:
    """The folder FILE.npy.converted beside it, made now unless it is there. Raises BadData if it cannot be made.

    The file is a pickle that somebody else wrote: another process reads it, which has no environment and little memory.
    """
    folder = file.with_name(f"{file.name}.converted")
    if folder.exists():
        if file.exists() and file.stat().st_mtime > folder.stat().st_mtime:
            raise BadData(f"{folder} is older than {file.name}: remove it, and it is made anew")
        return folder
    if not file.is_file():
        raise BadData(f"{file} does not exist")
    print(f"converting {file} to {folder}, this once; of a pickle only plain data is read", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "ml", "convert", str(file.resolve()), str(folder.resolve())]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # each of more would reserve memory
    status = subprocess.run(command, cwd=ROOT, env=one_thread, stdout=STDERR, check=False).returncode
    if status:
        reason = f"it was ended by {signal.Signals(-status).name}" if status < 0 else "the reason stands above"
        raise BadData(f"{file} could not be converted: {reason}")
    return folder


def convert(file: Path, folder: Path) -> str:
    """Write interactions.csv (with the published split), items.csv and images/ITEM.jpg; says how much of each there is.

    The folder appears when it is complete. A picture that cannot be read is told on stderr and left out. Raises BadData
    for a file that cannot be read, or a folder that is there already.
    """
    if folder.exists():
        raise BadData(f"{folder} is there already: name a new folder, or remove it")
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what a killed run may have left
    try:
        (aside / "images").mkdir(parents=True)
        said = _write(Partitioned(file), aside)
        aside.rename(folder)
    except DAMAGE as error:
        raise BadData(f"{file} is none of DVBPR's data sets, or damaged: {error}") from error
    except MemoryError:
        raise BadData(f"{file} takes more memory than a file of its size should") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return f"{folder}: {said}"


def _write(partitioned: Partitioned, folder: Path) -> str:
    header = ["user", "item", "timestamp", "value", "split"]
    count = _table(folder / "interactions.csv", header, partitioned.interactions())
    items = partitioned.items.items()
    described = ([item, category(each), text(field(each, "title"))] for item, each in items)
    _table(folder / "items.csv", ["item", "category", "title"], described)
    pictured = sum(_written(each, folder / "images" / f"{item}.jpg") for item, each in tqdm(items, unit=" pictures"))
    return f"{count:,} interactions, {pictured:,} of {len(items):,} items with a picture"


def limit(size: int) -> None:
    """Let this process have no more memory, computing time and disk than it takes to convert a file of so many bytes.

    For good; where the system knows no limits, there are none.
    """
    try:
        import resource
    except ImportError:  # no POSIX
        return
    for what, most in (
        (resource.RLIMIT_AS, 8 * size + 2 * GIBI),  # Python's objects take several times the bytes they are read from
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, size + GIBI),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _table(file: Path, header: list[str], rows: Iterable[Iterable[object]]) -> int:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _written(item: dict, file: Path) -> bool:
    """Whether the item has a picture, now in the file: as it is if that is an RGB JPEG, else made one."""
    data = picture(item)
    if data is None:
        return False
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if (image.format, image.mode) == ("JPEG", "RGB"):
                file.write_bytes(data)
            else:
                upright_rgb(image).save(file, "JPEG", quality=95)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture in a known format" if isinstance(error, UnidentifiedImageError) else error
        with tqdm.external_write_mode():
            print(f"passed over: item {file.stem}: {reason}", file=sys.stderr)
        file.unlink(missing_ok=True)
        return False
    return True
