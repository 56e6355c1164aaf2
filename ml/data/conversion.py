"""Conversion of DVBPR's .npy files to our own layout, in a separate process."""

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

from ml.data.decoding import FORMATS, to_upright_rgb
from ml.data.partitioned import DAMAGE, Entry, Partitioned, decode_text, get_category, get_field, get_image
from ml.errors import BadData

ROOT = Path(__file__).resolve().parents[2]
GIBI = 2**30
CPU_SECONDS = 4 * 3600
STDERR = 2


def ensure_converted(file: Path) -> Path:
    """Return the folder FILE.npy.converted beside the file, and convert the file first if there is none.

    The file is a pickle from an untrusted source: another process reads it, without an environment and with little
    memory. Raises BadData if it cannot be converted.
    """
    folder = file.with_name(f"{file.name}.converted")
    if folder.exists():
        if file.exists() and file.stat().st_mtime > folder.stat().st_mtime:
            raise BadData(f"{folder} is older than {file.name}: remove it, and it is converted again")
        return folder
    if not file.is_file():
        raise BadData(f"{file} does not exist")
    print(f"converting {file} to {folder}, this once; of a pickle only plain data is read", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "ml", "convert", str(file.resolve()), str(folder.resolve())]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # each of more would reserve memory
    status = subprocess.run(command, cwd=ROOT, env=one_thread, stdout=STDERR, check=False).returncode
    if status:
        reason = f"it was ended by {signal.Signals(-status).name}" if status < 0 else "the reason is above"
        raise BadData(f"{file} could not be converted: {reason}")
    return folder


def convert(file: Path, folder: Path) -> str:
    """Write interactions.csv (with the published split), items.csv and images/ITEM.jpg; return a line of counts.

    The folder appears when it is complete. An image that cannot be read is reported on stderr and left out. Raises
    BadData for a file that cannot be read, or a folder that is there already.
    """
    if folder.exists():
        raise BadData(f"{folder} is there already: name a new folder, or remove it")
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what a killed run may have left
    try:
        (aside / "images").mkdir(parents=True)
        counts = _write(Partitioned(file), aside)
        aside.rename(folder)
    except DAMAGE as error:
        raise BadData(f"{file} is none of DVBPR's data sets, or damaged: {error}") from error
    except MemoryError:
        raise BadData(f"{file} takes more memory than a file of its size should") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return f"{folder}: {counts}"


def _write(partitioned: Partitioned, folder: Path) -> str:
    header = ["user", "item", "timestamp", "value", "split"]
    count = _write_table(folder / "interactions.csv", header, partitioned.interactions())
    items = partitioned.items.items()
    described = ([item, get_category(each), decode_text(get_field(each, "title"))] for item, each in items)
    _write_table(folder / "items.csv", ["item", "category", "title"], described)
    pictured = sum(
        _write_image(each, folder / "images" / f"{item}.jpg") for item, each in tqdm(items, unit=" pictures")
    )
    return f"{count:,} interactions, {pictured:,} of {len(items):,} items with a picture"


def limit_resources(size: int) -> None:
    """Limit memory, CPU time and file sizes of this process for good to what converting a file of `size` bytes takes.

    Does nothing where the system has no such limits.
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


def _write_table(file: Path, header: list[str], rows: Iterable[Iterable[object]]) -> int:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _write_image(item: Entry, file: Path) -> bool:
    """Write the item's image, as it is if it is an RGB JPEG, else as one; return whether there is a readable one."""
    data = get_image(item)
    if data is None:
        return False
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if (image.format, image.mode) == ("JPEG", "RGB"):
                file.write_bytes(data)
            else:
                to_upright_rgb(image).save(file, "JPEG", quality=95)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture in a known format" if isinstance(error, UnidentifiedImageError) else error
        with tqdm.external_write_mode():
            print(f"passed over: item {file.stem}: {reason}", file=sys.stderr)
        file.unlink(missing_ok=True)
        return False
    return True
