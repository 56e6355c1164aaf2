"""Products and their images in the admin."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.html import format_html

from catalog import exports, products
from catalog.admin.exports import csv_response
from catalog.admin.forms import ImageForm, ProductForm
from catalog.admin.pagination import NearPages
from catalog.models import Interaction, Product, ProductImage
from catalog.search import search_products
from catalog.templatetags.catalog_tags import money

if TYPE_CHECKING:
    from django.contrib.admin.options import InlineModelAdmin

    ProductModelAdmin = admin.ModelAdmin[Product]
    ImageTabularInline = admin.TabularInline[ProductImage, Product]
else:
    ProductModelAdmin, ImageTabularInline = admin.ModelAdmin, admin.TabularInline  # generic in the stubs alone


def image_tag(image: ProductImage | None, alt: str) -> str:
    if image is None:
        return "none"
    return format_html(
        '<img class="thumb" src="{}" width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        image.display_url,
        image.width,
        image.height,
        alt,
    )


class ImageInline(ImageTabularInline):
    """Images that are stored already; new ones come in through the product's own form."""

    model = ProductImage
    form = ImageForm
    fields = ["thumbnail", "size", "problem", "place"]
    readonly_fields = ["thumbnail", "size", "problem"]
    extra = max_num = 0
    verbose_name_plural = "pictures (the first is shown in lists)"

    @admin.display(description="picture")
    def thumbnail(self, image: ProductImage) -> str:
        return image_tag(image, str(image))

    @admin.display(description="pixels")
    def size(self, image: ProductImage) -> str:
        return f"{image.width} × {image.height}"


@admin.register(Product)
class ProductAdmin(ProductModelAdmin):
    form = ProductForm
    list_display = ["thumbnail", "title", "sku", "category", "price_shown", "in_stock", "is_hidden"]
    list_display_links = ["thumbnail", "title"]
    list_filter = ["in_stock", "is_hidden", "category"]
    list_per_page = 50
    sortable_by = ["title", "sku", "price_shown"]  # those with an index
    paginator = NearPages
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count all products once for each value of each filter
    search_fields = ["title"]  # shows the box; get_search_results decides
    search_help_text = "Words of the title, the SKU, the category and the attributes"
    fields = ["sku", "title", "category", "price", "currency", "in_stock", "is_hidden", "url", "attributes", "pictures"]
    actions = ["hide", "show", "mark_sold_out", "mark_in_stock", "export"]

    class Media:
        css = {"all": ["admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).select_related("category").prefetch_related("images")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        return search_products(queryset, search_term), False

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> "list[type[InlineModelAdmin[Any, Any]]]":
        return [ImageInline] if obj else []

    @admin.display(description="picture")
    def thumbnail(self, product: Product) -> str:
        return image_tag(product.primary_image, product.title)

    @admin.display(description="price", ordering="price")
    def price_shown(self, product: Product) -> str:
        return money(product.price, product.currency)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Product.DoesNotExist as error:  # deleted by somebody else while it is being saved
            raise Http404(str(error)) from error

    def save_model(self, request: HttpRequest, obj: Product, form: ProductForm, change: bool) -> None:
        values = dict(form.cleaned_data)
        images = values.pop("pictures")
        if change:
            products.update(obj, **{name: values[name] for name in form.changed_data if name in values})
        else:
            obj.pk = products.create(**values).pk
        if images:
            products.add_images(obj, images)

    def save_formset(
        self,
        request: HttpRequest,
        form: ProductForm,
        formset: "BaseInlineFormSet[ProductImage, Product, ImageForm]",
        change: bool,
    ) -> None:
        remaining = [row for row in formset.forms if row not in formset.deleted_forms]
        remaining.sort(key=lambda row: row.cleaned_data["place"])
        products.delete_images([row.instance for row in formset.deleted_forms])
        products.arrange_images(form.instance, [row.instance.pk for row in remaining])
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # for the admin's own log

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        products.delete([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        products.delete(queryset)

    def get_deleted_objects(
        self, objs: Iterable[Product], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return names and counts; the admin's own list would load every interaction and every vector."""
        chosen = list(objs)
        counts = {
            "products": len(chosen),
            "pictures": ProductImage.objects.filter(product__in=chosen).count(),
            "interactions": Interaction.objects.filter(product__in=chosen).count(),
        }
        return [str(product) for product in chosen], counts, set(), []

    @admin.action(description="Hide from visitors", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.report_count(request, products.hide(queryset), "hidden")

    @admin.action(description="Show to visitors", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.report_count(request, products.show(queryset), "shown")

    @admin.action(description="Mark as sold out", permissions=["change"])
    def mark_sold_out(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.report_count(request, products.mark_in_stock(queryset, False), "marked as sold out")

    @admin.action(description="Mark as in stock", permissions=["change"])
    def mark_in_stock(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.report_count(request, products.mark_in_stock(queryset, True), "marked as in stock")

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Product]) -> StreamingHttpResponse:
        return csv_response("products.csv", exports.product_columns(), exports.product_records(queryset))

    def report_count(self, request: HttpRequest, count: int, outcome: str) -> None:
        self.message_user(request, f"{count} product{'' if count == 1 else 's'} {outcome}.", messages.SUCCESS)
