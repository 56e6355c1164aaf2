"""An experiment on the strips of a storefront of another's, by visrec.js in a browser."""

import re

from playwright.sync_api import Page, expect

from recommender.experiments.models import Arm
from recommender.models import Impression
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.api.test_storefront import pytestmark as pytestmark
from tests.recommender.api.test_storefront import served, shop
from tests.recommender.api.test_themes import SHOP, opened
from tests.recommender.experiments.conftest import begin, everybody
from tests.shop.shop import ROOT

SCRIPT = re.search(r"visrec.js ([\d.]+)", (ROOT / "static" / "visrec.js").read_text())[1]
HTML = f"""<script src="{SHOP}/static/visrec/{SCRIPT}.js" data-key="pk_…" data-shop="{SHOP}"></script>
<visrec-strip sku="A-0" placement="product"><h2 slot="heading">Similar</h2></visrec-strip>"""


def see(page: Page) -> None:
    """Wait until the strip was seen and the shop has been told."""
    expect(page.locator("visrec-strip")).to_have_attribute("state", "ready")
    with page.expect_response("**/api/v1/impressions/") as sent:
        page.locator("visrec-strip").get_by_role("link").first.scroll_into_view_if_needed()
    assert (sent.value.status, sent.value.json()["unknown"]) == (202, [])


def test_a_visitor_is_in_an_experiment_from_the_second_page_on(active):
    other = VersionFactory()
    for number in range(6):
        product = ProductFactory(sku=f"A-{number}")
        for version, degrees in ((active, 20), (other, 50)):
            embed(product, version, turned(degrees * number))
    experiment = begin(*everybody(Arm(name="new", version=other)), placements=["product"])

    with served(shop()) as api, opened(HTML, api) as page:
        see(page)
        page.reload()
        see(page)

    first, second = Impression.objects.order_by("shown_at")
    assert (first.experiment, first.version) == (None, active.pk)
    assert (second.experiment, second.version) == (experiment.pk, other.pk)
