"""The pages that are all recommendation: for you, and find by photo."""

import base64

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from catalog import visitors
from recommender.errors import NoActiveVersion, WorkersUnavailable
from recommender.pages import strips
from recommender.pages.forms import PhotoForm
from recommender.serving import photos
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery

FOR_YOU = 24
PHOTO_RESULTS = 24
AWAY_SECONDS = 10  # what a client should wait before it tries again


@require_safe
def for_you(request: HttpRequest) -> HttpResponse:
    strip = strips.personal(visitors.get_visitor(request), FOR_YOU, Caller.of(request), explain=True)
    return render(request, "recommender/for_you.html", {"strip": strip})


@require_http_methods(["GET", "HEAD", "POST"])
def photo_search(request: HttpRequest) -> HttpResponse:
    form = PhotoForm(request.POST, request.FILES) if request.method == "POST" else PhotoForm()
    context = {"form": form}
    if request.method != "POST":
        return render(request, "recommender/photo_search.html", context)
    if not form.is_valid():
        return render(request, "recommender/photo_search.html", context, status=400)
    photo = form.cleaned_data["image"]
    context["photo"] = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"  # shown back, kept nowhere
    try:
        context["recommendation"] = photos.products_like(photo, RecommendationQuery(limit=PHOTO_RESULTS))
    except (WorkersUnavailable, NoActiveVersion) as error:
        context["away"] = error
        answer = render(request, "recommender/photo_search.html", context, status=503)
        answer["Retry-After"] = str(AWAY_SECONDS)
        return answer
    return render(request, "recommender/photo_search.html", context)
