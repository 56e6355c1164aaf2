"""The scheduler of Celery beat."""

import time
from typing import Any

from celery import beat
from celery.schedules import schedule


class Scheduler(beat.Scheduler):
    """Sends each entry at the start, and again whenever its interval has passed by a clock that nobody sets.

    Celery's own scheduler compares times of day: after the clock was set back by an hour it sends nothing for an hour.
    """

    due: dict[str, float]  # time.monotonic() by the names of the entries

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self.due = dict.fromkeys(self.schedule, time.monotonic())

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send the entries that are due, and return the seconds until the next one is."""
        now = time.monotonic()
        for name, entry in self.schedule.items():
            if self.due[name] <= now:
                assert isinstance(entry.schedule, schedule)  # every so many seconds; a crontab needs the time of day
                self.due[name] = now + entry.schedule.seconds
                self.apply_entry(entry, producer=self.producer)
        return min(self.due.values()) - time.monotonic()
