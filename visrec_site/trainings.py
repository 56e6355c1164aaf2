"""The trainings that the demo's workers do while its shop is open, as its terminal shows them."""

import time
from datetime import timedelta

from django.db import Error, connection
from django.utils import timezone
from tqdm import tqdm

from recommender.errors import VersionNotReady
from recommender.models import ModelVersion, Role, State
from recommender.versions import lifecycle, methods, progress, queries
from visrec_site.processes import report

SECONDS = 2.0  # between two looks at the database
MEASURES = ("auc", "auc of popularity")
ENDS = {
    State.READY: "is trained, and not live",
    State.RETIRED: "was live, and another took its place",
    State.FAILED: "failed",
    State.CANCELLED: "was cancelled",
    State.INTERRUPTED: "was interrupted",
}
TURNED = timedelta(seconds=10)  # after which nobody asks for the next page of a list that a starter began


class Trainings:
    """The versions that were to serve when the shop opened, and the starters that serve until then."""

    def __init__(self, began: float) -> None:
        """Read them; `began` is time.monotonic() when the demo was started."""
        self.began = began
        self.read_at = 0.0  # time.monotonic()
        self.coming = list(queries.to_serve())
        served = (queries.active_version(Role(role)) for role in {version.role for version in self.coming})
        self.starters = [version for version in served if version and methods.is_starter(version)]
        self.bar = tqdm(disable=not self.coming, bar_format="{desc} {percentage:3.0f}%|{bar:30}|", leave=False)
        self.have_ended = False

    def introduce(self) -> None:
        """Print what is to be trained, and what serves until then."""
        if self.coming:
            methods_coming = ", ".join(version.method for version in self.coming)
            until_then = " and ".join(str(version) for version in self.starters)
            meanwhile = f" Until then: {until_then}." if until_then else ""
            report(f"\nIn training, each live as soon as it is ready: {methods_coming}.{meanwhile}")

    def follow(self) -> None:
        """Show how far they are; print a line for each that has ended, and one when all have. Looks now and then."""
        if self.have_ended or time.monotonic() - self.read_at < SECONDS:
            return
        self.read_at = time.monotonic()
        try:
            self.compare()
        except Error:  # the database was restarted, say; the next look has a connection of its own
            connection.close_if_unusable_or_obsolete()

    def compare(self) -> None:
        """Compare the database with the last look."""
        waiting = list(queries.to_serve())
        for version in [each for each in self.coming if each not in waiting]:
            self.coming.remove(version)
            self.print(f"{time.monotonic() - self.began:7.1f} s  {result_of(version)}")
        self.remove_starters()
        if self.coming:
            self.draw(next(version for version in waiting if version in self.coming))
        elif not self.starters:
            self.end()

    def draw(self, version: ModelVersion) -> None:
        """Draw the bar of the version that is trained first."""
        done, of = (version.progress.get(name) or 0 for name in ("done", "of"))
        self.bar.total, self.bar.n = of or 1, done
        self.bar.set_description_str(f"{version}: {progress.describe(version)}")

    def remove_starters(self) -> None:
        """Delete each starter once what replaced it has served for a moment, so that nothing is embedded for it."""
        for starter in list(self.starters):
            serving = queries.active_version(Role(starter.role))
            if serving == starter:
                if not any(version.role == starter.role for version in self.coming):
                    self.starters.remove(starter)  # nothing replaces it: the training has failed, say
            elif serving and serving.activated_at and timezone.now() - serving.activated_at > TURNED:
                self.starters.remove(starter)
                try:
                    lifecycle.delete(starter)
                except (VersionNotReady, ModelVersion.DoesNotExist):  # somebody activated or deleted it just now
                    continue

    def end(self) -> None:
        """Print that all have ended, and what serves."""
        active = (queries.active_version(role) for role in Role)
        serving = ", ".join(str(version) for version in active if version) or "no model"
        seconds = time.monotonic() - self.began
        self.print(f"Nothing is in training, {seconds:.0f} s after the start. Serving: {serving}.")
        self.bar.close()
        self.have_ended = True

    def print(self, line: str) -> None:
        """Print a line above the bar."""
        self.bar.clear()
        report(line)


def result_of(version: ModelVersion) -> str:
    """Return what came of a training, in words."""
    try:
        version.refresh_from_db()
    except ModelVersion.DoesNotExist:
        return f"{version} was deleted"
    if version.state == State.ACTIVE:
        measures = [f", {name} {version.metrics[name]}" for name in MEASURES if name in version.metrics]
        return f"{version} is live, for {version.get_role_display()}{''.join(measures)}"
    return f"{version} {ENDS.get(State(version.state), 'goes on')}" + (f": {version.error}" if version.error else "")
