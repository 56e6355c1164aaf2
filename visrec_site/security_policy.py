"""The Content-Security-Policy of every response."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse


class SecurityPolicyMiddleware:
    """Set the policy that settings.CONTENT_SECURITY_POLICY has; django-csp's own middleware builds it twice a response.

    No page has a policy or a nonce of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self.policy)
        return response
