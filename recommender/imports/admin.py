"""Imports and feeds in the admin."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.views.decorators.csrf import csrf_protect

from recommender.errors import ImportNotReady
from recommender.imports import feeds, pages, reports, runs, storage
from recommender.imports.forms import COLUMNS, UPLOADS, FeedForm
from recommender.imports.models import Feed, ImportRun, RunKind

if TYPE_CHECKING:
    RunModelAdmin = admin.ModelAdmin[ImportRun]
    FeedModelAdmin = admin.ModelAdmin[Feed]
else:
    RunModelAdmin = FeedModelAdmin = admin.ModelAdmin  # generic in the stubs alone

PERMISSIONS: Mapping[str, Sequence[str]] = {
    RunKind.PRODUCTS: ("catalog.add_product", "catalog.change_product"),  # an import does both
    RunKind.INTERACTIONS: ("catalog.add_interaction",),
}
FOLDER = "admin/imports/importrun"
MAX_ID = 2**63 - 1  # in PostgreSQL
RESULTS = 5  # of a feed, that its page lists


def account_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin lets nobody else in
    return request.user


def may_import(request: HttpRequest, kind: str = RunKind.PRODUCTS) -> bool:
    return request.user.has_perms(PERMISSIONS[kind])


def kinds_of(request: HttpRequest) -> list[str]:
    """Return what somebody may import."""
    return [kind for kind in RunKind.values if may_import(request, kind)]


@admin.register(ImportRun)
class ImportRunAdmin(RunModelAdmin):
    list_display = [
        *("source", "kind", "status_shown", "created_at", "requested_by", "feed"),
        *("read", "created", "updated", "unchanged", "failed", "hidden"),
    ]
    list_filter = ["kind", "status", "feed", "is_trial"]
    list_select_related = ["requested_by", "feed"]
    list_per_page = 50
    show_full_result_count = False

    class Media:
        css = {"all": ["admin.css"]}
        js = ["vendor/htmx.min.js"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(kinds_of(request))

    def has_view_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return may_import(request, obj.kind) if obj else bool(kinds_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_import(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        return super().get_queryset(request).filter(kind__in=kinds_of(request))

    def has_change_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False  # by the buttons of its page alone

    def has_delete_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False  # by its age

    @admin.display(description="status", ordering="status")
    def status_shown(self, run: ImportRun) -> str:
        trial = " (trial)" if run.is_trial else ""
        return format_html('<span class="state {}">{}</span>', run.status, f"{run.get_status_display()}{trial}")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/progress/", view(self.progress_view), name="imports_importrun_progress"),
            path("interactions/", view(self.interactions_view), name="imports_importrun_interactions"),
            path("<int:pk>/report/", view(self.report_view), name="imports_importrun_report"),
            *super().get_urls(),
        ]

    @method_decorator(csrf_protect)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.upload_view(request, RunKind.PRODUCTS)

    @method_decorator(csrf_protect)
    def interactions_view(self, request: HttpRequest) -> HttpResponse:
        return self.upload_view(request, RunKind.INTERACTIONS)

    def upload_view(self, request: HttpRequest, kind: RunKind) -> HttpResponse:
        """Take a file, and show its first rows or import it at once."""
        if not may_import(request, kind):
            raise PermissionDenied
        form = UPLOADS[kind](request.POST or None, request.FILES or None)
        if form.is_valid():
            file = form.cleaned_data["source"]
            run = runs.upload(
                file.name,
                file.chunks(),
                by=account_of(request),
                columns=form.columns,
                kind=kind,
                positive=form.cleaned_data.get("positive"),
            )
            if request.POST.get("do", "import") != "preview":
                runs.start(run)
            return self.to_page(run)
        context = self.admin_site.each_context(request)
        context |= {"form": form, "title": f"Import {kind}", "kind": kind, "opts": self.opts, "media": self.media}
        return render(request, f"{FOLDER}/upload.html", context)

    @method_decorator(csrf_protect)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an import and take what its buttons say."""
        run = self.find(request, object_id)
        do = request.POST.get("do")
        if do == "cancel":
            return self.press(request, run, lambda: runs.cancel(run))
        if do == "hide" and (feed := run.feed):
            return self.press(request, run, lambda: feeds.start(feed, by=account_of(request), is_confirmed=True))
        context = self.admin_site.each_context(request)
        context |= {"run": run, "title": f"Import of {run.source}", "opts": self.opts, "media": self.media}
        context |= {"problems": pages.problems_of(run), "report_columns": reports.COLUMNS}
        if pages.can_start(run):
            page = pages.read_page(run, run.columns)
            form = COLUMNS[run.kind](
                request.POST or None,
                mapping=page.mapping,
                chosen=run.columns,
                initial={"store_as": run.store_as, "positive": run.positive},
            )
            if form.is_valid():
                values = form.cleaned_data["choices"]
                if do in ("try", "import"):
                    return self.press(request, run, lambda: runs.start(run, is_trial=do == "try", **values))
                return self.press(request, run, lambda: runs.choose(run, **values))
            context |= {"page": page, "form": form}
        return render(request, f"{FOLDER}/run.html", context)

    def press(
        self, request: HttpRequest, run: ImportRun, action: Callable[[], ImportRun | None]
    ) -> HttpResponseRedirect:
        """Run the action of a button, and lead to the page of the import, or of the one that it has begun."""
        try:
            run = action() or run
        except ImportNotReady as error:
            self.message_user(request, f"{capfirst(str(error))}.", messages.ERROR)
        return self.to_page(run)

    def to_page(self, run: ImportRun) -> HttpResponseRedirect:
        return redirect("admin:imports_importrun_change", run.pk)

    def find(self, request: HttpRequest, pk: str | int) -> ImportRun:
        """Return an import. Raises PermissionDenied, and Http404 if there is none."""
        if not kinds_of(request):
            raise PermissionDenied
        if not str(pk).isdecimal() or int(pk) > MAX_ID:
            raise Http404
        return get_object_or_404(self.get_queryset(request).select_related("feed", "requested_by"), pk=pk)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the progress, which the page reads every two seconds; at the end, have the page reload."""
        run = self.find(request, pk)
        response = render(request, f"{FOLDER}/_progress.html", {"run": run})
        if not run.is_pending:
            response["HX-Refresh"] = "true"
        return response

    def report_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """Return the report as a file."""
        file = storage.report_of(self.find(request, pk))
        if not file.exists():
            raise Http404("This import has no report.")
        return FileResponse(
            file.open("rb"), as_attachment=True, filename=f"import-{pk}.csv", content_type="text/csv; charset=utf-8"
        )


@admin.register(Feed)
class FeedAdmin(FeedModelAdmin):
    form = FeedForm
    list_display = ["name", "url", "interval", "is_enabled", "next_at", "last_result"]
    list_filter = ["is_enabled"]
    list_select_related = ["profile"]
    fields = [*FeedForm.Meta.fields, "next_at", "results"]
    readonly_fields = ["next_at", "results"]
    actions = ["start"]

    class Media:
        css = {"all": ["admin.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_import(request)

    def has_view_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return may_import(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_import(request)

    def has_change_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return may_import(request)

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return may_import(request)

    def save_model(self, request: HttpRequest, obj: Feed, form: FeedForm, change: bool) -> None:
        feeds.store(obj)

    def response_add(self, request: HttpRequest, obj: Feed, post_url_continue: str | None = None) -> HttpResponse:
        return self.import_now(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Feed) -> HttpResponse:
        return self.import_now(request, obj) or super().response_change(request, obj)

    def import_now(self, request: HttpRequest, feed: Feed) -> HttpResponse | None:
        """Start an import of a feed that was saved by the button for it, and lead to its page; None for others."""
        if "_import" not in request.POST:
            return None
        try:
            run = feeds.start(feed, by=account_of(request))
        except ImportNotReady as error:
            self.message_user(request, f"{capfirst(str(error))}.", messages.ERROR)
            return redirect("admin:imports_feed_change", feed.pk)
        return redirect("admin:imports_importrun_change", run.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        newest = Prefetch("runs", ImportRun.objects.order_by("-created_at")[:RESULTS], to_attr="last_runs")
        return super().get_queryset(request).prefetch_related(newest)

    @admin.display(description="last result")
    def last_result(self, feed: Feed) -> str:
        found = last_runs(feed)
        return result_of(found[0]) if found else "not imported yet"

    @admin.display(description="last results")
    def results(self, feed: Feed) -> str:
        lines = format_html_join("", "<li>{}</li>", ((result_of(run),) for run in last_runs(feed)))
        return format_html("<ul>{}</ul>", lines) if lines else "not imported yet"

    @admin.action(description="Import now", permissions=["change"])
    def start(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        for feed in queryset:
            try:
                feeds.start(feed, by=account_of(request))
            except ImportNotReady as error:
                self.message_user(request, f"{capfirst(str(error))}.", messages.ERROR)
            else:
                self.message_user(request, f"An import of {feed} waits for a worker.", messages.SUCCESS)


def last_runs(feed: Feed) -> list[ImportRun]:
    found: list[ImportRun] = vars(feed).get("last_runs", [])  # get_queryset prefetches them; a new feed has none
    return found


def result_of(run: ImportRun) -> str:
    """Return what became of an import, with a link to its page."""
    counts = f"{run.created:,} created, {run.updated:,} changed, {run.unchanged:,} unchanged, {run.failed:,} problems"
    hidden = f", {run.hidden:,} hidden" if run.retire else ""
    if run.is_retirement_refused:
        hidden = ", none hidden as it lacks too many"
    return format_html(
        '<a href="{}">{}</a> <span class="state {}">{}</span> {}',
        reverse("admin:imports_importrun_change", args=[run.pk]),
        date_format(localtime(run.created_at), "j M Y, H:i"),
        run.status,
        run.get_status_display(),
        run.error or f"{counts}{hidden}",
    )
