import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from visrec_site import demo
from visrec_site.embedded import Services
from visrec_site.processes import Children, Program
from visrec_site.stages import DemoError, Options


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "from 1 to 65535"),
        (["--port", "abc"], "is not a port"),
        (["--catalog", ".", "--limit", "0"], "is not a whole number above 0"),
        (["--limit", "5"], "need a CATALOG"),
        (["--catalog", "/nowhere"], "/nowhere does not exist"),
        (["--catalog", ".", "--empty"], "EMPTY is without products"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_started(arguments, reason, capsys):
    with pytest.raises(SystemExit):
        demo.parse_arguments(arguments)

    told = capsys.readouterr().err
    assert reason in told
    assert "make demo [PORT=n]" in told


def test_the_arguments_of_make_demo(tmp_path):
    arguments = ["--port", "9000", "--catalog", str(tmp_path), "--limit", "5", "--no-designs", "--stop-with-parent"]

    assert demo.parse_arguments(arguments) == (Options(9000, tmp_path.resolve(), None, 5, designs=False), True)
    assert demo.parse_arguments(["--empty"])[0] == Options(8000, None, None, None, is_empty=True)
    assert demo.parse_arguments([]) == (Options(8000, None, None, None, designs=True), False)


def test_a_taken_port_is_refused_with_another_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoError, match=rf"port {port}: .* make demo PORT={port + 1}$"):
            demo.check_port_is_free(port)

    demo.check_port_is_free(port)


def test_each_queue_has_a_worker_and_pages_go_first():
    programs = {program.name: program.command for program in demo.programs(8000)}

    workers = {name: command for name, command in programs.items() if "worker" in command}
    queues = {name: command[command.index("--queues") + 1] for name, command in workers.items()}
    assert queues == {f"worker-{queue}": queue for queue in ("embed", "design", "train", "import", "maintenance")}
    assert [command[:3] for command in workers.values()] == [
        ["nice", "-n", "5"],
        ["nice", "-n", "10"],
        ["nice", "-n", "15"],
        ["nice", "-n", "10"],
        ["nice", "-n", "10"],
    ]
    assert "nice" not in programs["web"]


def test_a_shop_that_does_not_get_ready_is_given_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(demo, "READY_SECONDS", 0)
    with socket.socket() as nobody:  # bound, and it does not listen
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(DemoError, match="not ready after 0 s: .*refused.*; see /logs"):
            demo.wait_until_ready(port, Children([], logs=Path("/logs")))


@pytest.mark.django_db
def test_a_shop_without_models_is_open_and_one_without_a_broker_is_not(client):
    checks = client.get("/readyz").json()["checks"]
    working = {name: state if state == "no active version" else "ok" for name, state in checks.items()}

    assert list(working.values()).count("no active version") == 2
    assert demo.lacks_models_alone(json.dumps({"checks": working}))
    assert not demo.lacks_models_alone(json.dumps({"checks": working | {"broker": "unreachable"}}))


def test_it_says_where_the_shop_is(capsys):
    demo.print_addresses(8123, 61.4)

    printed = capsys.readouterr().out
    assert "The shop is open after 61 s:  http://127.0.0.1:8123/" in printed
    assert "http://127.0.0.1:8123/api/v1/docs/" in printed


@pytest.mark.django_db
def test_the_next_steps_of_an_empty_shop_are_pages_of_the_admin(admin_client, capsys):
    demo.print_next_steps(8123)

    pages = re.findall(r"http://127.0.0.1:8123(/\S+)", capsys.readouterr().out)
    assert [admin_client.get(page).status_code for page in pages] == [200, 200]


def test_a_server_or_a_program_that_cannot_be_restarted_does_not_end_the_shop(tmp_path, capsys):
    services = Services(tmp_path)
    services.processes["Valkey"] = subprocess.Popen(["true"])
    services.processes["Valkey"].wait()
    (tmp_path / "redis").touch()  # where its folder should be
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 1.5)

    followed: list[int] = []
    children = Children([Program("one", ["true"])], logs=tmp_path / "log")
    children.start()
    children.children[0].process.wait()
    (tmp_path / "log" / "one.log").rename(tmp_path / "log" / "gone")
    (tmp_path / "log" / "one.log").mkdir()  # so that it cannot be started again

    with pytest.raises(KeyboardInterrupt):
        demo.supervise(children, services, lambda: followed.append(1))

    assert followed
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [f"[Errno 17] File exists: '{tmp_path}/redis'", "Tried again in 10 s."]
    assert told[3:] == [f"[Errno 21] Is a directory: '{tmp_path}/log/one.log'", "Tried again in 10 s."]
