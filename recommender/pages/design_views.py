"""The pages "Designed for you": request designs, follow their progress, see them."""

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
    CategoryNotLearned,
    DesignNotReady,
    NoActiveVersion,
    ScorerIgnoresImages,
    TooLittleHistory,
    TooManyDesigns,
)
from recommender.models import Design
from recommender.pages.forms import DesignForm, TailorForm

DESIGNS_PER_PAGE = 12
IMAGES_PER_DESIGN = 12
REFUSALS = (NoActiveVersion, ScorerIgnoresImages, TooLittleHistory, TooManyDesigns, CategoryNotLearned)


@require_http_methods(["GET", "HEAD", "POST"])
def designs(request: HttpRequest) -> HttpResponse:
    """Show the visitor's designs; a POST requests a new one."""
    if request.method == "POST":
        return request_design(request)
    return show_designs(request, DesignForm(initial={"category": request.GET.get("category")}))


@login_required
def request_design(request: HttpRequest) -> HttpResponse:
    """Request the tailoring of a product if the form has an `sku`, else new images of a category."""
    form: DesignForm | TailorForm = TailorForm(request.POST) if "sku" in request.POST else DesignForm(request.POST)
    if not form.is_valid():
        shown = DesignForm() if isinstance(form, TailorForm) else form
        return show_designs(request, shown, refused=form, status=400)
    shopper = visitors.get_or_create_visitor(request).shopper
    assert shopper is not None  # the visitor is signed in
    try:
        if isinstance(form, TailorForm):
            requested = lifecycle.request_tailoring(shopper, form.cleaned_data["sku"], budget=form.budget)
        else:
            category = form.cleaned_data["category"]
            requested = lifecycle.request(shopper, category, count=IMAGES_PER_DESIGN, eta=form.eta)
    except REFUSALS as error:
        messages.error(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return redirect(form.cleaned_data["sku"] if isinstance(form, TailorForm) else "designs")
    return redirect(requested)


def show_designs(
    request: HttpRequest, form: DesignForm, refused: DesignForm | TailorForm | None = None, status: int = 200
) -> HttpResponse:
    """Render the visitor's designs below a form; refused: a form with errors to show."""
    visitor = visitors.get_visitor(request)
    found = lifecycle.designs_with_images(visitor.shopper)
    context = {
        "form": form,
        "refused": refused,
        "standing": lifecycle.availability(visitor.shopper),
        "page": Paginator(found, DESIGNS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "recommender/designs.html", context, status=status)


@require_safe
@login_required
def design(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one design: its progress, or its images."""
    shown = gallery.build_gallery(design_or_404(request, pk, "recommender.view_design"))
    form = TailorForm if shown.design.product_id else DesignForm
    context = {"gallery": shown, "design": shown.design, "form": form.from_design(shown.design)}
    return render(request, "recommender/design.html", context)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Cancel a design that is not finished."""
    found = design_or_404(request, pk, "recommender.change_design")
    try:
        lifecycle.cancel(found)
    except DesignNotReady as error:
        messages.error(request, f"This {error}.")
    return redirect(found)


@require_POST
@login_required
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a design with its images."""
    lifecycle.remove(design_or_404(request, pk, "recommender.delete_design"))
    messages.success(request, "The design and its pictures were deleted.")
    return redirect("designs")


def design_or_404(request: HttpRequest, pk: uuid.UUID, permission: str) -> Design:
    """Return the design. Raises Http404 unless it is the visitor's own, or the visitor is staff with the permission."""
    assert request.user.is_authenticated  # the views require it
    return get_object_or_404(lifecycle.within_reach(request.user, permission), pk=pk)
