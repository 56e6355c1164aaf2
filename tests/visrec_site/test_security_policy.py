"""The Content-Security-Policy of every response."""

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/api/v1/products/", "/no-such-page/", "/healthz"])
def test_each_response_has_the_policy_of_the_settings(client: Client, path: str) -> None:
    policy = client.get(path)["Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts == {name: " ".join(values) for name, values in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()}
