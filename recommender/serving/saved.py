"""Answers, kept for a while: the same list again, and the pages after it, whatever the visitor does meanwhile."""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from django.conf import settings
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from redis.exceptions import RedisError

from catalog.models import Product
from recommender.errors import NoSuchRecommendation, SavedResultsUnavailable
from recommender.serving import recommend, saved_json
from recommender.serving.rerank import Candidate
from recommender.serving.types import Recommendation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Who asks; a guest who has no session yet is known by nothing but the id of the answer."""

    account: int | None = None
    session: str = ""
    is_staff: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> "Caller":
        if request.user.is_authenticated:
            return cls(account=request.user.pk, is_staff=request.user.is_staff)
        return cls(session=request.session.session_key or "")

    def may_see(self, first: dict) -> bool:
        if self.is_staff or not (first["account"] or first["session"]):
            return True
        return (self.account, self.session) == (first["account"], first["session"])


def keep(found: Recommendation, caller: Caller) -> Recommendation:
    """The same answer, kept. With the cache away it is an answer all the same, and has no next page."""
    first = {
        "account": caller.account,
        "session": caller.session,
        "query": asdict(found.query),
        "plan": saved_json.aim_as_json(found.plan, explain=found.query.explain),
        "reason": found.reason,
        "page": saved_json.page_as_json(found),
    }
    try:
        cache.set(key(found.id), json.dumps(first, cls=DjangoJSONEncoder), settings.ANSWER_SECONDS)
    except RedisError as error:
        log.warning("an answer is not kept, the cache is away: %s", error)
        return replace(found, has_next=False)
    return found


def replay(answer: uuid.UUID, page: int, caller: Caller) -> Recommendation:
    """A page of a kept answer: as it was given, without what was hidden or sold out since; or the one after the last.

    Raises NoSuchAnswer if it has expired, never was or was another's, or has no such page; AnswersAway without cache.
    """
    keys = [key(answer), *(key(answer, number) for number in range(2, page + 1))]
    found = read(keys)
    first = found.get(keys[0])
    if first is None or not caller.may_see(first):
        raise NoSuchRecommendation(
            f"there is no recommendation {answer} for you: it expired after {settings.ANSWER_SECONDS} seconds, "
            "somebody else asked for it, or nobody did"
        )
    pages = [first["page"], *(found[name] for name in keys[1:] if name in found)]
    if len(pages) == page:
        return told(answer, first, pages[-1])
    if len(pages) < page - 1:
        raise NoSuchRecommendation(
            f"page {page} of recommendation {answer} comes after page {page - 1}, which nobody has seen"
        )
    if not pages[-1]["has_next"]:
        raise NoSuchRecommendation(f"recommendation {answer} ends with page {page - 1}")
    next_page(answer, first, pages)
    return told(answer, first, read([keys[-1]])[keys[-1]])  # of two who ask at once both get the first's


def next_page(answer: uuid.UUID, first: dict, pages: Sequence[dict]) -> None:
    """Keep the page after these: none of what they showed, also where the visitor has done this or that meanwhile."""
    query, plan = saved_json.ask_of(first["query"]), saved_json.aim_of(first["plan"])
    shown = [result["product"] for page in pages for result in page["results"]]
    products = Product.objects.with_images().in_bulk([*shown, *([plan.product] if plan.product else [])])
    beside = [Candidate(product, 1.0) for product in products.values()]
    made = replace(recommend.answered(plan, query, beside, after=len(shown)), page=len(pages) + 1)
    with reaching():
        cache.add(key(answer, made.page), json.dumps(saved_json.page_as_json(made)), settings.ANSWER_SECONDS)


def placements(answers: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Where these answers were shown, by id; absent: whatever is no longer kept. With the cache away, all are."""
    names = {key(answer): answer for answer in answers}
    try:
        found = read(list(names)) if names else {}
    except SavedResultsUnavailable as error:
        log.warning("placements are not known: %s", error)
        return {}
    return {names[name]: first["query"]["placement"] for name, first in found.items()}


def told(answer: uuid.UUID, first: dict, page: dict) -> Recommendation:
    plan, query = saved_json.aim_of(first["plan"] | {"activities": []}), saved_json.ask_of(first["query"])
    results = saved_json.results_of(page["results"])
    return Recommendation(query, plan, results, first["reason"], page["number"], page["has_next"], answer)


def key(answer: uuid.UUID, page: int = 1) -> str:
    return f"recommendation:{answer}:{page}"


def read(names: Sequence[str]) -> dict[str, dict]:
    """What is kept under these keys. Raises AnswersAway."""
    with reaching():
        return {name: json.loads(text) for name, text in cache.get_many(names).items()}


@contextmanager
def reaching() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise SavedResultsUnavailable("kept answers cannot be reached; try again in a moment") from error
