"""The pages of what a visitor liked and has seen, from which one thing after another can be taken out."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog import interactions, queries, visitors
from catalog.models import Product
from catalog.pages.forms import RatingForm
from catalog.pages.views import HtmxHttpRequest

PAGE = 24  # products


@require_safe
def liked(request: HttpRequest) -> HttpResponse:
    """Show what the visitor likes."""
    visitor = visitors.get_visitor(request)
    found = queries.liked_by(shopper=visitor.shopper, session=visitor.session)
    return render(request, "catalog/liked.html", {"page": Paginator(found, PAGE).get_page(request.GET.get("page"))})


@require_POST
def keep_liked(request: HtmxHttpRequest, sku: str) -> HttpResponse:
    """Take a like back, or undo that."""
    product = get_object_or_404(Product.objects.visible().with_images(), sku=sku)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("A product can be liked, disliked, or neither.")
    visitor = visitors.get_or_create_visitor(request)
    form.apply(visitor, product)
    if not request.htmx:
        return redirect("liked")
    rating = queries.find_rating(product, shopper=visitor.shopper, session=visitor.session)
    return render(request, "catalog/_liked.html", {"product": product, "is_liked": rating == "like"})


@require_safe
def seen(request: HttpRequest) -> HttpResponse:
    """Show what the visitor has looked at."""
    visitor = visitors.get_visitor(request)
    found = queries.seen_by(shopper=visitor.shopper, session=visitor.session)
    return render(request, "catalog/seen.html", {"page": Paginator(found, PAGE).get_page(request.GET.get("page"))})


@require_POST
def forget_seen(request: HtmxHttpRequest, sku: str) -> HttpResponse:
    """Delete the visitor's visits to a product."""
    product = get_object_or_404(Product.objects.visible(), sku=sku)
    interactions.forget_visits(visitors.get_visitor(request), product)
    return HttpResponse() if request.htmx else redirect("seen")
