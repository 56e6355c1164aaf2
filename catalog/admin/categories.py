"""Categories in the admin, each with its number of products."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest

from catalog.models import Category

if TYPE_CHECKING:
    CategoryModelAdmin = admin.ModelAdmin[Category]
else:
    CategoryModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(Category)
class CategoryAdmin(CategoryModelAdmin):
    list_display = ["name", "product_count"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(product_total=Sum("product_counts__products", default=0))

    @admin.display(description="products", ordering="product_total")
    def product_count(self, category: Category) -> int:
        return int(vars(category)["product_total"])  # get_queryset annotates it
