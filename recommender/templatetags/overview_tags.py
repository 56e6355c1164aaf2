"""The tag of the admin's first page."""

from django import template
from django.conf import settings
from django.template import Context

from recommender.admin import indexes, overview, trends
from recommender.operations import queues, uploads
from recommender.schedules import planning
from recommender.serving import outcomes

register = template.Library()


@register.inclusion_tag("admin/recommender/overview.html", takes_context=True)
def recommender_overview(context: Context) -> dict[str, object]:
    """Render what shoppers do with recommendations and whether the recommender works, to who may see versions."""
    request = context["request"]
    if not request.user.has_perm("recommender.view_modelversion"):
        return {}
    days = overview.days_of(request.GET.get("days", ""))
    shown: dict[str, object] = {
        "ranges": overview.RANGES,
        "days": days,
        "may_try_again": request.user.has_perm("catalog.change_product"),
        "uploads": uploads.uploads(),
        "serving": overview.serving(),
        "trainings": overview.trainings(),
        "undecided": planning.undecided(),
        "queues": queues.queues(),
        "indexes": indexes.indexes(),
        "findable_chart": trends.findable_chart(days),
        "photo_chart": trends.photo_chart(days),
        "target": round(100 * settings.INDEX_RECALL),
    }
    if request.user.has_perm("recommender.view_impression"):
        shown["kinds"] = outcomes.KINDS
        shown["placement_charts"] = trends.placement_charts(days)
        shown["tables"] = {
            "Placement": overview.groups(("placement",), days),
            "Strategy and version": overview.groups(("strategy", "version"), days),
        }
    return shown
