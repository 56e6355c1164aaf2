"""The shop's products in the back room, with since when each can be found by how it looks."""

from django.contrib import admin, messages
from django.db.models import Exists, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from catalog.admin.products import ProductAdmin
from catalog.models import Product
from recommender.models import ImageEmbedding, Role, State
from recommender.versions.vectors import store

SEEN = ImageEmbedding.objects.filter(
    product=OuterRef("pk"), version__role=Role.SIMILAR, version__state=State.ACTIVE
).order_by()


class FindableFilter(admin.SimpleListFilter):
    title = "findable"
    parameter_name = "findable"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", "yes"), ("no", "waiting")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(Exists(SEEN) if self.value() == "yes" else ~Exists(SEEN))


class FindableProductAdmin(ProductAdmin):
    list_display = [*ProductAdmin.list_display, "findable_since"]
    list_filter = [FindableFilter, *ProductAdmin.list_filter]
    actions = [*ProductAdmin.actions, "embed_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        first = SEEN.values("product").annotate(first=Min("created_at")).values("first")
        return super().get_queryset(request).annotate(first_seen=Subquery(first))

    @admin.display(description="findable since", ordering="first_seen")
    def findable_since(self, product: Product) -> str:
        if product.first_seen is None:
            return "waiting"
        return date_format(localtime(product.first_seen), "j M Y, H:i:s")

    @admin.action(description="Embed again", permissions=["change"])
    def embed_again(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        count = store.embed_again(queryset)
        self.message_user(
            request,
            f"{count} picture{' waits' if count == 1 else 's wait'} for a worker to look at them.",
            messages.SUCCESS,
        )
