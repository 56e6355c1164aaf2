"""Webhooks in the admin, and the log of their messages. A secret is shown once, on the page that follows."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from recommender.webhooks import delivery, endpoints
from recommender.webhooks.models import Delivery, Event, Webhook

if TYPE_CHECKING:
    WebhookModelAdmin = admin.ModelAdmin[Webhook]
    DeliveryModelAdmin = admin.ModelAdmin[Delivery]
    WebhookModelForm = forms.ModelForm[Webhook]
else:
    WebhookModelAdmin = DeliveryModelAdmin = admin.ModelAdmin  # generic in the stubs alone
    WebhookModelForm = forms.ModelForm


class WebhookForm(WebhookModelForm):
    events = forms.MultipleChoiceField(choices=Event, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Webhook
        fields = ["url", "events"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            endpoints.check_url(url)
        except forms.ValidationError as error:
            raise forms.ValidationError(error.messages) from error
        return url


@admin.register(Webhook)
class WebhookAdmin(WebhookModelAdmin):
    form = WebhookForm
    list_display = ["url", "names", "is_active", "created_at"]
    list_per_page = 50

    def has_change_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return False  # another address has another secret

    @admin.display(description="events")
    def names(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    def save_model(self, request: HttpRequest, obj: Webhook, form: WebhookForm, change: bool) -> None:
        endpoints.store(obj)

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        context = {"title": "A secret to copy now", "opts": self.opts, "webhook": obj}
        return render(request, "admin/webhooks/webhook/created.html", self.admin_site.each_context(request) | context)


@admin.register(Delivery)
class DeliveryAdmin(DeliveryModelAdmin):
    list_display = ["created_at", "event", "webhook", "tries", "status", "problem", "delivered_at", "retry_at"]
    list_filter = ["event", "created_at"]
    list_select_related = ["webhook"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["redeliver"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return obj is None and super().has_change_permission(request)  # for the action; a message is never edited

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    @admin.action(description="Send again", permissions=["change"])
    def redeliver(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset)
        for message in chosen:
            delivery.redeliver(message)
        self.message_user(request, f"Messages that are sent again: {len(chosen)}.", messages.SUCCESS)
