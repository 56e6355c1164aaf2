"""Resource metrics/operations/: uploads, searches by photo, and queues with their workers."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.models import READ
from recommender.operations import queues, uploads
from recommender.operations.queues import Queue
from recommender.serving import photo_counts

DAYS = 30


class FindableSerializer(serializers.Serializer[dict[str, Any]]):
    at = serializers.DateTimeField(help_text="The day, UTC, of the uploads.")
    images = serializers.IntegerField(help_text="Uploaded then.")
    median = serializers.FloatField(help_text="Seconds in which half of them were findable.")
    p95 = serializers.FloatField(help_text="Seconds in which 95 % of them were.")


class ReasonSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class UploadsSerializer(serializers.Serializer[dict[str, Any]]):
    images = serializers.IntegerField(help_text="The newest ones since the active version serves, up to 1,000.")
    median = serializers.FloatField(allow_null=True, help_text="Seconds in which half of them were findable.")
    p95 = serializers.FloatField(allow_null=True, help_text="Seconds in which 95 % of them were.")
    over_time = FindableSerializer(many=True, help_text="By day, of the last 30 days; the oldest first.")
    not_findable = ReasonSerializer(many=True, help_text="Products, by reason.")
    unreadable = serializers.IntegerField(help_text="Images that were set aside, as they cannot be read.")
    problems = ReasonSerializer(many=True, help_text="What is wrong with them, the most frequent first.")
    not_fetched = serializers.IntegerField(help_text="URLs of images that are not tried any more.")


class PhotoSearchSerializer(serializers.Serializer[dict[str, Any]]):
    at = serializers.DateTimeField(help_text="The day, UTC.")
    searches = serializers.IntegerField()
    unmatched = serializers.IntegerField(help_text="Those that found no good match.")


class QueueSerializer(serializers.Serializer[Queue]):
    name = serializers.CharField()
    waiting = serializers.IntegerField(help_text="Tasks that wait.")
    oldest = serializers.FloatField(allow_null=True, help_text="Seconds for which the oldest has waited.")
    worker = serializers.CharField(help_text="ok, or since when its worker has not worked.")


class OperationsSerializer(serializers.Serializer[dict[str, Any]]):
    uploads = UploadsSerializer()
    photo_searches = PhotoSearchSerializer(many=True, help_text="By day, of the last 30 days; the oldest first.")
    queues = QueueSerializer(many=True, help_text="None while broker or cache are away.")


class OperationMetrics(APIView):
    operations = {"GET": "operation_metrics"}
    rules = {"GET": READ}

    @extend_schema(
        summary="Uploads, searches by photo, and queues",
        description="How soon uploads are findable and what is not, how many searches by photo find no good match, and "
        "what waits for the workers.",
        responses=OperationsSerializer,
    )
    def get(self, request: Request) -> Response:
        since = timezone.now() - timedelta(days=DAYS)
        shown = {
            "uploads": uploads_since(since),
            "photo_searches": [
                {"at": at, "searches": rate.of, "unmatched": rate.count}
                for at, rate in photo_counts.unmatched_over_time("day", since)
            ],
            "queues": queues.queues(),
        }
        return Response(OperationsSerializer(shown).data)


def uploads_since(since: datetime) -> dict[str, Any]:
    """Return what is told of uploads, over time since `since`."""
    found = uploads.uploads()
    no = found.unfindable
    return {
        "images": found.images,
        "median": found.median,
        "p95": found.p95,
        "over_time": [
            {"at": at, "images": images, "median": median, "p95": p95}
            for at, images, (median, p95) in uploads.findable_over_time("day", since)
        ],
        "not_findable": [{"reason": reason, "count": count} for reason, count in no.reasons],
        "unreadable": no.unreadable,
        "problems": [{"reason": problem, "count": count} for problem, count in no.problems],
        "not_fetched": no.unfetched,
    }
