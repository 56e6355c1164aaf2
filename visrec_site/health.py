"""Probes for monitoring: /healthz, /readyz and /metrics."""

import ipaddress
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from recommender import broker, heartbeats
from recommender.models import EMBEDDING_ROLES, Role
from recommender.versions import progress, queries
from visrec_site import shop_metrics
from visrec_site.celery import app
from visrec_site.replica import REPLICA, replica

RETRY_SECONDS = 5  # for the header Retry-After
SWEEP_SECONDS = 300  # after which sweeps, which begin every 30 s, count as failing


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Return 200: this process answers. What else is out of order does not matter: a restart of this would not help."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Return 200 when all that the shop needs works; else 503 with what does not.

    That is database, broker, room for images, the models that recommend, a worker for each queue, and the periodic
    sweep. A shop whose replica does not serve is ready: its primary does. Also which versions serve, and which are in
    training to take their places.
    """
    found = {"database": database_state(DEFAULT_DB_ALIAS), "broker": broker_state(), "media": media_state()}
    if found["database"] == "ok":
        for role in EMBEDDING_ROLES:
            version = queries.active_version(role)
            found[f"{role.value} model"] = "ok" if version else "no active version"
    found |= heartbeat_states()
    is_ready = all(state == "ok" for state in found.values())
    status = "ok" if is_ready else "unavailable"
    if REPLICA in settings.DATABASES:
        reason = replica.reason_against()
        found["replica"] = f"{reason}; the primary serves" if reason else database_state(REPLICA)
    queues = queue_states() if found["broker"] == "ok" else {}
    models = model_states() if found["database"] == "ok" else {}
    body = {"status": status, "checks": found, "queues": queues, **models}
    return JsonResponse(body) if is_ready else JsonResponse(body, status=503, headers={"Retry-After": RETRY_SECONDS})


def heartbeat_states() -> dict[str, str]:
    """Return for the worker of each queue and for the sweep "ok", or since when it has not worked."""
    queues = [queue.name for queue in app.conf.task_queues]
    try:
        ages = heartbeats.ages([*queues, "sweep"])
    except RedisError as error:
        return {"heartbeats": f"the cache is unreachable: {error}"}
    states = {f"{queue} worker": heartbeats.state(ages[queue]) for queue in queues}
    return states | {"sweep": heartbeats.state(ages["sweep"], SWEEP_SECONDS)}


def model_states() -> dict[str, object]:
    """Return which version serves each role, and which are in training to serve, with how far each is."""
    active = {role.value: queries.active_version(role) for role in Role}
    training = [f"{version}: {progress.describe(version)}" for version in queries.to_serve()]
    return {
        "models": {role: str(version) if version else None for role, version in active.items()},
        "training": training,
    }


def queue_states() -> dict[str, dict[str, float | None]]:
    """Return how many messages wait in each queue, and the seconds for which the next of them has waited."""
    queues = [queue.name for queue in app.conf.task_queues]
    try:
        return {
            queue: {"waiting": broker.count_waiting(queue), "oldest_seconds": broker.oldest_waiting(queue)}
            for queue in queues
        }
    except (BrokerError, RedisError):  # it ended just now
        return {}


def database_state(alias: str) -> str:
    """Return "ok", or why the database cannot be reached, or which settings of its sessions are not ours."""
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT name, current_setting(name, true) FROM unnest(%s) AS name", [list(settings.SESSION)])
            found = dict(cursor.fetchall())
    except OperationalError as error:
        return f"unreachable: {str(error).splitlines()[0]}"
    wrong = [
        f"{name} is {found[name] or 'not set'}, not {value}"
        for name, value in settings.SESSION.items()
        if found[name] != value
    ]
    return "; ".join(wrong) or "ok"


def broker_state() -> str:
    """Return "ok", or why the broker cannot be reached or takes no messages: it or its disk is full, say."""
    try:
        with app.connection_for_read(transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS) as connected:
            connected.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            channel: Any = connected.default_channel
            channel.client.set("readyz", 1, ex=1)
    except BrokerError as error:
        return f"unreachable: {error}"
    except RedisError as error:
        return f"takes no messages: {error}"
    return "ok"


def media_state() -> str:
    """Return "ok", or why no images can be stored."""
    folder = Path(settings.MEDIA_ROOT)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        return f"takes no files: {error.strerror or error}"
    return "ok"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return what this web server's processes counted, and the shop's figures, in Prometheus' text format.

    To callers inside alone.
    """
    if not is_inside(request):
        text = "Metrics are for callers of a private network that do not come through a proxy.\n"
        return HttpResponse(text, status=403, content_type="text/plain")
    response: HttpResponse = ExportToDjangoView(request)
    response.content += shop_metrics.render()
    return response


def is_inside(request: HttpRequest) -> bool:
    """Return whether the caller has a private address; whoever comes through a proxy has not shown theirs."""
    try:
        address = ipaddress.ip_address(request.META["REMOTE_ADDR"])
    except ValueError:  # a Unix socket, which a proxy connects to
        return False
    address = getattr(address, "ipv4_mapped", None) or address  # of a socket for both kinds of addresses
    return address.is_private and not {"X-Forwarded-For", "Forwarded"} & request.headers.keys()
