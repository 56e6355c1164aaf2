"""Checks of a zip before it is read, of what would take too much memory or time."""

import zipfile
from typing import IO

# Others, such as bzip2, unpack some bytes to gigabytes at once, whatever is asked of them.
PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENTRY = b"PK\x01\x02"  # begins each entry of the directory
NUMBER, SIZE, LOCATION = 4, 5, 9  # of zipfile's list: of entries, of the directory, of its end
BEHIND = 100  # bytes that may stand between both, in a zip of over 4 GB
BLOCK = 1_000_000


def check_directory(file: IO[bytes], most: int) -> None:
    """Raise BadZipFile for a zip that has or claims more files than `most`: zipfile reads the names of all at once."""
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # what zipfile reads, and no other reading of it
    if end is None:
        return  # zipfile says why
    if end[SIZE] > end[LOCATION]:
        raise zipfile.BadZipFile(f"its directory is said to have {end[SIZE]:,} bytes, more than the file")
    number = end[NUMBER]
    file.seek(max(0, end[LOCATION] - end[SIZE] - BEHIND))
    listed = 0
    while listed <= most and (block := file.read(BLOCK)):
        listed += block.count(ENTRY)
    if max(number, listed) > most:
        raise zipfile.BadZipFile(f"it has over {most:,} files, or claims to; unpack it, then import the folder")


def check_packing(member: zipfile.ZipInfo) -> None:
    """Raise BadZipFile for a member that cannot be unpacked piece by piece."""
    if member.compress_type not in PACKED:
        way = zipfile.compressor_names.get(member.compress_type, str(member.compress_type))  # type: ignore[attr-defined]
        raise zipfile.BadZipFile(f"it is packed by {way}; deflate, as most programs do it, is taken")
