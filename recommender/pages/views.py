"""The pages that consist of recommendations: for you, and find by photo."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog import visitors
from recommender.errors import NoActiveVersion, WorkersUnavailable
from recommender.models import Role
from recommender.pages import strips
from recommender.pages.forms import PhotoSearchForm
from recommender.pages.shown_photo import ShownPhoto
from recommender.serving import photos, saved, shadow
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from recommender.throttling import PhotoThrottle

FOR_YOU = 24  # products
PHOTO_RESULTS = 24
RETRY_SECONDS = 10  # for the header Retry-After

View = TypeVar("View", bound=Callable[..., HttpResponse])


@require_safe
def for_you(request: HttpRequest) -> HttpResponse:
    """Show what the visitor would like, each with the products that it was recommended for."""
    version = (shadow.versions(request) or {}).get(Role.PERSONAL)
    visitor, caller = visitors.get_visitor(request), Caller.of(request)
    strip = strips.personal(visitor, FOR_YOU, caller, "for-you", explain=True, version=version)
    return render(request, "recommender/for_you.html", {"strip": strip})


@require_POST
def leave_shadow(request: HttpRequest) -> HttpResponse:
    """Show staff the shop as everybody sees it."""
    shadow.leave(request)
    return redirect("home")


def accepts_body(limit: int) -> Callable[[View], View]:
    """Return a decorator for a view whose body may have this many bytes."""

    def decorator(view: View) -> View:
        vars(view)["body_limit"] = limit
        return view

    return decorator


@accepts_body(settings.IMAGE_BODY_LIMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def photo_search(request: HttpRequest) -> HttpResponse:
    """Show a form for a photo; a POST shows products that look like the photo."""
    throttle = PhotoThrottle()
    if request.method == "POST" and not throttle.allow_request(Request(request), APIView()):
        context: dict[str, object] = {"form": PhotoSearchForm(), "unavailable": "too many photos; wait a moment"}
        response = render(request, "recommender/photo_search.html", context, status=429)
        response["Retry-After"] = str(math.ceil(throttle.wait()))
        return response
    if request.method != "POST":
        return render(request, "recommender/photo_search.html", {"form": PhotoSearchForm()})
    form = PhotoSearchForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "recommender/photo_search.html", {"form": form}, status=400)
    shown: ShownPhoto = form.cleaned_data["shown"]
    context = {"form": form, "shown": shown}
    try:
        query = RecommendationQuery(limit=PHOTO_RESULTS, placement="photo")
        found = saved.save(photos.products_like(shown.photo, query), Caller.of(request))
    except (WorkersUnavailable, NoActiveVersion) as error:
        context["unavailable"] = error
        response = render(request, "recommender/photo_search.html", context, status=503)
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
    assert found.photo is not None
    context |= {"recommendation": found, "shown": replace(shown, findings=found.photo)}
    return render(request, "recommender/photo_search.html", context)
