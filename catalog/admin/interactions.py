"""Interactions in the admin, to read only: catalog.interactions alone writes them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from catalog import exports
from catalog.admin.exports import csv_response
from catalog.admin.pagination import NearPages
from catalog.models import Interaction, Product, Shopper

if TYPE_CHECKING:
    InteractionModelAdmin = admin.ModelAdmin[Interaction]
else:
    InteractionModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(Interaction)
class InteractionAdmin(InteractionModelAdmin):
    list_display = ["occurred_at", "visitor", "kind", "product", "position", "placement", "recommendation_id"]
    list_filter = ["kind", "occurred_at"]
    list_select_related = ["shopper", "product"]
    list_per_page = 50
    show_full_result_count = False
    paginator = NearPages
    search_fields = ["shopper__key"]  # shows the box; get_search_results decides
    actions = ["export"]
    search_help_text = "A shopper's key, a guest's session or a SKU, in full"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Interaction], search_term: str
    ) -> tuple[QuerySet[Interaction], bool]:
        if not search_term:
            return queryset, False
        matches = Q(session=search_term)
        # By their ids, not by subqueries, PostgreSQL reads three indexes; otherwise all interactions.
        for shopper in Shopper.objects.filter(key=search_term):
            matches |= Q(shopper=shopper)
        for product in Product.objects.filter(sku=search_term):
            matches |= Q(product=product)
        return queryset.filter(matches), False

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Interaction]) -> StreamingHttpResponse:
        return csv_response("interactions.csv", exports.EVENT, exports.event_records(queryset))

    @admin.display(description="who")
    def visitor(self, interaction: Interaction) -> str:
        return str(interaction.shopper) if interaction.shopper else f"guest {interaction.session[:8]}"
