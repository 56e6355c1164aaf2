"""Experiments in the admin: drafts are edited, then started, watched, stopped and concluded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_protect
from redis.exceptions import RedisError

from recommender.errors import ExperimentNotReady, VersionNotReady
from recommender.experiments import counters, figures, lifecycle
from recommender.experiments.counters import Responses
from recommender.experiments.figures import ArmFigures
from recommender.experiments.forms import ArmFormSet, ExperimentForm, VersionField
from recommender.experiments.models import Arm, Experiment, ExperimentState, Goal, Strategy
from recommender.experiments.statistics import Interval
from recommender.experiments.words import known, points

if TYPE_CHECKING:
    ExperimentModelAdmin = admin.ModelAdmin[Experiment]
    ArmStack = admin.StackedInline[Arm, Experiment]
else:
    ExperimentModelAdmin, ArmStack = admin.ModelAdmin, admin.StackedInline  # generic in the stubs alone

PARAMETERS: dict[str, Callable[[Any], str]] = {
    "diversity": lambda value: f"diversity {value:g}",
    "min_score": lambda value: f"scores from {value:g}",
    "exclude_seen": lambda value: f"{'without' if value else 'with'} products that the visitor knows",
}
VIEW, CHANGE, SWITCH = (f"recommender.{verb}_modelversion" for verb in ("view", "change", "activate"))


class ArmInline(ArmStack):
    model = Arm
    formset = ArmFormSet
    fields = ["name", "share", "version", "strategy", "diversity", "min_score", "exclude_seen"]
    extra = 0
    min_num = 2
    max_num = lifecycle.MOST_ARMS

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE)

    has_change_permission = has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(VIEW)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":  # without the admin's buttons to create one
            return VersionField()
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "exclude_seen" and found:
            found.widget.choices = [("unknown", "as requested"), ("true", "yes"), ("false", "no")]
        return found


@admin.register(Experiment)
class ExperimentAdmin(ExperimentModelAdmin):
    form = ExperimentForm
    inlines = [ArmInline]
    list_display = ["name", "role", "where", "state_shown", "goal", "started_at", "stopped_at", "winner"]
    list_filter = ["state", "role"]
    list_select_related = ["winner"]
    list_per_page = 50
    actions = None

    class Media:
        css = {"all": ["admin.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(VIEW)

    def has_view_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return request.user.has_perm(VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return request.user.has_perm(CHANGE) and (obj is None or obj.state == ExperimentState.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return request.user.has_perm(CHANGE) and (obj is None or obj.state == ExperimentState.DRAFT)

    @admin.display(description="placements")
    def where(self, experiment: Experiment) -> str:
        return ", ".join(experiment.placements) or "everywhere"

    @admin.display(description="state", ordering="state")
    def state_shown(self, experiment: Experiment) -> str:
        return format_html('<span class="state {}">{}</span>', experiment.state, experiment.get_state_display())

    def save_model(self, request: HttpRequest, obj: Experiment, form: ExperimentForm, change: bool) -> None:
        if change and Experiment.objects.select_for_update().get(pk=obj.pk).state != ExperimentState.DRAFT:
            raise PermissionDenied(f"{obj} was started meanwhile")
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        lifecycle.name_versions(form.instance)
        lifecycle.note(form.instance, request.user.get_username(), "Changed." if change else "Created.")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.step_view)
        return [path("<int:pk>/step/<slug:step>/", view, name="experiment_step"), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {"may_switch": request.user.has_perm(SWITCH)})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form of a draft; of another experiment, what is known."""
        experiment = self.get_object(request, object_id)
        may_switch = request.user.has_perm(SWITCH)
        if experiment is None or experiment.state == ExperimentState.DRAFT:
            draft = drawbacks(experiment) | {"entries": experiment.entries.all()} if experiment else {}
            return super().change_view(request, object_id, form_url, {"may_switch": may_switch} | draft)
        if not self.has_view_permission(request):
            return super().change_view(request, object_id)  # which refuses
        context = {"experiment": experiment, "title": str(experiment), "opts": self.opts, "media": self.media}
        context |= {"may_switch": may_switch} | shown(experiment)
        template = "admin/experiments/experiment/figures.html"
        return render(request, template, self.admin_site.each_context(request) | context)

    @method_decorator(csrf_protect)
    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Start, stop or conclude an experiment, or withdraw what won."""
        if not request.user.has_perm(SWITCH):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return self.take(request, get_object_or_404(Experiment, pk=pk), step)

    def response_add(self, request: HttpRequest, obj: Experiment, post_url_continue: str | None = None) -> HttpResponse:
        if "_start" in request.POST and request.user.has_perm(SWITCH):
            return self.take(request, obj, "start")
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Experiment) -> HttpResponse:
        if "_start" in request.POST and request.user.has_perm(SWITCH):
            return self.take(request, obj, "start")
        return super().response_change(request, obj)

    def take(self, request: HttpRequest, experiment: Experiment, step: str) -> HttpResponse:
        """Take a step, and lead to the page of the experiment."""
        by = request.user.get_username()
        try:
            if step == "start":
                lifecycle.start(experiment, by)
            elif step == "stop":
                lifecycle.stop(experiment, by)
            elif step == "withdraw":
                lifecycle.withdraw(experiment, by)
            else:
                chosen = request.POST.get("winner", "")
                winner = get_object_or_404(experiment.arms, pk=chosen) if chosen.isdecimal() else None
                lifecycle.conclude(experiment, by, winner)
        except (ExperimentNotReady, VersionNotReady) as error:
            rest = f" {experiment} is saved as a draft." if "_start" in request.POST else ""
            self.message_user(request, f"{error}.{rest}", messages.ERROR)
        else:
            text = experiment.entries.all()[0].text
            self.message_user(request, f"{experiment}: {text}", messages.SUCCESS)
            self.log_change(request, experiment, text)
        return redirect("admin:experiments_experiment_change", experiment.pk)


@dataclass(frozen=True)
class Row:
    """Row of the table of arms, as text."""

    arm: Arm
    shows: str
    fixes: str  # besides a version
    visitors: int
    lists: int
    reached: int
    rate: str
    rate_bounds: str
    difference: str
    difference_bounds: str
    served: str  # the versions whose lists were seen
    failed: str  # empty lists and errors, as long as they are counted


def shown(experiment: Experiment) -> dict[str, Any]:
    """Return what the page of an experiment shows of its figures."""
    found = figures.of(experiment)
    is_running = experiment.state == ExperimentState.RUNNING
    responses = responses_of(experiment) if is_running else {}
    rows = [
        Row(
            each.arm,
            described(each.arm),
            ", ".join(fixed(each.arm)),
            each.totals.visitors,
            each.totals.x,
            each.totals.y,
            f"{points(each.rate.value)} %" if each.totals.x else "–",
            bounds(each.rate, "%"),
            difference(each, found[0]),
            bounds(each.difference, "points") if each.difference else "",
            ", ".join(each.versions),
            failed(responses.get(each.arm.pk)),
        )
        for each in found
    ]
    return {
        "sentence": known(experiment, found),
        "rows": rows,
        "adopted": ", ".join(fixed(experiment.winner)) if experiment.adopted_at and experiment.winner else "",
        "goal": Goal(experiment.goal).label,
        "margin": f"{100 * experiment.margin:g}",
        "is_running": is_running,
        "is_open": experiment.state in (ExperimentState.RUNNING, ExperimentState.STOPPED),
        "entries": experiment.entries.all(),
    } | ({} if any(row.lists for row in rows) else unseen(experiment))


def drawbacks(experiment: Experiment) -> dict[str, Any]:
    """Return what the page of a draft warns of: deleted versions, and placements where nobody saw a list."""
    gone = [arm for arm in experiment.arms.all() if arm.lacks_version]
    return {"gone": gone} | unseen(experiment)


def unseen(experiment: Experiment) -> dict[str, Any]:
    """Return the placements of an experiment where nobody saw a list lately, and where somebody did; {} without any."""
    if not experiment.placements:
        return {}
    seen = figures.recent_placements()
    missing = [placement for placement in experiment.placements if placement not in seen]
    return {"unseen": missing, "seen": [name for name in seen if name]} if missing and seen else {}


def difference(own: ArmFigures, control: ArmFigures) -> str:
    """Return how much the rate of an arm is above the control's, as text; "" of the control, "–" without lists."""
    if own.difference is None:
        return ""
    return f"{points(own.difference.value)} points" if own.totals.x and control.totals.x else "–"


def responses_of(experiment: Experiment) -> dict[int, Responses]:
    """Return how many lists each arm gave; {} without the cache."""
    try:
        return counters.read(experiment.pk)
    except RedisError:
        return {}


def described(arm: Arm) -> str:
    """Return in words what an arm shows."""
    version = f"{arm.version_name} (deleted)" if arm.lacks_version else str(arm.version or "the active version")
    return ", ".join([*([version] if arm.strategy == Strategy.USUAL else []), *fixed(arm)])


def fixed(arm: Arm) -> list[str]:
    """Return in words what an arm fixes besides a version."""
    strategy = [] if arm.strategy == Strategy.USUAL else [arm.get_strategy_display()]
    return [*strategy, *(PARAMETERS[name](value) for name, value in arm.parameters.items())]


def bounds(interval: Interval, unit: str) -> str:
    """Return an interval in percent as text; "" without one."""
    if interval.low is None or interval.high is None:
        return ""
    return f"{points(interval.low)} to {points(interval.high)} {unit}"


def failed(responses: Responses | None) -> str:
    """Return how many of the lists were empty or errors, as text."""
    return f"{responses.failed:,} of {responses.total:,}" if responses else ""
