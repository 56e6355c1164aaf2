"""Settings from the environment, each checked where it is read."""

import math
from collections.abc import Sequence

import environ
from django.core.exceptions import ImproperlyConfigured

NOTSET = environ.Env.NOTSET
env = environ.Env()


def env_bool(name: str, default: str) -> bool:
    """Read "yes" or "no" from the environment."""
    value: str = env.str(name, default)
    if value not in ("yes", "no"):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be yes or no")
    return value == "yes"


def env_whole(name: str, default: int) -> int:
    """Read a whole number, 0 or above, from the environment."""
    value: str = env.str(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number")
    return int(value)


def env_positive(name: str, default: int) -> int:
    """Read a whole number above 0 from the environment."""
    value: str = env.str(name, str(default))
    if not value.isdecimal() or int(value) == 0:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number above 0")
    return int(value)


def env_weights(name: str, defaults: dict[str, float]) -> dict[str, float]:
    """Read weights such as "view=0.1,dislike=-2" from the environment; one that is not named has its default.

    A weight has the sign of its default, or is 0.
    """
    found = dict(defaults)
    for part in filter(None, env.str(name, "").split(",")):
        kind, _, text = (piece.strip() for piece in part.partition("="))
        if kind not in defaults:
            raise ImproperlyConfigured(f"{name} names {kind!r}; the kinds are: {', '.join(defaults)}")
        try:
            weight = float(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} has {part!r}; a number is expected, as in view=0.2") from None
        if not math.isfinite(weight) or weight * defaults[kind] < 0:
            sign = "above" if defaults[kind] > 0 else "below"
            raise ImproperlyConfigured(f"{name} has {part!r}; the weight of {kind} is 0 or {sign}")
        found[kind] = weight
    return found


def env_names(name: str, defaults: list[str], known: Sequence[str]) -> list[str]:
    """Read names with commas between them, one at least and each of those that are known, from the environment."""
    found = [part.strip() for part in env.str(name, ",".join(defaults)).split(",")]
    for part in found:
        if part not in known:
            raise ImproperlyConfigured(f"{name} has {part!r}; it may have: {', '.join(known)}")
    return found


def env_redis(name: str, default: str) -> str:
    """Read the URL of a Redis server; one of TLS requires a certificate that is valid, unless the URL says otherwise.

    Where it says nothing, redis-py requires one, kombu takes any, and Celery's store of results refuses the URL.
    """
    url: str = env.str(name, default)
    if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required"
