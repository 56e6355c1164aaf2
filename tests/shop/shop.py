"""The shop as a user starts it, in a process of its own, and ways into it: its API, its pages."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = Path("/usr/bin/chromium")
MINUTES = 30  # for the first start, on the slowest machine that shall pass


class Shop:
    """A running demo: its address, its folder, and what it printed."""

    def __init__(self, var: Path, designs: bool = False):
        """designs: whether a worker trains a generator meanwhile, which slows whatever is measured."""
        self.var = var
        self.options = ["--stop-with-parent"] if designs else ["--stop-with-parent", "--no-designs"]
        self.log = var.with_suffix(".log")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("VISREC_")} | {
            "VISREC_VAR": str(var),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> float:
        """Seconds until it says that it is open."""
        began, offset = time.monotonic(), len(self.printed())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "visrec_site.demo", *self.options, "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def opened() -> bool:
            return "The shop is open" in self.printed()[offset:] or self.process.poll() is not None

        wait_for(opened, 60 * MINUTES, pause=0.2)
        assert self.process.poll() is None, self.printed()[-3000:]
        return time.monotonic() - began

    @property
    def is_trained(self) -> bool:
        """Whether nothing is in training any more."""
        return "Nothing is in training" in self.printed()

    def stop(self, sign: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(sign)
        return self.process.wait(60)

    def printed(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def pids(self, words: str) -> list[int]:
        """Processes of this shop whose command line has these words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (folder / "environ").read_bytes() + b"\0"
                inside = (folder / "cwd").readlink().is_relative_to(self.var)  # Valkey writes over its environment
            except (OSError, ProcessLookupError):
                continue
            if words in command and (inside or f"VISREC_VAR={self.var}\0".encode() in environment):
                found.append(int(folder.name))
        return sorted(found)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def metrics(self, method: str) -> dict:
        """The measures of the method's newest version."""
        code = (
            "import json; from recommender.models import ModelVersion as V;"
            f"print(json.dumps(V.objects.filter(method={method!r}).order_by('pk').last().metrics))"
        )
        return json.loads(self.manage("shell", "--no-imports", "-c", code))

    def get(self, path: str, **kwargs) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **kwargs)


class Staff(requests.Session):
    """A REST client that may upload."""

    def __init__(self, shop: Shop):
        super().__init__()
        self.api = f"{shop.url}/api/v1"
        answer = self.post(f"{self.api}/auth/token/", json={"username": "admin", "password": "admin"}, timeout=30)
        self.headers["Authorization"] = f"Token {answer.json()['token']}"

    def upload(self, sku: str, picture: bytes, category: str = "heels") -> requests.Response:
        fields = {"sku": sku, "title": f"Upload {sku}", "category": category, "price": "10.00"}
        return self.post(f"{self.api}/products/", data=fields, files={"image": (f"{sku}.jpg", picture)}, timeout=30)

    def product(self, sku: str) -> dict:
        return self.get(f"{self.api}/products/{sku}/", timeout=30).json()

    def similar(self, sku: str, **params) -> list[dict]:
        answer = self.get(f"{self.api}/products/{sku}/similar/", params=params, timeout=30)
        assert answer.status_code == 200, answer.text
        return [result["product"] for result in answer.json()["results"]]

    def wait_until_findable(self, sku: str, seconds: float = 120) -> float:
        return wait_for(lambda: self.product(sku)["findable"], seconds)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-quic", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def sign_in(page: Page, name: str) -> None:
    """As one of the demo's people, whose passwords are their names; they come to their own page."""
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/for-you/")


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> float:
    """Seconds until the condition holds. Fails when it never does."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(pause)
    return time.monotonic() - began
