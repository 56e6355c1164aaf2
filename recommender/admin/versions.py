"""The back room of the recommender: train versions, watch them, put them into service and take them out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_protect

from catalog.models import Product
from recommender.admin import charts, measures
from recommender.admin.designs import DesignAdmin
from recommender.admin.forms import TrainForm
from recommender.admin.products import FindableProductAdmin
from recommender.errors import VersionNotReady
from recommender.models import LIVE, SERVABLE, UNFINISHED, Design, ImageEmbedding, ModelVersion, State
from recommender.versions import lifecycle, previews

PROGRESS = "admin/recommender/modelversion/_progress.html"

admin.site.unregister(Product)
admin.site.register(Product, FindableProductAdmin)
admin.site.register(Design, DesignAdmin)


@dataclass(frozen=True)
class Step:
    """Something that can be done to a version, behind a page that asks for confirmation."""

    verb: Callable[[ModelVersion], ModelVersion | None]
    label: str
    states: Sequence[State]  # in which it can be done
    consequence: str
    done: str


STEPS = {
    "activate": Step(
        lifecycle.activate,
        "Activate",
        tuple(state for state in SERVABLE if state != State.ACTIVE),
        "It serves every visitor from the next request on; the version that serves now is retired and kept.",
        "{} serves now.",
    ),
    "roll-back": Step(
        lambda version: lifecycle.roll_back(version.role),
        "Roll back",
        (State.ACTIVE,),
        "The version that served before is put back into service at once; this one is retired and kept.",
        "{} was taken out of service; the version before it serves again.",
    ),
    "resume": Step(
        lifecycle.queue_training,
        "Resume",
        (State.INTERRUPTED,),
        "A worker goes on after the last complete epoch.",
        "{} is queued; a worker goes on with it.",
    ),
    "cancel": Step(
        lifecycle.cancel,
        "Cancel",
        UNFINISHED,
        "Its training stops and what it learnt so far is given up.",
        "{} was cancelled.",
    ),
}


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):
    form = TrainForm
    list_display = ["name", "role", "state_shown", "progress_shown", "headline", "created_at", "activated_at"]
    list_filter = ["role", "state", "method"]
    list_per_page = 50
    actions = None
    readonly_fields = ["state_shown", "progress_shown", "error", "chart", "metrics_shown", "sheet"]
    facts = ["role", "method", "number", "settings", "epochs", "seed", "dimensions", "metric", "good_match"]
    times = ["created_at", "started_at", "finished_at", "activated_at"]

    class Media:
        js = ["vendor/htmx.min.js"]

    def get_fieldsets(self, request: HttpRequest, obj: ModelVersion | None = None) -> list:
        if obj is None:
            return [(None, {"fields": list(TrainForm.Meta.fields)})]
        state = ["state_shown", "progress_shown", *(["error"] if obj.error else [])]
        return [
            (None, {"fields": state}),
            ("How it learnt", {"fields": ["chart", "metrics_shown", *(["sheet"] if previews.epochs(obj) else [])]}),
            ("What it is", {"fields": self.facts}),
            ("When", {"fields": self.times}),
        ]

    def has_change_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False  # a version is changed by the steps below, never by hand

    def get_deleted_objects(self, objs, request: HttpRequest) -> tuple:
        """Names and counts; the admin's own list would load every vector."""
        chosen = [version.pk for version in objs]
        counts = {"versions": len(chosen), "vectors": ImageEmbedding.objects.filter(version__in=chosen).count()}
        return [str(version) for version in objs], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: ModelVersion) -> None:
        lifecycle.delete(obj)

    def has_delete_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        idle = obj is None or obj.state not in (State.ACTIVE, *LIVE)
        return idle and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ModelVersion, form: TrainForm, change: bool) -> None:
        asked = form.cleaned_data
        made = lifecycle.register(
            asked["method"],
            method_settings=asked["settings"],
            epochs=asked["epochs"],
            seed=asked["seed"],
            activate=asked["activate_when_ready"],
        )
        lifecycle.queue_training(made)
        obj.pk, obj.number = made.pk, made.number

    @admin.display(description="version", ordering="method")
    def name(self, version: ModelVersion) -> str:
        return str(version)

    @admin.display(description="state", ordering="state")
    def state_shown(self, version: ModelVersion) -> str:
        return format_html('<span class="state {}">{}</span>', version.state, version.get_state_display())

    @admin.display(description="progress")
    def progress_shown(self, version: ModelVersion) -> str:
        return render_to_string(PROGRESS, {"version": version, "live": version.state in LIVE})

    @admin.display(description="measures")
    def headline(self, version: ModelVersion) -> str:
        return measures.headline(version.metrics)

    @admin.display(description="losses")
    def chart(self, version: ModelVersion) -> str:
        found = charts.loss_charts(version.metrics.get("losses", []))
        return render_to_string("admin/recommender/modelversion/_losses.html", {"charts": found})

    @admin.display(description="measures")
    def metrics_shown(self, version: ModelVersion) -> str:
        rows = measures.table(version.metrics)
        return render_to_string("admin/recommender/modelversion/_measures.html", {"rows": rows})

    @admin.display(description="pictures")
    def sheet(self, version: ModelVersion) -> str:
        newest, *earlier = previews.few_epochs(version)
        context = {"version": version, "newest": newest, "earlier": earlier}
        return render_to_string("admin/recommender/modelversion/_sheets.html", context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        version = self.get_object(request, object_id)
        steps = {name: step for name, step in STEPS.items() if version and version.state in step.states}
        may = super().has_change_permission(request, version)
        return super().change_view(request, object_id, form_url, {"steps": steps if may else {}, "version": version})

    def get_urls(self) -> list:
        own = [
            path("<int:pk>/progress/", self.admin_site.admin_view(self.progress_view), name="version_progress"),
            path("<int:pk>/sheets/<int:epoch>/", self.admin_site.admin_view(self.sheet_view), name="version_sheet"),
            path("<int:pk>/step/<slug:step>/", self.admin_site.admin_view(self.step_view), name="version_step"),
        ]
        return [*own, *super().get_urls()]

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the page asks for every other second; once the training has ended, the page is to load anew."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        live = version.state in LIVE
        answer = render(request, PROGRESS, {"version": version, "live": live})
        if not live:
            answer["HX-Refresh"] = "true"
        return answer

    def sheet_view(self, request: HttpRequest, pk: int, epoch: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        file = previews.file_of(get_object_or_404(ModelVersion, pk=pk), epoch)
        if not file.exists():
            raise Http404(f"there is no sheet of epoch {epoch}")
        return HttpResponse(file.read_bytes(), content_type="image/webp")

    @method_decorator(csrf_protect)
    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        if not super().has_change_permission(request):
            raise PermissionDenied
        if step not in STEPS:
            raise Http404(f"{step} is nothing that can be done to a version")
        version, chosen = get_object_or_404(ModelVersion, pk=pk), STEPS[step]
        if request.method != "POST":
            context = {"version": version, "step": chosen, "title": f"{chosen.label} {version}", "opts": self.opts}
            template = "admin/recommender/modelversion/step.html"
            return render(request, template, self.admin_site.each_context(request) | context)
        try:
            chosen.verb(version)
        except VersionNotReady as error:
            self.message_user(request, f"{error}.", messages.ERROR)
        else:
            self.message_user(request, chosen.done.format(version), messages.SUCCESS)
        return redirect("admin:recommender_modelversion_change", pk)
