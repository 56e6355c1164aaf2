"""Resource webhooks/: addresses that are told what happens, for staff. A secret is in one response, and in no other."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog.fetching import MAX_URL
from recommender.api.fields import BoundedList, Strict
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule
from recommender.webhooks import delivery, endpoints
from recommender.webhooks.models import Delivery, Event, Webhook

VIEW = Rule(permissions=("webhooks.view_webhook",))
LOG = Rule(permissions=("webhooks.view_delivery",))


class WebhookInput(Strict):
    url = serializers.CharField(max_length=MAX_URL, help_text="http or https, at a host of VISREC_WEBHOOK_HOSTS.")
    events = BoundedList(child=serializers.ChoiceField(Event.choices), min_length=1, max_length=len(Event))


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices))

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "is_active", "created_at"]


class CreatedWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Messages are signed with it. It is shown only now.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    class Meta:
        model = Delivery
        fields = ["id", "event", "created_at", "tries", "status", "problem", "delivered_at", "retry_at"]
        extra_kwargs = {
            "status": {"help_text": "Of the last response; null: there was none."},
            "problem": {"help_text": "Why the last try failed."},
            "retry_at": {"help_text": "When it is sent next; null: it is not sent any more."},
        }


def webhook_or_404(pk: int) -> Webhook:
    """Return the webhook. Raises NotFound if there is none."""
    webhook = Webhook.objects.filter(pk=pk).first()
    if webhook is None:
        raise NotFound(f"There is no webhook {pk}.")
    return webhook


class Webhooks(APIView):
    operations = {"GET": "list_webhooks", "POST": "create_webhook"}
    rules = {"GET": VIEW, "POST": Rule(permissions=("webhooks.add_webhook",))}
    pagination_class = Pages

    @extend_schema(
        summary="Webhooks", description="The newest first, without secrets.", responses=WebhookSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        pages = self.pagination_class(None)
        page = pages.page_of(Webhook.objects.all(), request)
        return pages.get_paginated_response(serializers.ListSerializer(page, child=WebhookSerializer()).data)

    @extend_schema(
        summary="Create a webhook",
        description="Messages are POSTed to the URL as the Standard Webhooks specification has it, signed with the "
        "secret in the response, until one is taken with 2xx: eight times within a week. 410 ends the webhook.",
        request=WebhookInput,
        responses={201: CreatedWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        params = WebhookInput(data=request.data)
        params.is_valid(raise_exception=True)
        webhook = endpoints.create(**params.validated_data)
        url = reverse("api:webhook", [webhook.pk], request=request)
        return Response(CreatedWebhookSerializer(webhook).data, status=201, headers={"Location": url})


class OneWebhook(APIView):
    operations = {"GET": "get_webhook", "DELETE": "delete_webhook"}
    rules = {"GET": VIEW, "DELETE": Rule(permissions=("webhooks.delete_webhook",))}

    @extend_schema(summary="A webhook, without its secret", responses=WebhookSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(WebhookSerializer(webhook_or_404(pk)).data)

    @extend_schema(summary="Delete a webhook and its log", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        webhook_or_404(pk).delete()
        return Response(status=204)


class Deliveries(APIView):
    operations = {"GET": "list_deliveries"}
    rules = {"GET": LOG}
    pagination_class = Pages

    @extend_schema(
        summary="Messages of a webhook",
        description="The newest first, sent or not.",
        responses=DeliverySerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        pages = self.pagination_class(None)
        page = pages.page_of(Delivery.objects.filter(webhook=webhook_or_404(pk)), request)
        return pages.get_paginated_response(serializers.ListSerializer(page, child=DeliverySerializer()).data)


class Redeliver(APIView):
    operations = {"POST": "redeliver"}
    rules = {"POST": Rule(permissions=("webhooks.change_delivery",))}

    @extend_schema(
        summary="Send a message again",
        description="The same message by the same id, whatever became of it.",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, pk: int, delivery_id: uuid.UUID) -> Response:
        message = Delivery.objects.filter(webhook=webhook_or_404(pk), pk=delivery_id).first()
        if message is None:
            raise NotFound(f"There is no message {delivery_id} of webhook {pk}.")
        delivery.redeliver(message)
        message.refresh_from_db()
        return Response(DeliverySerializer(message).data, status=202)
