"""Shoppers in the admin, to read only: the API and the shop's pages create them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from catalog.models import Interaction, Shopper

if TYPE_CHECKING:
    ShopperModelAdmin = admin.ModelAdmin[Shopper]
else:
    ShopperModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(Shopper)
class ShopperAdmin(ShopperModelAdmin):
    list_display = ["key", "account", "is_simulated", "interaction_count", "created_at"]
    list_filter = ["is_simulated"]
    list_select_related = ["account"]
    list_per_page = 50
    search_fields = ["key"]
    fields = ["key", "account", "is_simulated", "interaction_count", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Shopper | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Shopper | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shopper]:
        # A count for each row that is shown; a join would count for every shopper there is.
        own = Interaction.objects.filter(shopper=OuterRef("pk")).order_by().values("shopper")
        counts = own.annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(interaction_total=Coalesce(Subquery(counts), 0))

    @admin.display(description="interactions")
    def interaction_count(self, shopper: Shopper) -> int:
        return int(vars(shopper)["interaction_total"])  # get_queryset annotates it
