"""Impressions in the admin, to read only: recommender.serving.impressions alone writes them."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from catalog.admin.pagination import NearPages
from recommender.models import Impression

if TYPE_CHECKING:
    ImpressionModelAdmin = admin.ModelAdmin[Impression]
else:
    ImpressionModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(Impression)
class ImpressionAdmin(ImpressionModelAdmin):
    list_display = ["shown_at", "placement", "strategy", "version", "seen", "recommendation_id"]
    list_filter = ["strategy", "shown_at"]
    list_per_page = 50
    show_full_result_count = False
    paginator = NearPages

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Impression | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Impression | None = None) -> bool:
        return False

    @admin.display(description="positions seen")
    def seen(self, impression: Impression) -> str:
        return ", ".join(map(str, impression.positions))
