"""The shop's pages. Recommendations come in through the template tags of the recommender."""

import uuid
from typing import TypedDict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from catalog import facets, interactions, queries, visitors
from catalog.listing import Listing
from catalog.models import Product
from catalog.pages.forms import BrowseForm, OriginForm, RatingForm
from catalog.pages.paging import page_numbers, requested_page

NEWEST = 12
TILES = 12


class HtmxHttpRequest(HttpRequest):
    """A request that went through django_htmx's middleware, as all of this site do."""

    htmx: HtmxDetails


class Origin(TypedDict, total=False):
    """Arguments of interactions.record_visit for a visit that a recommendation led to."""

    recommendation_id: uuid.UUID
    position: int
    placement: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    categories = sorted(queries.categories_with_counts(), key=lambda category: -category.visible_products)[:TILES]
    images = queries.category_images(categories)
    context = {
        "newest": Product.objects.visible().in_stock().with_images()[:NEWEST],
        "tiles": [(category, images.get(category.pk)) for category in categories],
    }
    return render(request, "catalog/home.html", context)


@require_safe
@vary_on_headers("HX-Request")  # one address, a whole page or the part that changes
def products(request: HtmxHttpRequest) -> HttpResponse:
    form = BrowseForm(request.GET)
    found = Listing(form.order, form.filters, form.search_text)
    page = requested_page(found, request.GET)
    params = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if value and name not in ("page", "cursor")
    ]
    context = {"form": form, "page": page, "numbers": page_numbers(found, page), "params": urlencode(params)}
    context |= {"found": found, "facets": facets.choose(found)}
    template = "catalog/_results.html" if request.htmx else "catalog/products.html"
    return render(request, template, context)


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shown = get_object_or_404(Product.objects.visible().with_images(), sku=sku)
    is_visit = request.method == "GET" and not visitors.is_crawler(request) and not is_staff(request)
    visitor = visitors.get_or_create_visitor(request) if is_visit else visitors.get_visitor(request)
    rating = queries.find_rating(shown, shopper=visitor.shopper, session=visitor.session)
    details = [(name, value) for name, value in shown.attributes.items() if value not in ("", None)]
    response = render(request, "catalog/product.html", {"product": shown, "rating": rating, "details": details})
    if is_visit:  # last, as a request that has written no longer reads from a replica
        interactions.record_visit(visitor, shown, **parse_origin(request))
    return response


def is_staff(request: HttpRequest) -> bool:
    """Return whether staff looks at the shop: their views are work, not taste."""
    return request.user.is_authenticated and request.user.is_staff


def parse_origin(request: HttpRequest) -> Origin:
    """Parse ?rec=UUID&pos=N&at=PLACEMENT: the recommendation that led here; empty if it is invalid."""
    form = OriginForm(request.GET)
    if not form.is_valid():
        return {}
    found = form.cleaned_data
    return {"recommendation_id": found["rec"], "position": found["pos"], "placement": found["at"]}


@require_POST
def rate_product(request: HtmxHttpRequest, sku: str) -> HttpResponse:
    rated = get_object_or_404(Product.objects.visible(), sku=sku)
    form = RatingForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A product can be liked, disliked, or neither.")
        return redirect(rated)
    visitor = visitors.get_or_create_visitor(request)
    form.apply(visitor, rated)
    if request.htmx:
        rating = queries.find_rating(rated, shopper=visitor.shopper, session=visitor.session)
        return render(request, "catalog/_rating.html", {"product": rated, "rating": rating})
    return redirect(rated)
