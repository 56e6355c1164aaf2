import socket

import pytest
from django.core.management import CommandError, call_command

from recommender.access.models import ApiKey


@pytest.mark.django_db
def test_a_port_that_is_taken_is_named_and_no_key_is_left():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port}: Address already in use"):
            call_command("storefront", port=port)

    assert not ApiKey.objects.exists()
