"""The page of a visitor's own: what the shop has stored of them, all of it in a file, and its deletion."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog import interactions, queries, visitors
from recommender.designs import lifecycle
from recommender.models import ShopperVector


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Show what is stored of the visitor."""
    visitor = visitors.get_visitor(request)
    tastes = ShopperVector.objects.filter(shopper=visitor.shopper).select_related("version").defer("version__taste")
    context = {
        "counts": queries.counts_by_kind(shopper=visitor.shopper, session=visitor.session),
        "designs": lifecycle.designs_of(visitor.shopper).count(),
        "versions": [taste.version for taste in tastes.order_by("version")],
        "shopper": visitor.shopper,
    }
    return render(request, "recommender/me.html", context)


@require_POST
def forget_me(request: HttpRequest) -> HttpResponse:
    """Delete what is stored of the visitor, but for the account."""
    if request.POST.get("sure") != "yes":
        messages.error(request, "Nothing was deleted: tick the box first.")
        return redirect("me")
    visitor = visitors.get_visitor(request)
    if visitor.shopper:
        interactions.delete_history(visitor.shopper)
    else:
        interactions.delete_guest_history(visitor.session)
    messages.success(request, "Your history was deleted.")
    return redirect("me")
