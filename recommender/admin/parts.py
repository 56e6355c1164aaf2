"""The part of a product's image that models look at, in the admin: what they find, and what somebody chose."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from catalog import products
from catalog.images import WHOLE, Box
from catalog.models import Product, ProductImage
from recommender import broker
from recommender.errors import WorkersUnavailable
from recommender.serving.photos import EDGES, make_box

TEMPLATE = "admin/catalog/product/part.html"


class PartForm(forms.Form):
    """Edges of a part, in percent of the image's sides."""

    left = forms.FloatField(min_value=0, max_value=100)
    top = forms.FloatField(min_value=0, max_value=100)
    right = forms.FloatField(min_value=0, max_value=100)
    bottom = forms.FloatField(min_value=0, max_value=100)

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        try:
            return {"part": make_box([self.cleaned_data[edge] / 100 for edge in EDGES])}
        except ValueError as error:
            raise forms.ValidationError(f"That is no part of the picture: {error}") from error


def part_view(model_admin: "admin.ModelAdmin[Product]", request: HttpRequest, pk: int) -> HttpResponse:
    """Show the part of an image that models look at, or have them look at another one."""
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    image = get_object_or_404(ProductImage.objects.select_related("product"), pk=pk)
    form = PartForm(request.POST if request.method == "POST" and "found" not in request.POST else None)
    if request.method == "POST" and ("found" in request.POST or form.is_valid()):
        part = None if "found" in request.POST else form.cleaned_data["part"]
        row = products.choose_part(image, part)
        text = f"{row}: models look at {'what they find in it' if part is None else described(part)}."
        model_admin.log_change(request, image.product, text)
        model_admin.message_user(request, f"{text} Its similar styles follow in a moment.", messages.SUCCESS)
        return redirect("admin:catalog_product_part", row.pk)
    found, problem = find(image)
    shown = make_box(image.part) if image.part else found
    context = {
        "title": f"{image.product.title}: the part of a picture that models look at",
        "opts": Product._meta,
        "image": image,
        "form": form,
        "found": rectangle(found),
        "used": rectangle(shown),
        "percent": {name: round(100 * edge) for name, edge in zip(EDGES, shown, strict=True)},
        "is_whole": found == WHOLE,
        "problem": problem,
    }
    return render(request, TEMPLATE, model_admin.admin_site.each_context(request) | context)


def find(image: ProductImage) -> tuple[Box, str]:
    """Return the part of an image that models find, or all of it, and why they could not be asked."""
    try:
        found = broker.request_part(image.pk)
    except WorkersUnavailable as error:
        return WHOLE, f"What models find in it is not known: {error}."
    if found is None:
        return WHOLE, "The picture cannot be read."
    left, top, right, bottom = found
    return (left, top, right, bottom), ""


def described(part: Box) -> str:
    """Return a part in words."""
    left, top, right, bottom = (f"{100 * edge:g}" for edge in part)
    return f"{left} to {right} % of its width and {top} to {bottom} % of its height"


def rectangle(part: Box) -> dict[str, float]:
    """Return a part as an SVG's rectangle has it, in percent."""
    left, top, right, bottom = (100 * edge for edge in part)
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}
