"""Schema of the OpenAPI document, which adds to each operation the errors that it may return."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework import serializers

from recommender.access.scopes import SCOPES, scopes_with
from recommender.api.permissions import PUBLIC, rule_of
from recommender.api.problems import MEDIA_TYPE, Problem, problem
from recommender.api.samples import BODIES

# Of the header Authorization: an account's token, a publishable key and a secret one.
SCHEMES = (
    "A token from `auth/token/`. `Authorization: Token …` means the same as `Bearer …`. Any other header Authorization "
    "is refused with 401, also where none is needed.",
    "A key for the pages of a storefront, `pk_…`, at the origins that it names. It may do what a guest may.",
    f"A key for a server, `sk_…`, which may do what its scopes say: {', '.join(f'`{scope}`' for scope in SCOPES)}.",
)


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
WITH_INPUT = {
    400: "A value in the request is not valid, or the name of a parameter is nearly that of one listed here. Other "
    "parameters that are not listed are ignored."
}
WITH_PATH = {404: "It does not exist."}
WITH_BODY = {
    411: "The header Content-Length is missing.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
}


TEXT, NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "Id of the request, which what was logged of it has too.", "schema": TEXT},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": NUMBER},
    "ETag": {"description": "Version of the content, for `If-None-Match`.", "schema": TEXT},
    "RateLimit-Limit": {"description": "Requests that the caller may make in a window.", "schema": NUMBER},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": NUMBER},
    "RateLimit-Reset": {"description": "Seconds until the window ends.", "schema": NUMBER},
}
COUNTED = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def headers_of(status: int, *, has_version: bool) -> list[str]:
    """Return the names of the headers that a response may have; has_version: an `ETag` if it succeeds."""
    names = ["X-Request-ID"]
    names += ["WWW-Authenticate"] if status == 401 else []
    names += ["Retry-After"] if status in (429, 503) else []
    names += COUNTED if status < 300 or status == 429 else []
    names += ["ETag"] if has_version and status < 400 else []
    return names


class CredentialScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # of its metaclass
    """Security schemes of the header Authorization."""

    target_class = "recommender.api.authentication.CredentialAuthentication"
    name = ["accountToken", "publishableKey", "secretKey"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [{"type": "http", "scheme": "bearer", "description": text} for text in SCHEMES]


class ProblemSchema(AutoSchema):
    """DRF-Spectacular's schema of a view, with problem documents as its error responses."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation:
            texts = (operation.get("description", ""), self.requirements())
            operation["description"] = "\n\n".join(filter(None, texts))
            reference = self.resolve_serializer(ProblemSerializer, "response").ref
            for status, description in self.problems(operation).items():
                operation["responses"][str(status)] = {
                    "description": description,
                    "content": {MEDIA_TYPE: {"schema": reference, "example": problem(status, description)}},
                }
            for code, response in operation["responses"].items():
                names = headers_of(int(code), has_version="304" in operation["responses"])
                response["headers"] = {name: self.header(name) for name in names} | response.get("headers", {})
            if "application/json" in (contents := operation.get("requestBody", {}).get("content", {})):
                contents["application/json"]["example"] = BODIES[operation["operationId"]]
        return operation

    def header(self, name: str) -> dict[str, str]:
        """Return a reference to the description of a header."""
        component: Any = ResolvedComponent(name, ResolvedComponent.HEADER, HEADERS[name], name)  # type: ignore[no-untyped-call]  # untyped in drf-spectacular
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference

    def get_operation_id(self) -> str:
        """Return the name that the view gives to the operation, which generated clients call it by."""
        names: dict[str, str] = vars(type(self.view))["operations"]
        return names[self.method]

    def map_parsers(self) -> list[str]:
        """Return JSON alone where it is taken: forms are as well, but one body is enough for a client."""
        found: list[str] = super().map_parsers()
        return ["application/json"] if "application/json" in found else found

    def get_auth(self) -> list[dict[str, Any]]:
        """Return the security schemes that the rule of the view accepts, each by itself."""
        super().get_auth()  # which registers them
        rule = rule_of(self.view, self.method)
        if rule is None or not self.view.authentication_classes:
            return []
        schemes = {"accountToken": True, "cookieAuth": True, "publishableKey": rule.guests}
        schemes["secretKey"] = rule == PUBLIC or bool(scopes_with(*rule.permissions))
        return [{name: []} for name, accepted in schemes.items() if accepted] + ([{}] if rule.guests else [])

    def requirements(self) -> str:
        """Return what the rule of the view requires of staff and of secret keys; "" if it requires nothing."""
        rule = rule_of(self.view, self.method)
        if rule is None or not rule.permissions:
            return ""
        what = f"Staff need the permission {' or '.join(f'`{name}`' for name in rule.permissions)}"
        if rule.accounts or rule.guests:
            what += " to reach what is not their own"
        if scopes := scopes_with(*rule.permissions):
            what += f"; a secret key needs the scope {' or '.join(f'`{scope}`' for scope in scopes)}"
        return f"{what}."

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
