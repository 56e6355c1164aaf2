"""Designed for you: ask for pictures, see how far they are, look at them."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import visitors
from recommender.designs import gallery, lifecycle
from recommender.errors import (
    BlindTaste,
    DesignNotReady,
    NoActiveVersion,
    TooLittleHistory,
    TooManyDesigns,
    UnknownToGenerator,
)
from recommender.pages.forms import DesignForm, TailorForm

PAGE = 12
PICTURES = 12
REFUSED = (NoActiveVersion, BlindTaste, TooLittleHistory, TooManyDesigns, UnknownToGenerator)


@require_http_methods(["GET", "HEAD", "POST"])
def own_designs(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return query(request)
    return overview(request, DesignForm(initial={"category": request.GET.get("category")}))


@login_required
def query(request: HttpRequest) -> HttpResponse:
    """New pictures of a category, or of a product's `sku`."""
    form = TailorForm(request.POST) if "sku" in request.POST else DesignForm(request.POST)
    if not form.is_valid():
        return overview(request, DesignForm() if "sku" in request.POST else form, refused=form, status=400)
    shopper = visitors.get_or_create_visitor(request).shopper
    asked = form.cleaned_data
    try:
        if "sku" in request.POST:
            design = lifecycle.request_tailoring(shopper, asked["sku"], budget=form.budget)
        else:
            design = lifecycle.request(shopper, asked["category"], count=PICTURES, eta=form.eta)
    except REFUSED as error:
        messages.error(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return redirect(asked["sku"] if "sku" in request.POST else "designs")
    return redirect(design)


def overview(request: HttpRequest, form: DesignForm, refused=None, status: int = 200) -> HttpResponse:
    visitor = visitors.get_visitor(request)
    found = lifecycle.with_pictures(visitor.shopper)
    context = {
        "form": form,
        "refused": refused,
        "standing": lifecycle.standing(visitor.shopper),
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "recommender/designs.html", context, status=status)


@require_safe
@login_required
def design(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    shown = gallery.of(design_or_404(request, pk))
    form = TailorForm if shown.design.product_id else DesignForm
    context = {"gallery": shown, "design": shown.design, "form": form.like(shown.design)}
    return render(request, "recommender/design.html", context)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = design_or_404(request, pk)
    try:
        lifecycle.cancel(found)
    except DesignNotReady as error:
        messages.error(request, f"This {error}.")
    return redirect(found)


@require_POST
@login_required
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    lifecycle.remove(design_or_404(request, pk))
    messages.success(request, "The design and its pictures are gone.")
    return redirect("designs")


def design_or_404(request: HttpRequest, pk: uuid.UUID):
    return get_object_or_404(lifecycle.visible_to(request.user), pk=pk)
