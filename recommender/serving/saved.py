"""Saved recommendations: for a while the same list again, and the pages after it, whatever happens meanwhile."""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from redis.exceptions import RedisError

from catalog.visitors import HEADER, MERGED, BadToken, is_permitted_staff, read_token
from recommender import memory
from recommender.access.keys import key_of
from recommender.errors import NoSuchRecommendation, SavedResultsUnavailable
from recommender.experiments import counters
from recommender.serving import exploration, recommend, samples, saved_json
from recommender.serving.saved_json import PageJson, SavedJson
from recommender.serving.types import Recommendation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """The client of a request; a guest without a session is known by nothing but the id of the recommendation."""

    account: int | None = None
    session: str = ""
    key: int | None = None
    sees_all: bool = False
    visitor: str = ""  # by which experiments know it, whoever it was before; empty for staff and who is not known

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Identify the client of a request by key and a guest's token, account or session."""
        key = key_of(request)
        if key:
            guest = guest_of(request)
            return cls(key=key.pk, session=guest, sees_all=key.has_perm("catalog.view_shopper"), visitor=guest)
        if request.user.is_authenticated:
            sees_all = is_permitted_staff(request.user, "catalog.view_shopper")
            visitor = request.session.get(MERGED) or f"account {request.user.pk}"
            return cls(account=request.user.pk, sees_all=sees_all, visitor="" if request.user.is_staff else visitor)
        session = guest_of(request) or request.session.session_key or ""
        return cls(session=session, visitor=session)

    def may_see(self, saved: SavedJson) -> bool:
        """Return whether this client may load a recommendation: its own, one of nobody, or any."""
        owner = (saved["account"], saved["session"], saved.get("key"))
        return self.sees_all or not any(owner) or owner == (self.account, self.session, self.key)


def guest_of(request: HttpRequest) -> str:
    """Return the id of the guest whose token the request has; "" without a valid one."""
    try:
        return read_token(request.headers.get(HEADER, "")).session
    except BadToken:
        return ""


def save(found: Recommendation, caller: Caller) -> Recommendation:
    """Save a recommendation and return it. Without the cache it is returned all the same, and has no next page.

    In a share VISREC_EXPLORATION of the lists of similar products a result is one drawn by chance.
    """
    found = exploration.explore(found)
    content: SavedJson = {
        "account": caller.account,
        "session": caller.session,
        "key": caller.key,
        "query": saved_json.query_to_json(found.query),
        "plan": saved_json.plan_to_json(found.plan, explain=found.query.explain),
        "reason": found.reason,
        "page": saved_json.page_to_json(found),
    }
    trial = found.query.trial
    if trial and trial.exposure:
        experiment, arm, visitor = trial.exposure
        content["exposure"] = {"experiment": experiment, "arm": arm, "visitor": visitor}
    if found.exploration:
        drawn = found.exploration
        content["exploration"] = {
            "product": drawn.product,
            "position": drawn.position,
            "propensity": drawn.propensity,
        }
    try:
        text = json.dumps(content, cls=DjangoJSONEncoder)
        memory.client().set(_key(found.id), text, ex=settings.ANSWER_SECONDS)
        if trial and trial.exposure:
            counters.add(trial.exposure, counters.FULL if found.results else counters.EMPTY)
        if samples.is_drawn(found):
            samples.add(found.id)
    except RedisError as error:
        log.warning("a recommendation is not saved, the cache is unavailable: %s", error)
        return replace(found, has_next=False)
    return found


def load(recommendation: uuid.UUID, page: int, caller: Caller) -> Recommendation:
    """Load a page of a saved recommendation, without products hidden or sold out since; or add the one after the last.

    Raises NoSuchRecommendation if it has expired, never was or was another's, or has no such page;
    SavedResultsUnavailable without the cache.
    """
    keys = [_key(recommendation), *(_key(recommendation, number) for number in range(2, page + 1))]
    found = _read(keys)
    saved: SavedJson | None = found.get(keys[0])
    if saved is None or not caller.may_see(saved):
        raise NoSuchRecommendation(
            f"there is no recommendation {recommendation} for you: it expired after {settings.ANSWER_SECONDS} seconds, "
            "belongs to another client, or never existed"
        )
    pages: list[PageJson] = [saved["page"], *(found[name] for name in keys[1:] if name in found)]
    if len(pages) == page:
        return _recommendation(recommendation, saved, pages[-1])
    if len(pages) < page - 1:
        raise NoSuchRecommendation(
            f"page {page} of recommendation {recommendation} comes after page {page - 1}, which was not requested yet"
        )
    if not pages[-1]["has_next"]:
        raise NoSuchRecommendation(f"recommendation {recommendation} ends with page {page - 1}")
    _add_page(recommendation, saved, pages)
    # Of two requests at once both get the page of the first.
    return _recommendation(recommendation, saved, _read([keys[-1]])[keys[-1]])


def placements(recommendations: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return where these recommendations were shown, by id; without those that are no longer saved."""
    try:
        found = find_all(recommendations)
    except SavedResultsUnavailable as error:
        log.warning("placements are not known: %s", error)
        return {}
    return {recommendation: saved["query"]["placement"] for recommendation, saved in found.items()}


def find_all(recommendations: Iterable[uuid.UUID]) -> dict[uuid.UUID, SavedJson]:
    """Return what is saved of these recommendations, by id. Raises SavedResultsUnavailable without the cache."""
    names = {_key(recommendation): recommendation for recommendation in recommendations}
    found: dict[str, SavedJson] = _read(list(names)) if names else {}
    return {names[name]: saved for name, saved in found.items()}


def _add_page(recommendation: uuid.UUID, saved: SavedJson, pages: Sequence[PageJson]) -> None:
    """Save the page after these, with none of their products, whatever the visitor did meanwhile."""
    query, plan = saved_json.query_from_json(saved["query"]), saved_json.plan_from_json(saved["plan"])
    ids = [result["product"] for page in pages for result in page["results"]]
    added = replace(recommend.execute_plan(plan, query, earlier=ids), page=len(pages) + 1)
    with _cache_errors():
        text = json.dumps(saved_json.page_to_json(added))
        memory.client().set(_key(recommendation, added.page), text, ex=settings.ANSWER_SECONDS, nx=True)


def _recommendation(recommendation: uuid.UUID, saved: SavedJson, page: PageJson) -> Recommendation:
    plan = saved_json.plan_from_json({**saved["plan"], "activities": []})
    query = saved_json.query_from_json(saved["query"])
    results = saved_json.results_from_json(page["results"])
    return Recommendation(query, plan, results, saved["reason"], page["number"], page["has_next"], recommendation)


def _key(recommendation: uuid.UUID, page: int = 1) -> str:
    return f"recommendation:{recommendation}:{page}"


def _read(names: Sequence[str]) -> dict[str, Any]:
    with _cache_errors():
        texts = memory.client().mget(names)
    return {name: json.loads(text) for name, text in zip(names, texts, strict=True) if text is not None}


@contextmanager
def _cache_errors() -> Iterator[None]:
    """Raise SavedResultsUnavailable in place of the cache's own errors."""
    try:
        yield
    except RedisError as error:
        raise SavedResultsUnavailable("saved recommendations cannot be reached; try again in a moment") from error
