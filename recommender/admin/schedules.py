"""Schedules of trainings in the admin."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from recommender.admin.forms import MethodForm, method_form
from recommender.admin.methods import choose_view, method_of, training_fieldsets
from recommender.schedules import planning
from recommender.schedules.models import Then, TrainingSchedule

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

    ScheduleModelAdmin = admin.ModelAdmin[TrainingSchedule]
else:
    ScheduleModelAdmin = admin.ModelAdmin  # generic in the stubs alone

VIEW, ADD, ACTIVATE = (f"recommender.{verb}_modelversion" for verb in ("view", "add", "activate"))


class ScheduleForm(MethodForm):
    """Form of a schedule; it checks the settings as that of a training does."""

    class Meta:
        model = TrainingSchedule
        fields = ["epochs", "hour", "interactions", "then", "is_enabled"]


@admin.register(TrainingSchedule)
class ScheduleAdmin(ScheduleModelAdmin):
    list_display = ["__str__", "then", "is_enabled", "state_shown", "version_shown", "outcome"]
    list_select_related = ["version"]
    actions = None

    def get_form(
        self, request: HttpRequest, obj: TrainingSchedule | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        method = obj.method if obj else method_of(request)
        if not method or (obj and not self.has_change_permission(request, obj)):
            return super().get_form(request, obj, change, **kwargs)
        form = method_form(ScheduleForm, method, obj.settings if obj else {})
        if not request.user.has_perm(ACTIVATE):
            choices = [choice for choice in Then.choices if choice[0] != Then.BETTER]
            form.base_fields["then"] = forms.ChoiceField(choices=choices, initial=Then.DECIDE)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: TrainingSchedule | None = None) -> "_FieldsetSpec":
        form = self.get_form(request, obj)
        if issubclass(form, MethodForm):
            return training_fieldsets(form)
        return [(None, {"fields": ("method", "settings", *ScheduleForm.Meta.fields)})]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        method = method_of(request)
        if not method:
            return choose_view(self, request, "Train by a schedule")
        return super().add_view(request, form_url, {**(extra_context or {}), "title": f"Train {method} by a schedule"})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(VIEW)

    def has_view_permission(self, request: HttpRequest, obj: TrainingSchedule | None = None) -> bool:
        return request.user.has_perm(VIEW)

    def has_add_permission(self, request: HttpRequest, obj: TrainingSchedule | None = None) -> bool:
        """Return whether the account may train, and activate where the schedule does."""
        may_follow = obj is None or obj.then != Then.BETTER or request.user.has_perm(ACTIVATE)
        return request.user.has_perm(ADD) and may_follow

    has_change_permission = has_delete_permission = has_add_permission

    def save_model(self, request: HttpRequest, obj: TrainingSchedule, form: Any, change: bool) -> None:
        planning.store(obj)

    @admin.display(description="state")
    def state_shown(self, schedule: TrainingSchedule) -> str:
        return schedule.get_state_display() if schedule.is_enabled else "off"

    @admin.display(description="last version")
    def version_shown(self, schedule: TrainingSchedule) -> str:
        if schedule.version is None:
            return "–"
        path = reverse("admin:recommender_modelversion_change", args=[schedule.version_id])
        return format_html('<a href="{}">{}</a>', path, schedule.version)
