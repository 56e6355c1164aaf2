"""Ids in a path: slashes that belong to an id are told from those between the parts of the path."""

import re

SLASH = "\x00"  # in place of a slash of an id; no path that is looked up has this character (visrec_site.limits)


class NameConverter:
    """A SKU."""

    regex = rf"[^/{SLASH}]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class KeyConverter:
    """A shopper's key, a guest's session or an interaction's id, in which the shop may use every character."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        return value.replace(SLASH, "/")

    def to_url(self, value: str) -> str:
        return value


def mark_slashes(path: str, sent: str) -> str:
    """Return a decoded path with SLASH for each slash that was percent-encoded where it was sent.

    Without the marks, `x/interactions` of the guest `a` could not be told from all of the guest `a/interactions/x`.
    A path that a server on the way has changed stays as it is.
    """
    slashes = re.findall("/|%2f", sent.partition("?")[0], re.IGNORECASE)
    if len(slashes) != path.count("/"):
        return path
    marks = iter(slashes)
    return re.sub("/", lambda _: "/" if next(marks) == "/" else SLASH, path)
