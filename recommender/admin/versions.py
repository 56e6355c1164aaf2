"""Model versions in the admin: train, follow, activate, roll back, cancel and delete them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.views.decorators.csrf import csrf_protect

from catalog.models import Product
from recommender.admin import charts, measures
from recommender.admin.comparisons import Comparisons, rows_of
from recommender.admin.designs import DesignAdmin
from recommender.admin.forms import TrainForm, method_form
from recommender.admin.maps import TasteMaps
from recommender.admin.methods import choose_view, method_of, training_fieldsets
from recommender.admin.products import FindableProductAdmin
from recommender.errors import TrainingRefused, VersionNotReady
from recommender.experiments.models import Arm, ExperimentState
from recommender.models import LIVE, SERVABLE, UNFINISHED, Activation, Design, ImageEmbedding, ModelVersion, Role, State
from recommender.operations import training_checks
from recommender.serving import shadow
from recommender.versions import comparison, history, lifecycle, previews, progress, queries, retention, training_log
from recommender.versions.training_log import MOST_LINES

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

    VersionModelAdmin = admin.ModelAdmin[ModelVersion]
else:
    VersionModelAdmin = admin.ModelAdmin  # generic in the stubs alone

PROGRESS = "admin/recommender/modelversion/_progress.html"

admin.site.unregister(Product)
admin.site.register(Product, FindableProductAdmin)
admin.site.register(Design, DesignAdmin)


def train_again(version: ModelVersion, by: str, reason: str) -> ModelVersion:
    """Queue the training of a version again, unless the shop has too little for it by now. Raises TrainingRefused."""
    training_checks.check_before(version.method)
    return lifecycle.train_again(version, by)


@dataclass(frozen=True)
class Step:
    """Action on a version, after a page of confirmation."""

    verb: Callable[[ModelVersion, str, str], ModelVersion | None]  # of the version, the account that takes it and why
    label: str
    states: Sequence[State]  # in which the action is possible
    consequence: str
    done: str  # {} is the version, and a second one the version that the action returned
    permission: str = "recommender.change_modelversion"
    later: str = ""  # what happens if it is activated later; {} is the version that the action returned


ENDED = (*SERVABLE, State.FAILED, State.CANCELLED)
ACTIVATE = "recommender.activate_modelversion"
LATER = "{} is active as soon as a worker has embedded the pictures that it lacks."
STEPS = {
    "activate": Step(
        lambda version, by, reason: lifecycle.request_activation(version, by, reason=reason),
        "Activate",
        tuple(state for state in SERVABLE if state != State.ACTIVE),
        "All visitors get its recommendations from the next request on. The version that serves now is retired, and "
        "stays available.",
        "{} is active now.",
        ACTIVATE,
        LATER,
    ),
    "roll-back": Step(
        lambda version, by, reason: lifecycle.roll_back(Role(version.role), by, leaving=version, reason=reason),
        "Roll back",
        (State.ACTIVE,),
        "The version that served before is activated again. This one is retired, and stays available.",
        "{} was retired; {} is active again.",
        ACTIVATE,
        LATER,
    ),
    "resume": Step(
        lambda version, by, reason: lifecycle.queue_training(version),
        "Resume",
        (State.INTERRUPTED,),
        "A worker continues the training after the last complete epoch.",
        "{} is queued; a worker continues its training.",
    ),
    "train-again": Step(
        train_again,
        "Train again",
        ENDED,
        "A worker trains a new version with the same method, settings, epochs and seed.",
        "{1} is queued, with all that {0} had.",
        "recommender.add_modelversion",
    ),
    "cancel": Step(
        lambda version, by, reason: lifecycle.cancel(version),
        "Cancel",
        UNFINISHED,
        "Its training stops, and the version cannot be used or resumed.",
        "{} was cancelled.",
    ),
}


def may_activate(request: HttpRequest) -> bool:
    """Return whether the caller may put a version into service."""
    return request.user.has_perm(ACTIVATE)


@admin.register(ModelVersion)
class ModelVersionAdmin(Comparisons, TasteMaps, VersionModelAdmin):
    list_display = ["name", "role", "state_shown", "progress_shown", "headline", "created_at", "started_by"]
    list_display += ["activated_at"]
    list_filter = ["role", "state", "method"]
    list_per_page = 50
    actions = None
    readonly_fields = ["state_shown", "progress_here", "error", "chart", "metrics_shown", "reliability", "sheet"]
    readonly_fields += ["removed_on", "started_by", "log"]
    facts = (
        *("role", "method", "number", "started_by", "worker", "settings", "epochs", "seed", "dimensions", "metric"),
        "good_match",
    )
    times = ("created_at", "started_at", "finished_at", "activated_at", "activation_requested_at", "removed_on")

    class Media:
        js = ["vendor/htmx.min.js"]

    def get_fieldsets(self, request: HttpRequest, obj: ModelVersion | None = None) -> "_FieldsetSpec":
        if obj is None:
            return training_fieldsets(self.get_form(request))
        state = ("state_shown", "progress_here", *(["error"] if obj.error else []))
        return [
            (None, {"fields": state}),
            (
                "Training",
                {
                    "fields": (
                        "chart",
                        "metrics_shown",
                        *(["reliability"] if "reliability" in obj.metrics else []),
                        *(["sheet"] if previews.epochs(obj) else []),
                        *(["log"] if training_log.file_of(obj).exists() else []),
                    )
                },
            ),
            ("Facts", {"fields": self.facts}),
            ("Times", {"fields": self.times}),
        ]

    def get_form(
        self, request: HttpRequest, obj: ModelVersion | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None and (method := method_of(request)):
            form = method_form(TrainForm, method, {})
            if not may_activate(request):
                del form.base_fields["activate_when_ready"]
            return form
        return super().get_form(request, obj, change, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        method = method_of(request)
        if not method:
            return choose_view(self, request, "Train a version")
        title = {"title": f"Train {method}", "subtitle": None, "minutes": progress.minutes_before(method)}
        return super().add_view(request, form_url, {**(extra_context or {}), **title})

    def response_add(
        self, request: HttpRequest, obj: ModelVersion, post_url_continue: str | None = None
    ) -> HttpResponse:
        text = f"{obj} is queued. This page follows it."
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:recommender_modelversion_change", obj.pk)

    def has_change_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False  # a version is changed by the steps above alone

    def get_deleted_objects(
        self, objs: Iterable[ModelVersion], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return names and counts, and the arms that lose a version; the admin's own list would load every vector."""
        objs = list(objs)
        chosen = [version.pk for version in objs]
        counts = {"versions": len(chosen), "vectors": ImageEmbedding.objects.filter(version__in=chosen).count()}
        arms = Arm.objects.filter(version__in=chosen, experiment__state=ExperimentState.RUNNING)
        lost = [
            f"{arm} of the experiment {arm.experiment}, which runs: it is stopped"
            for arm in arms.select_related("experiment")
        ]
        return [*map(str, objs), *lost], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: ModelVersion) -> None:
        lifecycle.delete(obj)

    def has_delete_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        idle = obj is None or obj.state not in (State.ACTIVE, *LIVE)
        return idle and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ModelVersion, form: TrainForm, change: bool) -> None:
        values = form.cleaned_data
        version = lifecycle.register(
            values["method"],
            method_settings=values["settings"],
            epochs=values["epochs"],
            seed=values["seed"],
            activate=values.get("activate_when_ready", False),
            by=request.user.get_username(),
        )
        lifecycle.queue_training(version)
        obj.pk, obj.number = version.pk, version.number

    @admin.display(description="version", ordering="method")
    def name(self, version: ModelVersion) -> str:
        return str(version)

    @admin.display(description="state", ordering="state")
    def state_shown(self, version: ModelVersion) -> str:
        state = f"{version.get_state_display()}{', to be activated' if version.activation_requested_at else ''}"
        return format_html('<span class="state {}">{}</span>', version.state, state)

    @admin.display(description="by", ordering="by")
    def started_by(self, version: ModelVersion) -> str:
        return version.by or "a command"

    @admin.display(description="removed on")
    def removed_on(self, version: ModelVersion) -> str:
        """Return the date from which on the sweep removes the version; a dash if it is retained."""
        date = retention.removal_dates().get(version.pk)
        return date_format(localtime(date)) if date else "–"

    @admin.display(description="progress")
    def progress_shown(self, version: ModelVersion) -> str:
        return render_to_string(PROGRESS, progress_of(version))

    @admin.display(description="progress")
    def progress_here(self, version: ModelVersion) -> str:
        return render_to_string(PROGRESS, progress_of(version) | {"place": progress.queue_position(version)})

    @admin.display(description="measures")
    def headline(self, version: ModelVersion) -> str:
        return measures.headline(version.metrics)

    @admin.display(description="losses")
    def chart(self, version: ModelVersion) -> str:
        return render_to_string("admin/recommender/modelversion/_losses.html", {"charts": charts.loss_charts(version)})

    @admin.display(description="measures")
    def metrics_shown(self, version: ModelVersion) -> str:
        rows = measures.table(version.metrics)
        return render_to_string("admin/recommender/modelversion/_measures.html", {"rows": rows})

    @admin.display(description="chances")
    def reliability(self, version: ModelVersion) -> str:
        chart = charts.reliability_chart(version.metrics.get("reliability", []))
        return render_to_string("admin/recommender/modelversion/_reliability.html", {"chart": chart})

    @admin.display(description="log")
    def log(self, version: ModelVersion) -> str:
        lines = training_log.last_lines(version)
        return render_to_string("admin/recommender/modelversion/_log.html", {"lines": lines, "most": MOST_LINES})

    @admin.display(description="pictures")
    def sheet(self, version: ModelVersion) -> str:
        newest, *earlier = previews.few_epochs(version)
        context = {"version": version, "newest": newest, "earlier": earlier}
        return render_to_string("admin/recommender/modelversion/_sheets.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        steps = {
            name: step
            for name, step in STEPS.items()
            if version and version.state in step.states and request.user.has_perm(step.permission)
        }
        context = {"steps": steps, "version": version, "can_be_seen": version and shadow.can_be_seen(version)}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        added = [
            path("<int:pk>/progress/", self.admin_site.admin_view(self.progress_view), name="version_progress"),
            path("<int:pk>/sheets/<int:epoch>/", self.admin_site.admin_view(self.sheet_view), name="version_sheet"),
            path("<int:pk>/step/<slug:step>/", self.admin_site.admin_view(self.step_view), name="version_step"),
            path("<int:pk>/shadow/", self.admin_site.admin_view(self.shadow_view), name="version_shadow"),
            path("map/", self.admin_site.admin_view(self.taste_map_view), name="taste_map"),
            path("<int:pk>/map/", self.admin_site.admin_view(self.map_view), name="version_map"),
            path("<int:pk>/compare/", self.admin_site.admin_view(self.compare_view), name="version_compare"),
            path("<int:pk>/replay/<int:other>/", self.admin_site.admin_view(self.replay_view), name="version_replay"),
            path("activations/", self.admin_site.admin_view(self.activations_view), name="version_history"),
        ]
        return [*added, *super().get_urls()]

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the progress, which the page reads every two seconds; after the training, have the page reload."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        shown = progress_of(version) | {"place": progress.queue_position(version)}
        response = render(request, PROGRESS, shown)
        if not shown["live"]:
            response["HX-Refresh"] = "true"
        return response

    def sheet_view(self, request: HttpRequest, pk: int, epoch: int) -> HttpResponse:
        """Return the sheet of images that the version generated after an epoch."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        file = previews.file_of(get_object_or_404(ModelVersion, pk=pk), epoch)
        if not file.exists():
            raise Http404(f"there is no sheet of epoch {epoch}")
        return HttpResponse(file.read_bytes(), content_type="image/webp")

    @method_decorator(csrf_protect)
    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Show what a step will do; a POST does it."""
        if step not in STEPS:
            raise Http404(f"there is no step {step}")
        if not request.user.has_perm(STEPS[step].permission):
            raise PermissionDenied
        version, chosen = get_object_or_404(ModelVersion, pk=pk), STEPS[step]
        if request.method != "POST":
            context = {"version": version, "step": chosen, "title": f"{chosen.label} {version}", "opts": self.opts}
            context |= switch_of(version, step)
            template = "admin/recommender/modelversion/step.html"
            return render(request, template, self.admin_site.each_context(request) | context)
        try:
            reason = " ".join(request.POST.get("reason", "").split())[:300].replace("\0", "")
            other = chosen.verb(version, request.user.get_username(), reason)
        except (TrainingRefused, VersionNotReady) as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        else:
            waits = other is not None and other.activation_requested_at
            text = chosen.later.format(other) if waits else chosen.done.format(version, other)
            self.message_user(request, text, messages.SUCCESS)
            self.log_change(request, version, text)
            if step == "train-again" and other:
                pk = other.pk
        return redirect("admin:recommender_modelversion_change", pk)

    @method_decorator(csrf_protect)
    def shadow_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the shop as with the version, until the account leaves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not shadow.can_be_seen(version):
            self.message_user(request, f"{version} is {version.state}, and has no lists to see.", messages.ERROR)
            return redirect("admin:recommender_modelversion_change", pk)
        shadow.enter(request, version)
        return redirect("home")

    def activations_view(self, request: HttpRequest) -> HttpResponse:
        """Show what served each role when, in place of what, and who requested it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = Paginator(Activation.objects.all(), self.list_per_page).get_page(request.GET.get("page"))
        context = {"page": page, "title": "What served when", "opts": self.opts}
        template = "admin/recommender/modelversion/history.html"
        return render(request, template, self.admin_site.each_context(request) | context)


def progress_of(version: ModelVersion) -> dict[str, Any]:
    """Return what the template of the progress shows."""
    return {"version": version, "live": version.state in LIVE, "words": progress.describe(version)}


def switch_of(version: ModelVersion, step: str) -> dict[str, Any]:
    """Return which version goes out and which comes in by a step, with the measures of both; {} if none does."""
    if step == "activate":
        goes, comes = queries.active_version(Role(version.role)), version
    elif step == "roll-back":
        goes, former = version, history.former_version(Role(version.role))
        if former is None:
            return {}
        comes = former
    else:
        return {}
    pairs = comparison.measures(goes, comes)
    worse, below = [pair.name for pair in pairs if pair.is_worse], comparison.below_popularity(comes)
    return {"goes": goes, "comes": comes, "measures": rows_of(pairs), "worse": worse, "below": below}
