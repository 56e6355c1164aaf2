"""Schema of the OpenAPI document, which adds to each operation the errors that it may return."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework import serializers

from recommender.api.permissions import rule_of
from recommender.api.problems import MEDIA_TYPE, Problem


class ProblemSerializer(serializers.Serializer[Problem]):
    """Problem document, RFC 9457."""

    type = serializers.CharField(help_text="Always `about:blank`: the kind of the problem is its status.")
    title = serializers.CharField(help_text="The status as text.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong with this request.")
    errors = serializers.DictField(  # type: ignore[assignment]  # DRF's metaclass moves fields out of the class
        child=serializers.ListField(child=serializers.CharField()), help_text="What is wrong with each field."
    )


# For `responses` of extend_schema, where the state of a resource may forbid the operation.
CONFLICT = {(409, MEDIA_TYPE): ProblemSerializer}
ALWAYS = {
    401: "The token is missing, malformed, not known, or has expired; `detail` says which.",
    403: "This account may not do this.",
    414: "The address is too long.",
    406: "The requested media type is not available.",
    429: "Too many requests. The header Retry-After has the seconds to wait.",
    500: "An internal error, logged under the id in the header X-Request-ID.",
    503: "The database, the workers or a model is not available. The header Retry-After has the seconds to wait.",
}
WITH_INPUT = {400: "A value in the request is not valid. Parameters that are not listed here are ignored."}
WITH_PATH = {404: "It does not exist."}
WITH_BODY = {
    411: "The header Content-Length is missing.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
}


class CredentialScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # of its metaclass
    """Security scheme of the header Authorization."""

    target_class = "recommender.api.authentication.CredentialAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `auth/token/`. The scheme `Token` means the same as `Bearer`. Any other "
            "header Authorization is refused with 401, also where none is needed.",
        }


class ProblemSchema(AutoSchema):
    """DRF-Spectacular's schema of a view, with problem documents as its error responses."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation:
            reference = self.resolve_serializer(ProblemSerializer, "response").ref
            for status, description in self.problems(operation).items():
                operation["responses"][str(status)] = {
                    "description": description,
                    "content": {MEDIA_TYPE: {"schema": reference}},
                }
        return operation

    def get_auth(self) -> list[dict[str, Any]]:
        auth: list[dict[str, Any]] = super().get_auth()
        rule = rule_of(self.view, self.method)
        return [*auth, {}] if rule and rule.guests else auth

    @staticmethod
    def problems(operation: dict[str, Any]) -> dict[int, str]:
        """Return a description for each status that the operation may return as an error."""
        parameters = operation.get("parameters", [])
        sources = {parameter["in"] for parameter in parameters}
        found = dict(ALWAYS)
        if "query" in sources or "requestBody" in operation:
            found |= WITH_INPUT
        if "path" in sources or any(parameter["name"] == "page" for parameter in parameters):
            found |= WITH_PATH
        if "requestBody" in operation:
            found |= WITH_BODY
        return dict(sorted(found.items()))
