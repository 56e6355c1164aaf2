"""Designs and demand gaps in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from catalog.models import Product
from recommender import broker
from recommender.designs import gap_reports, lifecycle
from recommender.models import Design, ModelVersion, Role
from recommender.versions import queries

if TYPE_CHECKING:
    DesignModelAdmin = admin.ModelAdmin[Design]
else:
    DesignModelAdmin = admin.ModelAdmin  # generic in the stubs alone


class DesignAdmin(DesignModelAdmin):
    """Designs, which can be seen and deleted but not changed; and the pages of demand gaps."""

    list_display = ["__str__", "shopper", "category", "product", "status", "created_at", "finished_at"]
    list_filter = ["status", "category"]
    list_select_related = ["shopper", "category", "product"]
    search_fields = ["shopper__key"]
    list_per_page = 50
    fields = ["shopper", "category", "product", "count", "eta", "budget", "status", "progress", "error", "tries"]
    fields += ["generator", "scorer", "embedding_version", "created_at", "started_at", "finished_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Design | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Design) -> None:
        lifecycle.delete(Design.objects.filter(pk=obj.pk))

    def get_urls(self) -> list[URLPattern]:
        added = [
            path("demand-gaps/", self.admin_site.admin_view(self.gaps_view), name="demand_gaps"),
            path("demand-gaps/<int:index>/", self.admin_site.admin_view(self.gap_view), name="demand_gap"),
        ]
        return [*added, *super().get_urls()]

    @method_decorator(csrf_protect)
    def gaps_view(self, request: HttpRequest) -> HttpResponse:
        """Show the last report on demand gaps; a POST has a worker search again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        generator = queries.active_version(Role.DESIGN)
        if request.method == "POST":
            if not super().has_change_permission(request):
                raise PermissionDenied
            sent = generator is not None and broker.send("find_gaps")
            if sent:
                text = "A worker starts the search when it has no training to do; it takes some minutes."
                self.message_user(request, text, messages.SUCCESS)
            else:
                text = "The search cannot start: there is no active generator, or the broker is not available."
                self.message_user(request, text, messages.ERROR)
            return redirect("admin:demand_gaps")
        report = gap_reports.load_report(generator) if generator else None
        context = {"title": "Demand gaps", "opts": ModelVersion._meta, "generator": generator, "report": report}
        skus = [gap.nearest for gap in report.gaps] if report else []
        nearest = {product.sku: product for product in Product.objects.filter(sku__in=skus).with_images()}
        context |= {
            "gaps": [(gap, nearest.get(gap.nearest)) for gap in report.gaps] if report else [],
            "made_at": report and parse_datetime(report.made_at),
            "is_looked_for": gap_reports.is_search_running(),
        }
        template = "admin/recommender/design/gaps.html"
        return render(request, template, self.admin_site.each_context(request) | context)

    def gap_view(self, request: HttpRequest, index: int) -> HttpResponse:
        """Return the image of a gap in the last report."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        generator = queries.active_version(Role.DESIGN)
        report = gap_reports.load_report(generator) if generator else None
        if generator is None or report is None or not 0 <= index < len(report.gaps):
            raise Http404(f"there is no gap {index}")
        image = (gap_reports.folder_of(generator) / report.gaps[index].file).read_bytes()
        return HttpResponse(image, content_type="image/png")
