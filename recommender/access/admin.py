"""API keys in the admin: created, rotated and revoked. A secret is shown once, on the page that follows."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from recommender.access import keys
from recommender.access.errors import KeyEnded
from recommender.access.models import ApiKey
from recommender.access.scopes import SCOPES

if TYPE_CHECKING:
    KeyModelAdmin = admin.ModelAdmin[ApiKey]
    KeyModelForm = forms.ModelForm[ApiKey]
else:
    KeyModelAdmin, KeyModelForm = admin.ModelAdmin, forms.ModelForm  # generic in the stubs alone

OVERLAP = timedelta(days=1)  # for which a rotated key goes on working


class KeyForm(KeyModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=ApiKey._meta.get_field("scopes").help_text,
    )

    class Meta:
        model = ApiKey
        help_texts = {"origins": f"{ApiKey._meta.get_field('origins').help_text} Separated by commas."}
        fields = ["name", "kind", "scopes", "origins", "rate", "expires_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(KeyModelAdmin):
    form = KeyForm
    list_display = ["name", "prefix", "kind", "granted", "is_valid", "last_used_at", "ends_at", "created_at"]
    list_filter = ["kind"]
    list_per_page = 50
    search_fields = ["name", "prefix"]
    actions = ["rotate", "revoke"]

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request)  # for the actions; a key is never edited

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # a revoked key stays in the list

    @admin.display(description="may")
    def granted(self, key: ApiKey) -> str:
        return ", ".join(key.scopes or key.origins)

    @admin.display(description="valid", boolean=True)
    def is_valid(self, key: ApiKey) -> bool:
        return key.is_valid

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        class CheckedForm(KeyForm):
            """KeyForm by which nobody grants more than their own permissions."""

            def clean(self) -> dict[str, Any]:
                cleaned = super().clean() or self.cleaned_data
                keys.check_grant(request.user, cleaned.get("scopes", []))
                return cleaned

        return super().get_form(request, obj, change, form=CheckedForm, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}  # nobody is led to a form that others have filled in

    def save_model(self, request: HttpRequest, obj: ApiKey, form: KeyForm, change: bool) -> None:
        vars(request)["created_keys"] = [(obj, keys.store(obj))]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_secrets(request, vars(request)["created_keys"])

    def show_secrets(self, request: HttpRequest, created: Iterable[tuple[ApiKey, str]]) -> HttpResponse:
        """Render the keys with their secrets, which are not shown again."""
        context = {"title": "Keys to copy now", "opts": self.opts, "created": created}
        template = "admin/access/apikey/created.html"
        return render(request, template, self.admin_site.each_context(request) | context)

    @admin.action(description="Rotate: a new key each, the old one works for a day", permissions=["add"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        try:
            with transaction.atomic():
                for key in queryset:
                    keys.check_grant(request.user, key.scopes)
                created = [keys.rotate(key, OVERLAP) for key in queryset]
        except (ValidationError, KeyEnded) as error:
            text = "; ".join(error.messages) if isinstance(error, ValidationError) else f"{error}."
            self.message_user(request, text, messages.ERROR)
            return None
        return self.show_secrets(request, created)

    @admin.action(description="Revoke at once", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            keys.revoke(key)
        self.message_user(request, f"Revoked: {', '.join(map(str, queryset))}.", messages.SUCCESS)
