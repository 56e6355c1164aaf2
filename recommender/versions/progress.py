"""The progress of a training: its stage, how much of it is done, and when it will end."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from recommender.models import LIVE, SERVABLE, ModelVersion, State


def advance(former: Mapping[str, Any], stage: str, done: int, of: int | None) -> dict[str, Any]:
    """Return the progress that follows `former`, as `ModelVersion.progress` has it.

    When the stage will end is estimated by its speed since it began, which is unknown before the first step is done.
    """
    now = timezone.now()
    began = former.get("began") if former.get("stage") == stage else None
    began = began or {"at": now.isoformat(), "done": done}
    advanced = {"stage": stage, "done": done, "of": of, "began": began}
    if of and done > began["done"]:
        step = (now - datetime.fromisoformat(began["at"])) / (done - began["done"])
        advanced["ends_at"] = (now + step * (of - done)).isoformat()
    return advanced


def minutes_left(version: ModelVersion) -> int | None:
    """Return the minutes, at least 1, until the stage of a training ends; None while that is unknown."""
    ends_at = version.progress.get("ends_at")
    if version.state not in LIVE or ends_at is None:
        return None
    seconds = (datetime.fromisoformat(ends_at) - timezone.now()).total_seconds()
    return max(1, math.ceil(seconds / 60))


def queue_position(version: ModelVersion) -> str:
    """Return in words how many trainings come before one that waits for a worker; "" if none does, or it does not."""
    if version.state != State.QUEUED or not version.by_worker:
        return ""
    earlier = ModelVersion.objects.filter(state__in=LIVE, pk__lt=version.pk, by_worker=True).count()
    return f"behind {earlier} training{'s' if earlier > 1 else ''}" if earlier else ""


def minutes_before(method: str) -> int | None:
    """Return the minutes, at least 1, that the last training by a method took here; None without one."""
    done = ModelVersion.objects.filter(method=method, state__in=SERVABLE, started_at__isnull=False)
    last = done.filter(finished_at__isnull=False).order_by("-finished_at").first()
    if last is None or last.started_at is None or last.finished_at is None:
        return None
    return max(1, math.ceil((last.finished_at - last.started_at).total_seconds() / 60))


def describe(version: ModelVersion) -> str:
    """Return how far a training is in words: "training 5 of 22, about 3 minutes left"."""
    stage, done, of = (version.progress.get(name) for name in ("stage", "done", "of"))
    if not stage:
        return "waiting for a worker"
    counted = f" {done} of {of}" if done and of else f" {done}" if done else ""
    minutes = minutes_left(version)
    left = f", about {minutes} minute{'s' if minutes > 1 else ''} left" if minutes else ""
    return f"{stage}{counted}{left}"
