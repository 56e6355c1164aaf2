"""The back room: products and their pictures, and what shoppers did."""

import tempfile
from dataclasses import replace
from pathlib import Path

from django.contrib import admin, messages
from django.contrib.admin.options import csrf_protect_m
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.html import format_html

from catalog import products
from catalog.admin.forms import ImageForm, ImportForm, ProductForm
from catalog.admin.pagination import NewestRows
from catalog.errors import ImportFailed
from catalog.importers import Report, import_products
from catalog.models import Category, Interaction, Product, ProductImage, Shopper
from catalog.templatetags.catalog_tags import money

admin.site.site_title = "VisRec"
admin.site.site_header = "VisRec back room"
admin.site.index_title = "What the shop is made of"
admin.site.enable_nav_sidebar = False  # lists need the width


class ReadOnly(admin.ModelAdmin):
    """For what only code may write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


def picture_tag(image: ProductImage | None, alt: str) -> str:
    if image is None:
        return "none"
    return format_html(
        '<img class="thumb" src="{}" width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        image.display_url,
        image.width,
        image.height,
        alt,
    )


class ImageInline(admin.TabularInline):
    """The pictures that are there; new ones come in through the product's own form."""

    model = ProductImage
    form = ImageForm
    fields = ["picture", "size", "place"]
    readonly_fields = ["picture", "size"]
    extra = max_num = 0
    verbose_name_plural = "pictures (the first is shown in lists)"

    @admin.display
    def picture(self, image: ProductImage) -> str:
        return picture_tag(image, str(image))

    @admin.display(description="pixels")
    def size(self, image: ProductImage) -> str:
        return f"{image.width} × {image.height}"


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    form = ProductForm
    list_display = ["picture", "title", "sku", "category", "price_shown", "in_stock", "is_hidden"]
    list_display_links = ["picture", "title"]
    list_filter = ["in_stock", "is_hidden", "category"]
    list_per_page = 50
    search_fields = ["sku", "title"]
    search_help_text = "SKU or title"
    fields = ["sku", "title", "category", "price", "currency", "in_stock", "is_hidden", "attributes", "pictures"]
    actions = ["hide", "show", "mark_sold_out", "mark_in_stock"]

    class Media:
        css = {"all": ["admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).with_images()

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> list[type]:
        return [ImageInline] if obj else []

    @admin.display
    def picture(self, product: Product) -> str:
        return picture_tag(product.primary_image, product.title)

    @admin.display(description="price", ordering="price")
    def price_shown(self, product: Product) -> str:
        return money(product.price, product.currency)

    def save_model(self, request: HttpRequest, obj: Product, form: ProductForm, change: bool) -> None:
        values = dict(form.cleaned_data)
        pictures = values.pop("pictures")
        if change:
            products.update(obj, **{name: values[name] for name in form.changed_data if name in values})
        else:
            obj.pk = products.create(**values).pk
        if pictures:
            products.add_images(obj, pictures)

    def save_formset(self, request: HttpRequest, form: ProductForm, formset, change: bool) -> None:
        kept = [row for row in formset.forms if row not in formset.deleted_forms]
        kept.sort(key=lambda row: row.cleaned_data["place"])
        products.delete_images(row.instance for row in formset.deleted_forms)
        products.arrange_images(form.instance, [row.instance.pk for row in kept])
        formset.new_objects = formset.changed_objects = formset.deleted_objects = []  # for the admin's own log

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        products.delete([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        products.delete(queryset)

    def get_deleted_objects(self, objs, request: HttpRequest) -> tuple:
        """Names and counts; the admin's own list would load every interaction and every vector."""
        chosen = [product.pk for product in objs]
        counts = {
            "products": len(chosen),
            "pictures": ProductImage.objects.filter(product__in=chosen).count(),
            "interactions": Interaction.objects.filter(product__in=chosen).count(),
        }
        return [str(product) for product in objs], counts, set(), []

    @admin.action(description="Hide from visitors", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.tell(request, products.hide(queryset), "hidden")

    @admin.action(description="Show to visitors", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.tell(request, products.show(queryset), "shown")

    @admin.action(description="Mark as sold out", permissions=["change"])
    def mark_sold_out(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.tell(request, products.mark_in_stock(queryset, False), "marked as sold out")

    @admin.action(description="Mark as in stock", permissions=["change"])
    def mark_in_stock(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.tell(request, products.mark_in_stock(queryset, True), "marked as in stock")

    def tell(self, request: HttpRequest, count: int, what: str) -> None:
        self.message_user(request, f"{count} product{'' if count == 1 else 's'} {what}.", messages.SUCCESS)

    def get_urls(self) -> list:
        here = path("import/", self.admin_site.admin_view(self.import_view), name="catalog_product_import")
        return [here, *super().get_urls()]

    @csrf_protect_m
    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        context = self.admin_site.each_context(request) | {"form": form, "title": "Import products", "opts": self.opts}
        if form.is_valid():
            try:
                context["report"] = imported(form.cleaned_data["source"])
            except ImportFailed as error:
                form.add_error("source", str(error))
        return render(request, "admin/catalog/product/import.html", context)


def imported(upload: UploadedFile) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / Path(upload.name).name
        with source.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        try:
            report = import_products(source)
        except ImportFailed as error:
            raise ImportFailed(named_as_sent(str(error), folder)) from error
    report.problems = [replace(problem, place=named_as_sent(problem.place, folder)) for problem in report.problems]
    return report


def named_as_sent(text: str, folder: str) -> str:
    """The uploader knows the file by its name, not by where it lay here for a while."""
    return text.replace(f"{folder}/", "")


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "products_in_it"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(product_count=Count("products"))

    @admin.display(description="products", ordering="product_count")
    def products_in_it(self, category: Category) -> int:
        return category.product_count


@admin.register(Interaction)
class InteractionAdmin(ReadOnly):
    list_display = ["occurred_at", "visitor", "kind", "product", "position", "placement", "recommendation_id"]
    list_filter = ["kind", "occurred_at"]
    list_select_related = ["shopper", "product"]
    list_per_page = 50
    show_full_result_count = False
    paginator = NewestRows
    search_fields = ["shopper__key"]  # shows the box; get_search_results decides
    search_help_text = "A shopper's key, a guest's session or a SKU, in full"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Interaction], search_term: str) -> tuple:
        if not search_term:
            return queryset, False
        wanted = (
            Q(shopper__in=Shopper.objects.filter(key=search_term))
            | Q(product__in=Product.objects.filter(sku=search_term))
            | Q(session=search_term)
        )
        return queryset.filter(wanted), False

    @admin.display(description="who")
    def visitor(self, interaction: Interaction) -> str:
        return str(interaction.shopper) if interaction.shopper else f"guest {interaction.session[:8]}"


@admin.register(Shopper)
class ShopperAdmin(ReadOnly):
    list_display = ["key", "account", "is_simulated", "interaction_count", "created_at"]
    list_filter = ["is_simulated"]
    list_select_related = ["account"]
    list_per_page = 50
    search_fields = ["key"]
    fields = ["key", "account", "is_simulated", "interaction_count", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shopper]:
        # A count for each row that is shown; a join would count for every shopper there is.
        mine = Interaction.objects.filter(shopper=OuterRef("pk")).order_by().values("shopper")
        counted = mine.annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(interactions_kept=Coalesce(Subquery(counted), 0))

    @admin.display(description="interactions")
    def interaction_count(self, shopper: Shopper) -> int:
        return shopper.interactions_kept
