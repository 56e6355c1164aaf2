"""Images that are yet to be fetched by their URLs, in the admin, to read only."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from catalog.admin.pagination import NearPages
from catalog.models import ImageDownload

if TYPE_CHECKING:
    DownloadModelAdmin = admin.ModelAdmin[ImageDownload]
else:
    DownloadModelAdmin = admin.ModelAdmin  # generic in the stubs alone


@admin.register(ImageDownload)
class DownloadAdmin(DownloadModelAdmin):
    list_display = ["product", "url", "tries", "retry_at", "problem", "created_at"]
    list_filter = [("retry_at", admin.EmptyFieldListFilter)]  # empty: it is not tried any more
    list_select_related = ["product"]
    list_per_page = 50
    show_full_result_count = False
    paginator = NearPages

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: ImageDownload | None = None) -> bool:
        return request.user.has_perm("catalog.change_product")  # as GET downloads/ of the API

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ImageDownload | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImageDownload | None = None) -> bool:
        return False
