"""The embedded servers, in every way that a launcher can end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from tests.services import services
from visrec_site import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
LAUNCHER = """
import sys, time
from pathlib import Path
from visrec_site.embedded import Services
with Services(Path(sys.argv[1]), durable=False):
    print("up", flush=True)
    while True:
        time.sleep(0.1)
"""


@pytest.fixture
def data(tmp_path):
    return tmp_path / "a folder" / "var"


def launch(data: Path) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(data)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    return process


def query(data: Path, sql: str) -> list:
    connection = psycopg2.connect(host=str(embedded.socket_folder(data)), user="visrec", dbname="visrec")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def servers_of(data: Path) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str((folder / "cwd").readlink()).startswith(str(data)):
                found.append(folder.name)
        except OSError:
            continue
    return found


def gone(data: Path) -> bool:
    deadline = time.monotonic() + 60
    while servers_of(data) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not servers_of(data)


def test_what_is_written_survives_every_end(data):
    first = launch(data)
    query(data, "CREATE EXTENSION vector; CREATE TABLE kept (v vector(2)); INSERT INTO kept VALUES ('[1,2]')")
    first.kill()
    first.wait()

    second = launch(data)  # at once, while the first one's servers may still be going down
    assert query(data, "SELECT v::text FROM kept") == [("[1,2]",)]
    os.kill(int((data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    second.kill()
    second.wait()

    third = launch(data)
    assert query(data, "SELECT count(*) FROM kept") == [(1,)]
    third.terminate()
    third.wait()
    assert gone(data)


def test_a_killed_launcher_leaves_no_server(data):
    launcher = launch(data)
    assert servers_of(data)

    launcher.kill()
    launcher.wait()

    assert gone(data)


def test_a_second_launcher_is_refused_by_name(data):
    refused = pytest.raises(embedded.ServiceError, match=f"in use by process {os.getpid()}")
    with embedded.Services(data, durable=False), refused:
        embedded.Services(data, durable=False).start()


def test_a_pid_file_of_another_program_is_no_obstacle(data):
    with embedded.Services(data, durable=False):
        pass
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")

    with embedded.Services(data, durable=False):
        assert query(data, "SELECT 1") == [(1,)]


def test_another_version_s_data_is_refused_with_what_to_do(data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    refused = pytest.raises(embedded.ServiceError, match="made by PostgreSQL 17, this is 18: dump it")
    with refused, embedded.Services(data, durable=False):
        pass


def test_dead_servers_are_started_again(data):
    with embedded.Services(data, durable=False) as services:
        for process in services.processes.values():
            process.kill()
            process.wait()

        assert set(services.restart_ended()) == {"PostgreSQL", "Valkey", "Valkey cache"}
        assert services.restart_ended() == []
        assert query(data, "SELECT 1") == [(1,)]


def test_the_broker_refuses_what_it_would_lose_and_the_cache_evicts_what_is_oldest():
    broker, cache = (Redis(unix_socket_path=str(services.run / f"{name}.sock")) for name in ("redis", "cache"))
    limits = [server.config_get("maxmemory")["maxmemory"] for server in (broker, cache)]
    assert [int(limit) // 2**20 for limit in limits] == [512, 256]
    try:
        for server in (broker, cache):
            server.config_set("maxmemory", server.info("memory")["used_memory"] + 2_000_000)

        with pytest.raises(OutOfMemoryError):
            for _ in range(40):
                broker.lpush("ballast", bytes(100_000))
        cache.config_set("maxmemory-samples", 64)  # more than there are keys: else the oldest of five is evicted
        cache.set("ballast-0", bytes(100_000), ex=60)
        time.sleep(2)  # ages are counted in whole seconds
        for number in range(1, 40):
            cache.set(f"ballast-{number}", bytes(100_000), ex=60)

        assert broker.llen("ballast") > 0
        assert cache.get("ballast-39") and not cache.get("ballast-0")
        assert cache.config_get("maxmemory-policy")["maxmemory-policy"] == "allkeys-lru"
    finally:
        cache.config_set("maxmemory-samples", 5)
        for server, limit in zip((broker, cache), limits, strict=True):
            server.delete("ballast", *(f"ballast-{number}" for number in range(40)))
            server.config_set("maxmemory", limit)
            server.close()
    assert [file.name for file in (services.data / "cache").iterdir()] == ["valkey.pid"]


def test_sockets_of_a_deep_folder_are_in_a_short_one(tmp_path):
    deep = tmp_path / ("x" * 120)

    assert embedded.socket_folder(tmp_path) == tmp_path.resolve() / "run"
    assert len(str(embedded.socket_folder(deep))) < embedded.SOCKET_PATH_LIMIT
    assert embedded.socket_folder(deep) != embedded.socket_folder(tmp_path / ("y" * 120))


def test_make_services_keeps_its_files_where_the_settings_look_for_them(data):
    process = subprocess.Popen(
        [sys.executable, "-m", "visrec_site.embedded"],
        cwd=ROOT,
        env=os.environ | {"VISREC_VAR": str(data)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert str(embedded.socket_folder(data)) in process.stdout.readline()
        assert query(data, "SELECT 1") == [(1,)]
        process.terminate()
    assert gone(data)


def test_the_data_folder_is_var_unless_the_variable_names_another(monkeypatch, tmp_path):
    monkeypatch.setenv("VISREC_VAR", str(tmp_path / "other"))
    assert embedded.data_folder() == (tmp_path / "other").resolve()

    monkeypatch.delenv("VISREC_VAR")
    assert embedded.data_folder() == ROOT / "var"


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path):
    key = embedded.secret_key(tmp_path / "new" / "key")

    assert len(key) >= 50
    assert embedded.secret_key(tmp_path / "new" / "key") == key
    assert (tmp_path / "new" / "key").stat().st_mode & 0o777 == 0o600
