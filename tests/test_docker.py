"""The images and services, as far as they can be read without an engine."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


GIVEN = {"VISREC_SECRET_KEY": "".join(map(str, range(50))), "POSTGRES_PASSWORD": "one", "BROKER_PASSWORD": "two"}
VARIABLE = re.compile(r"\$\{(\w+):([-?])([^${}]*)\}")


@pytest.fixture
def services() -> dict:
    return substitute(yaml.safe_load((ROOT / "docker" / "compose.yml").read_text()))["services"]


def substitute(value: Any) -> Any:
    """Replace ${NAME:-default} and ${NAME:?reason} in all texts, innermost first, by what is GIVEN and the defaults."""
    if isinstance(value, dict):
        return {name: substitute(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [substitute(entry) for entry in value]
    while isinstance(value, str) and (found := VARIABLE.search(value)):
        name, operator, text = found.groups()
        assert name in GIVEN or operator == "-", f"{name}: {text}"
        value = value.replace(found[0], GIVEN.get(name, text))
    return value


LOCKED = ("web", "worker", "encoders")


def stage(name: str) -> str:
    return re.search(rf"^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)[1]


def test_the_linter_finds_nothing():
    linted = subprocess.run([Path(sys.executable).parent / "hadolint", ROOT / "docker" / "Dockerfile"], text=True)
    assert linted.returncode == 0


def test_everything_that_is_copied_exists():
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert copied
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_only_the_worker_s_image_holds_torch():
    requirements = (ROOT / "docker" / "requirements-web.lock").read_text()

    assert "requirements-worker" not in stage("web") + stage("base")
    assert "requirements-worker" in stage("worker")
    assert not re.search(r"^(torch|torchvision|safetensors)\b", requirements, re.MULTILINE)


def test_encoders_are_in_the_worker_s_image_only_where_this_is_asked_for():
    requirements = (ROOT / "docker" / "requirements-worker.lock").read_text()

    assert "ARG REQUIREMENTS=worker" in stage("worker")
    assert (ROOT / "docker" / "requirements-encoders.lock").exists()
    assert not re.search(r"^(timm|open-clip-torch|huggingface-hub)\b", requirements, re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements", *(f"docker/requirements-{each}" for each in LOCKED)])
def test_what_is_pinned_is_locked_with_hashes(name):
    """After a change of the requirements: make lock."""
    entries = re.split(r"\n(?=\w)", (ROOT / f"{name}.lock").read_text().split("make lock\n")[1])

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert pins(f"{name}.txt") - {entry.split()[0].partition(";")[0] for entry in entries} == set()


def pins(path: str) -> set[str]:
    """What a file and those that it reads with -r pin, without extras, as in a lock file."""
    lines = [line.split("#")[0].split(";")[0].strip() for line in (ROOT / path).read_text().splitlines()]
    found = {re.sub(r"\[[^]]*\]", "", line).lower() for line in lines if "==" in line}
    others = [line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    return found.union(*(pins(str((ROOT / path).parent.relative_to(ROOT) / other)) for other in others))


def test_services_are_built_from_the_stages_there_are(services):
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets == {"web", "worker"}


def test_every_variable_that_compose_sets_is_one_that_settings_read(services):
    known = (ROOT / "visrec_site" / "settings.py").read_text()
    named = {name for service in services.values() for name in service.get("environment", {}) if "VISREC" in name}
    assert named
    assert [name for name in sorted(named) if f'"{name}"' not in known] == []


def test_each_queue_has_a_worker_of_its_own(services):
    from visrec_site.celery import app

    served = [
        command[command.index("--queues") + 1]
        for service in services.values()
        if "worker" in (command := service.get("command", []))
    ]
    assert sorted(served) == sorted(queue.name for queue in app.conf.task_queues)
    assert "--pool" in services["worker-train"]["command"]  # solo: CUDA does not survive a fork


def test_workers_that_compute_may_share_a_gpu(services):
    on_gpu = yaml.safe_load((ROOT / "docker" / "compose.gpu.yml").read_text())["services"]

    assert set(on_gpu) == {"worker-embed", "worker-design", "worker-train"}
    assert sum(int(service["environment"]["VISREC_GPU_MEMORY"]) for service in on_gpu.values()) <= 100
    assert all(services[name]["build"]["target"] == "worker" for name in on_gpu)
    assert not any("deploy" in service for service in services.values())  # without that file no GPU is needed


def test_the_broker_refuses_what_it_would_lose_and_the_cache_forgets(services):
    broker, cache = (" ".join(services[name]["command"]) for name in ("broker", "cache"))
    urls = services["web"]["environment"]

    assert "--appendonly yes" in broker and "--maxmemory-policy noeviction" in broker and "--maxmemory " in broker
    assert "--appendonly" not in cache and "--maxmemory-policy allkeys-lru" in cache and "--maxmemory " in cache
    assert "volumes" not in services["cache"]
    assert [urls[name].split("/")[2] for name in ("VISREC_BROKER_URL", "VISREC_CACHE_URL")] == [
        ":two@broker:6379",
        ":two@cache:6379",
    ]
    assert "--requirepass two" in broker and "--requirepass two" in cache


def test_the_shop_waits_for_its_migrations(services):
    for name in ("web", "worker-embed", "worker-train", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_each_service_that_stays_has_a_health_check_of_its_own_program(services):
    def check(service: dict) -> list[str] | None:
        return service.get("healthcheck", {}).get("test")

    for name, service in services.items():
        if name.startswith("worker-") or name == "beat":
            assert check(service) == ["CMD", "python", "docker/healthcheck.py", name.removeprefix("worker-")]
    assert services["migrate"]["healthcheck"] == {"disable": True}
    assert check(services["web"]) is None and "/healthz" in stage("web")  # its image's
    assert check(services["database"]) and check(services["broker"])


def test_each_service_that_stays_is_restarted_and_its_log_is_limited(services):
    for name in services.keys() - {"migrate"}:
        assert services[name]["restart"] == "unless-stopped", name
        assert services[name]["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_no_service_may_take_all_memory_and_only_the_proxy_is_reached_from_outside(services):
    assert [name for name, service in services.items() if "mem_limit" not in service] == []
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


def test_the_settings_of_compose_are_fit_for_deployment(services):
    environment = services["web"]["environment"]
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "System check identified no issues (2 silenced).\n"), done.stderr


@pytest.mark.parametrize(
    ("age", "status", "printed"),
    [
        (5, 0, "embed: the last heartbeat 5 s ago"),
        (100, 1, "embed: the last heartbeat 100 s ago"),
        (-3600, 1, "embed: the last heartbeat 3600 s ago"),  # before the clock was set back
    ],
)
def test_the_health_of_a_program_is_the_age_of_its_heartbeat(tmp_path, age, status, printed):
    (tmp_path / "heartbeats").mkdir()
    heartbeat = tmp_path / "heartbeats" / "embed"
    heartbeat.touch()
    os.utime(heartbeat, (time.time() - age, time.time() - age))

    checked = check_health(tmp_path, "embed")

    assert (checked.returncode, checked.stdout.strip()) == (status, printed)
    assert check_health(tmp_path, "design").stderr.strip() == "design: no heartbeat"


def check_health(var: Path, name: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "docker" / "healthcheck.py", name]
    return subprocess.run(command, env={"VISREC_VAR": str(var)}, capture_output=True, text=True)


def test_images_of_others_are_named_by_version_and_digest(services):
    others = [service["image"] for service in services.values() if "build" not in service]
    bases = re.findall(r"^FROM (\S+) AS base$", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 1 and len(set(others)) == 3
    for name in others + bases:
        assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+(-\w+)*@sha256:[0-9a-f]{64}", name), name
