"""Pages of two versions beside each other: measures, settings, losses, lists, and last week's requests by both."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from recommender.admin import charts, measures
from recommender.audits import off_policy, replay
from recommender.audits.models import Replay
from recommender.audits.paired import Difference
from recommender.errors import VersionNotReady
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion, Role, State
from recommender.serving import side_by_side
from recommender.versions import comparison

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[ModelVersion]
else:
    Base = object

MAX_ID = 2**63 - 1  # in PostgreSQL
MOST_OTHERS = 100  # versions to compare with that are offered
CHANGE = "recommender.change_modelversion"
PAGE = "admin/recommender/modelversion/compare.html"
FRAGMENT = "admin/recommender/modelversion/_replay.html"


class Comparisons(Base):
    """Pages of the admin of versions that compare two of them."""

    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show two versions of a role beside each other: measures, settings, losses and lists."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        others = ModelVersion.objects.filter(role=version.role).exclude(pk=pk).defer("taste")
        chosen, text = request.GET.get("other", ""), request.GET.get("sku", "").strip()
        other: ModelVersion | None
        if chosen.isdecimal():
            other = get_object_or_404(others, pk=min(int(chosen), MAX_ID))
        else:
            other = others.filter(state=State.ACTIVE).first() or others.filter(state__in=SERVABLE).first()
        context: dict[str, Any] = {"version": version, "other": other, "others": others[:MOST_OTHERS], "sku": text}
        if other:
            context |= comparison_of(other, version, text) | replay_of(other, version)
        context |= {"title": f"Compare {version}", "opts": self.opts, "media": self.media}
        context["may_replay"] = request.user.has_perm(CHANGE)
        return render(request, PAGE, self.admin_site.each_context(request) | context)

    @method_decorator(csrf_protect)
    def replay_view(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        """Show the replay by two versions, which the page reads every two seconds; a POST requests one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version, beside = (get_object_or_404(ModelVersion, pk=min(each, MAX_ID)) for each in (pk, other))
        if request.method != "POST":
            context = {"version": version, "other": beside, "may_replay": request.user.has_perm(CHANGE)}
            return render(request, FRAGMENT, context | replay_of(beside, version))
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        try:
            replay.request(beside, version, request.user.get_username())
        except VersionNotReady as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        return redirect(f"{reverse('admin:version_compare', args=[pk])}?other={other}#replay")


def comparison_of(first: ModelVersion, second: ModelVersion, text: str) -> dict[str, Any]:
    """Return what the page shows of two versions. text: the product, or the key of the shopper, of the only lists."""
    pairs = comparison.measures(first, second)
    can_serve = first.state in SERVABLE and second.state in SERVABLE
    sku = side_by_side.sku_of(text) if text and first.role == Role.SIMILAR else ""
    lists = side_by_side.lists_of(first, second, sku, text) if can_serve else []
    return {
        "measures": rows_of(pairs),
        "worse": [pair.name for pair in pairs if pair.is_worse],
        "settings": comparison.settings(first, second),
        "charts": charts.compared_losses([first, second]),
        "lists": lists,
        "shared": side_by_side.shared_share(lists),
        "can_serve": can_serve,
    }


def replay_of(first: ModelVersion, second: ModelVersion) -> dict[str, Any]:
    """Return what the page shows of the replay by two versions; {} where none is possible."""
    if first.role not in EMBEDDING_ROLES or not {first.state, second.state} <= {*SERVABLE}:
        return {}
    latest = replay.latest(first, second)
    done = Replay.objects.filter(first=first, second=second, finished_at__isnull=False).first()
    shown: dict[str, Any] = {"can_replay": True, "waits": latest if latest and not latest.finished_at else None}
    if done and done.figures:
        found: replay.Figures = done.figures
        shown |= {"done": done, "found": found, "differences": [row_of(each) for each in found["measures"]]}
        if estimated := found.get("off_policy"):  # missing in old ones
            shown |= {"estimated": estimated, "known": off_policy.describe(estimated, (str(first), str(second)))}
            shown["estimates"] = estimates_of(estimated)
        if share := found["shared"]:
            low, high = share["interval"] or (share["value"], share["value"])
            shown["changed"] = f"{100 * (1 - share['value']):.1f} % ({100 * (1 - high):.1f} to {100 * (1 - low):.1f})"
    return shown


def estimates_of(estimated: off_policy.OffPolicy) -> list[tuple[str, str, str]]:
    """Return the estimated share in percent, its interval and the reach of each version as text."""
    return [
        (
            "–" if each["value"] is None else f"{100 * each['value']:.2f} %",
            " to ".join(f"{100 * bound:.2f}" for bound in each["interval"] or []),
            f"{100 * each['reach']:.0f} %",
        )
        for each in estimated["estimates"]
    ]


def row_of(difference: Difference) -> tuple[Difference, list[str], str, str]:
    """Return a difference with its values, itself and its interval as text."""
    low, high = difference["interval"] or (None, None)
    interval = "" if low is None or high is None else f"{low:+.3f} to {high:+.3f}"
    return difference, [f"{value:.3f}" for value in difference["values"]], f"{difference['difference']:+.3f}", interval


def rows_of(pairs: Iterable[comparison.Pair]) -> list[tuple[str, list[str], bool]]:
    """Return name, both values with their intervals as text, and whether the second is worse, of each measure."""
    return [
        (pair.name, [measures.with_interval(*each) for each in zip(pair.values, pair.intervals, strict=True)],
         pair.is_worse)
        for pair in pairs
    ]  # fmt: skip
