"""The shop's products in the admin, with the time since when each is findable by similarity."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.csrf import csrf_protect

from catalog import readings
from catalog.admin.products import ImageInline, ProductAdmin
from catalog.models import Product, ProductImage
from recommender import broker
from recommender.admin import parts
from recommender.imports.models import ImportRun
from recommender.operations.uploads import active_embeddings, try_all_again, waiting
from recommender.versions.vectors import store

if TYPE_CHECKING:
    from django.contrib.admin.options import InlineModelAdmin


class FindableFilter(admin.SimpleListFilter):
    """Filter by whether the active similarity version has embedded an image of the product."""

    title = "findable"
    parameter_name = "findable"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Product]") -> list[tuple[str, str]]:
        return [("yes", "yes"), ("no", "not yet"), ("never", "a picture cannot be read")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() == "yes":
            return queryset.filter(Exists(active_embeddings().filter(product=OuterRef("pk"))))
        if self.value() == "no":
            return queryset.filter(pk__in=waiting())
        if self.value() == "never":
            return queryset.filter(pk__in=ProductImage.objects.unreadable().order_by().values("product"))
        return queryset


class PartInline(ImageInline):
    """ImageInline with the way to the part of each image that models look at."""

    fields = ["thumbnail", "size", "part_shown", "problem", "place"]
    readonly_fields = ["thumbnail", "size", "part_shown", "problem"]

    @admin.display(description="models look at")
    def part_shown(self, image: ProductImage) -> str:
        if image._state.adding:  # of the row that Django's script would add
            return ""
        text = "what they find" if image.part is None else "a chosen part"
        return format_html('<a href="{}">{}</a>', reverse("admin:catalog_product_part", args=[image.pk]), text)


class FindableProductAdmin(ProductAdmin):
    """ProductAdmin with a column and a filter for findable products, and an action that embeds images again."""

    list_display = [*ProductAdmin.list_display, "findable_since"]
    list_filter = [FindableFilter, *ProductAdmin.list_filter]
    actions = [*ProductAdmin.actions, "embed_again", "try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        own = active_embeddings().filter(product=OuterRef("pk"))
        first = own.values("product").annotate(first=Min("created_at")).values("first")
        return super().get_queryset(request).annotate(first_embedded_at=Subquery(first))

    def get_urls(self) -> list[URLPattern]:
        shown = self.admin_site.admin_view(partial(parts.part_view, self))
        return [
            path("import/", self.admin_site.admin_view(self.import_view), name="catalog_product_import"),
            path("try-again/", self.admin_site.admin_view(self.try_again_view), name="catalog_product_try_again"),
            path("pictures/<int:pk>/part/", shown, name="catalog_product_part"),
            *super().get_urls(),
        ]

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> "list[type[InlineModelAdmin[Any, Any]]]":
        return [PartInline] if obj else []

    @method_decorator(csrf_protect)
    def try_again_view(self, request: HttpRequest) -> HttpResponse:
        """Send to the workers again whatever could not be read or fetched."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.report_waiting(request, try_all_again())
        return redirect("admin:index")

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page on which a file is uploaded, which belongs to the imports."""
        return self.admin_site.get_model_admin(ImportRun).add_view(request)

    @admin.display(description="findable since")
    def findable_since(self, product: Product) -> str:
        since: datetime | None = getattr(product, "first_embedded_at", None)  # annotated by get_queryset
        problem = next((f"{image} {image.problem}" for image in product.images.all() if image.problem), None)
        return problem or (date_format(localtime(since), "j M Y, H:i:s") if since else "waiting")

    @admin.action(description="Embed again", permissions=["change"])
    def embed_again(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.report_waiting(request, store.embed_again(queryset))

    @admin.action(description="Try again to read pictures", permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        images = readings.try_again(ProductImage.objects.filter(product__in=queryset.values("pk")))
        broker.queue_embedding(images)
        self.report_waiting(request, len(images))

    def report_waiting(self, request: HttpRequest, count: int) -> None:
        self.message_user(
            request,
            f"{count} picture{' waits' if count == 1 else 's wait'} for a worker.",
            messages.SUCCESS,
        )
