import threading
import urllib.error
import urllib.request

import pytest

from recommender.access.models import ApiKey
from visrec_site.storefront import storefront

pytestmark = pytest.mark.django_db


def test_the_page_has_a_key_of_its_own_that_ends_with_it():
    with storefront("https://recs.example/", 0) as server:
        threading.Thread(target=server.serve_forever).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        page = urllib.request.urlopen(f"{origin}/?sku=A-1").read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404") as missing:
            urllib.request.urlopen(f"{origin}/etc/passwd")
        missing.value.close()
        server.shutdown()
        key = ApiKey.objects.get()
        assert (origin in key.origins, key.is_valid) == (True, True)

    assert f'data-key="{key.prefix}' in page and "https://recs.example/static/visrec/" in page
    assert "shop.example" not in page and "pk_of_the_storefront" not in page
    assert not ApiKey.objects.get().is_valid
