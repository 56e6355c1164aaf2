"""The shop's pages. What the machine recommends comes in through the tags of the recommender."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from catalog import interactions, queries, visitors
from catalog.models import Kind, Product
from catalog.pages.forms import BrowseForm, OriginForm, VerdictForm

PAGE = 24
NEWEST = 12
TILES = 12


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    categories = sorted(queries.categories_with_counts(), key=lambda category: -category.visible_products)[:TILES]
    pictures = queries.category_images(categories)
    context = {
        "newest": Product.objects.visible().in_stock().with_images()[:NEWEST],
        "tiles": [(category, pictures.get(category.pk)) for category in categories],
    }
    return render(request, "catalog/home.html", context)


@require_safe
@vary_on_headers("HX-Request")  # one address, a whole page or the part that changes
def products(request: HttpRequest) -> HttpResponse:
    form = BrowseForm(request.GET, list(queries.categories_with_counts()))
    found = queries.search_products(Product.objects.visible(), form.search_text)
    found = queries.narrow(found, **form.filters).with_images().order_by(form.order, "-pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    asked = {name: value for name, value in request.GET.items() if value and name != "page"}
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    context = {"form": form, "page": page, "numbers": numbers, "asked": urlencode(asked)}
    template = "catalog/_results.html" if request.htmx else "catalog/products.html"
    return render(request, template, context)


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shown = get_object_or_404(Product.objects.visible().with_images(), sku=sku)
    if request.method == "GET" and not visitors.is_crawler(request):
        visitor = visitors.get_or_create_visitor(request)
        interactions.record_visit(visitor, shown, **origin(request))
    else:
        visitor = visitors.get_visitor(request)
    verdict = queries.verdict(shown, shopper=visitor.shopper, session=visitor.session)
    details = [(name, value) for name, value in shown.attributes.items() if value not in ("", None)]
    return render(request, "catalog/product.html", {"product": shown, "verdict": verdict, "details": details})


def origin(request: HttpRequest) -> dict:
    """The recommendation that led here and the place in it, out of ?rec=UUID&pos=N; nothing if they make no sense."""
    form = OriginForm(request.GET)
    if not form.is_valid():
        return {}
    return {"recommendation_id": form.cleaned_data["rec"], "position": form.cleaned_data["pos"]}


@require_POST
def judge(request: HttpRequest, sku: str) -> HttpResponse:
    judged = get_object_or_404(Product.objects.visible(), sku=sku)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A product can be liked, disliked, or neither.")
        return redirect(judged)
    visitor, said = visitors.get_or_create_visitor(request), form.cleaned_data["verdict"]
    if said == "none":
        interactions.withdraw(visitor, judged)
    else:
        interactions.judge(visitor, judged, Kind(said))
    if request.htmx:
        verdict = queries.verdict(judged, shopper=visitor.shopper, session=visitor.session)
        return render(request, "catalog/_verdict.html", {"product": judged, "verdict": verdict})
    return redirect(judged)
