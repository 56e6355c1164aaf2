"""Events that a server knows of, such as purchases."""

import logging
from collections.abc import Iterable
from typing import Any

import httpx

from visrec_django import rest

log = logging.getLogger(__name__)


def record(events: Iterable[dict[str, Any]]) -> None:
    """Record events, each with `sku`, `kind`, `user` or `session`, and an `id`: the same one counts once.

    What goes wrong is logged: no purchase fails for it.
    """
    try:
        done = rest.post("interactions/", json=list(events))
    except httpx.HTTPError as error:
        log.warning("events were not recorded: %s", error)
    else:
        for rejected in done["rejected"]:
            log.warning("an event was refused: %s", rejected["errors"])
