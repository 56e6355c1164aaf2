"""Probes for monitoring: /healthz, /readyz and /metrics."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import OperationalError as BrokerError

from recommender.models import EMBEDDING_ROLES
from recommender.versions import queries
from visrec_site.celery import app
from visrec_site.replica import REPLICA, replica


def alive(request: HttpRequest) -> HttpResponse:
    """Return 200: the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """Return 200 when database, broker and the models that recommend are available; else 503 with what is missing.

    A shop whose replica does not serve is ready: its primary does.
    """
    found = {"database": database_state(DEFAULT_DB_ALIAS), "broker": broker_state()}
    if found["database"] == "ok":
        for role in EMBEDDING_ROLES:
            version = queries.active_version(role)
            found[f"{role.value} model"] = "ok" if version else "no active version"
    is_ready = all(state == "ok" for state in found.values())
    status = "ok" if is_ready else "unavailable"
    if REPLICA in settings.DATABASES:
        reason = replica.reason_against()
        found["replica"] = f"{reason}; the primary serves" if reason else database_state(REPLICA)
    return JsonResponse({"status": status, "checks": found}, status=200 if is_ready else 503)


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
    """Return "ok", or why the broker cannot be reached."""
    try:
        with app.connection_for_read(transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except BrokerError as error:
        return f"unreachable: {error}"
    return "ok"


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the counters of this process in Prometheus' text format."""
    response: HttpResponse = ExportToDjangoView(request)
    return response
