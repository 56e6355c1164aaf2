"""A word for shoppers on the lists of a starter, the simple method that serves while the shop's own is in training."""

from recommender.models import ModelVersion, Role
from recommender.versions import methods, progress, queries

WORDS = {
    Role.SIMILAR: "Alike in outline and colour.",
    Role.PERSONAL: "Popular in this shop.",
}
PROMISES = {
    Role.SIMILAR: "The shop is still learning what its products look like: closer matches come",
    Role.PERSONAL: "The shop is still learning who likes what: picks of your own come",
}


def word_of(served: ModelVersion | None) -> str:
    """Return what to say of a list by this version; "" unless it is a starter's."""
    if served is None or not methods.is_starter(served):
        return ""
    role = Role(served.role)
    coming = queries.to_serve(role).first()
    if coming is None:
        return WORDS[role]
    minutes = progress.minutes_left(coming)
    when = "in some minutes" if minutes is None else f"in about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"{WORDS[role]} {PROMISES[role]} {when}."
