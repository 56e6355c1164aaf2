"""The page on which the method of a training is chosen, before the form of its settings."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from recommender.admin.forms import MethodForm, choices
from recommender.errors import TrainingRefused
from recommender.versions import methods, progress

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

PAGE = "admin/recommender/choose_method.html"


def method_of(request: HttpRequest) -> str:
    """Return the method, or the library, that was chosen; "" if it is none."""
    method = request.GET.get("method", "")
    try:
        methods.role_of(methods.example_of(method))
    except TrainingRefused:
        return ""
    return method


def choose_view(model_admin: "admin.ModelAdmin[Any]", request: HttpRequest, title: str) -> HttpResponse:
    """Show the methods by role, the default of each first, with what the last training by each took."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    roles = [
        (role, [(name, summary, progress.minutes_before(name)) for name, summary in single], several)
        for role, single, several in choices()
    ]
    context = {"title": title, "opts": model_admin.opts, "roles": roles, "defaults": [*methods.DEFAULTS.values()]}
    return render(request, PAGE, model_admin.admin_site.each_context(request) | context)


def training_fieldsets(form: type[MethodForm]) -> "_FieldsetSpec":
    """Return the fields of a training: the settings, then how it is trained."""
    own = [name for name in form.base_fields if name == "network" or name.startswith("setting_")]
    rest = [name for name in form._meta.fields or () if name in form.base_fields]
    groups: list[Any] = [("Settings", {"fields": tuple(own)})] if own else []
    return [*groups, ("Training", {"fields": tuple(rest)})]
