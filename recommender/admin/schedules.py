"""Schedules of trainings in the admin."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from recommender.admin.forms import SettingsField, TrainForm
from recommender.schedules import planning
from recommender.schedules.models import Then, TrainingSchedule

if TYPE_CHECKING:
    ScheduleModelAdmin = admin.ModelAdmin[TrainingSchedule]
else:
    ScheduleModelAdmin = admin.ModelAdmin  # generic in the stubs alone

VIEW, ADD, ACTIVATE = (f"recommender.{verb}_modelversion" for verb in ("view", "add", "activate"))


class ScheduleForm(TrainForm):
    """Form of a schedule; it checks the method and its settings as that of a training does."""

    class Meta:
        model = TrainingSchedule
        fields = ["method", "network", "settings", "epochs", "hour", "interactions", "then", "is_enabled"]
        field_classes = {"settings": SettingsField}


@admin.register(TrainingSchedule)
class ScheduleAdmin(ScheduleModelAdmin):
    form = ScheduleForm  # type: ignore[assignment]  # that of trainings, from which it comes, is for versions
    list_display = ["__str__", "then", "is_enabled", "state_shown", "version_shown", "outcome"]
    list_select_related = ["version"]
    actions = None
    fields = ["method", "network", "settings", "epochs", "hour", "interactions", "then", "is_enabled"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(VIEW)

    def has_view_permission(self, request: HttpRequest, obj: TrainingSchedule | None = None) -> bool:
        return request.user.has_perm(VIEW)

    def has_add_permission(self, request: HttpRequest, obj: TrainingSchedule | None = None) -> bool:
        """Return whether the account may train, and activate where the schedule does."""
        may_follow = obj is None or obj.then != Then.BETTER or request.user.has_perm(ACTIVATE)
        return request.user.has_perm(ADD) and may_follow

    has_change_permission = has_delete_permission = has_add_permission

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "then" and not request.user.has_perm(ACTIVATE):
            kwargs["choices"] = [choice for choice in Then.choices if choice[0] != Then.BETTER]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

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
