"""The OpenAPI document: every call with the problems it may answer."""

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from recommender.api.problems import MEDIA_TYPE


class ProblemSerializer(serializers.Serializer):
    """RFC 9457."""

    type = serializers.CharField(help_text="`about:blank`: the status says what kind of problem it is.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong with this request.")
    errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="The reasons, by field."
    )


CONFLICT = {(409, MEDIA_TYPE): ProblemSerializer}  # for extend_schema's responses, where a state may forbid it
ALWAYS = {
    401: "The token or the password is wrong, or one is needed.",
    403: "Not for this account.",
    406: "No answer has the media type asked for.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    500: "A bug, logged under the X-Request-ID.",
    503: "The database, the workers or the model is away; Retry-After says how many seconds to wait.",
}
WITH_INPUT = {400: "Something in the request makes no sense. A parameter that is not listed here is passed over."}
WITH_PATH = {404: "There is no such thing."}
WITH_BODY = {413: "The body is too large.", 415: "The body has a media type that is not taken."}


class ProblemSchema(AutoSchema):
    def get_operation(self, *args, **kwargs) -> dict | None:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            reference = self.resolve_serializer(ProblemSerializer, "response").ref
            for status, description in self.problems(operation).items():
                operation["responses"][str(status)] = {
                    "description": description,
                    "content": {MEDIA_TYPE: {"schema": reference}},
                }
        return operation

    @staticmethod
    def problems(operation: dict) -> dict[int, str]:
        places = {parameter["in"] for parameter in operation.get("parameters", [])}
        found = dict(ALWAYS)
        if "query" in places or "requestBody" in operation:
            found |= WITH_INPUT
        if "path" in places or any(parameter["name"] == "page" for parameter in operation.get("parameters", [])):
            found |= WITH_PATH
        if "requestBody" in operation:
            found |= WITH_BODY
        return dict(sorted(found.items()))
