"""The running shop in a real browser, as a shopper and an admin meet it."""

import base64
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.shop.shop import CHROMIUM, chromium, sign_in

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
PAGES = (
    "/",
    "/products/",
    "/products/VR00001/",
    "/search/photo/",
    "/for-you/",
    "/liked/",
    "/seen/",
    "/me/",
    "/designs/",
    "/login/",
    "/no-such-page/",
)

PATIENCE = 120_000  # milliseconds, on a machine that does much else

expect.set_options(timeout=PATIENCE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="chromium is missing: apt-get install chromium",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(shop, browser) -> Iterator[Page]:
    """A desktop page that has yet to go anywhere; whatever it complains of fails the test."""
    context = browser.new_context(base_url=shop.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [text for text in complaints if "status of 40" not in text] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(page, path):
    page.goto(path)
    page.evaluate(AXE.read_text())  # evaluated, not added as a script: the pages' own policy stays in force
    found = page.evaluate("axe.run()")
    assert [(problem["id"], [node["html"] for node in problem["nodes"]][:3]) for problem in found["violations"]] == []

    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_shopper_finds_likes_and_takes_back_by_keyboard_alone(page):
    sign_in(page, "shopper")
    expect(page.get_by_role("heading", level=1)).to_have_text("For you")
    expect(page.get_by_text("The shoppers of this shop are simulated.").first).to_be_visible()
    expect(page.get_by_text("because you").first).to_be_visible()

    page.get_by_role("searchbox").focus()
    page.keyboard.type("leather boots")
    page.keyboard.press("Enter")
    page.locator("main ul li a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/products/[^/?]+/"))
    expect(page.get_by_role("heading", name="Similar styles")).to_be_visible()
    assert page.locator(".similar li").count() >= 5

    like = page.get_by_role("button", name="Like", exact=False).first
    like.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Liked")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Liked").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Like", exact=True)).to_have_attribute("aria-pressed", "false")


def test_everything_works_without_javascript(shop, browser, fresh_pictures):
    context = browser.new_context(base_url=shop.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/products/?category=heels")
    assert page.locator("main ul li img").count() > 0
    page.locator("main ul li a").first.click()
    assert page.locator(".similar li").count() >= 5
    page.get_by_role("button", name="Like", exact=True).click()
    expect(page.get_by_role("button", name="Liked")).to_be_visible()

    page.goto("/search/photo/")
    page.get_by_label("photo", exact=False).first.set_input_files(
        {"name": "shoe.jpg", "mimeType": "image/jpeg", "buffer": fresh_pictures[30][1]}
    )
    page.get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("heading", name="Looks like your photo")).to_be_visible()
    page.get_by_role("button", name="The whole photo").click()
    expect(page.get_by_role("button", name="The whole photo")).to_have_attribute("aria-pressed", "true")

    page.get_by_label("photo", exact=False).first.set_input_files(
        {"name": "shoe.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"}
    )
    page.get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("alert")).to_contain_text("picture")
    context.close()


def two_products(pictures) -> bytes:
    """A photo with the last two of the pictures side by side."""
    images = [Image.open(io.BytesIO(data)) for _, data in pictures[-2:]]
    photo = Image.new("RGB", (sum(image.width for image in images), max(image.height for image in images)), "white")
    for left, image in zip((0, images[0].width), images, strict=True):
        photo.paste(image, (left, 0))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def test_another_part_of_a_photo_is_searched_by_without_choosing_it_again(page, fresh_pictures):
    page.goto("/")
    photo = {"name": "two.jpg", "mimeType": "image/jpeg", "buffer": two_products(fresh_pictures)}
    page.get_by_label("A photo of what").set_input_files(photo)
    page.get_by_role("button", name="Find similar").click()
    choices = page.get_by_role("group", name="Search by another part").get_by_role("button")
    expect(choices.first).to_have_attribute("aria-pressed", "true")
    assert choices.count() >= 3  # both, and the whole photo
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.run()")["violations"] == []

    with page.expect_response("**/search/photo/") as sent:
        choices.nth(1).click()
    assert sent.value.status == 200
    expect(choices.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#found")).not_to_have_attribute("aria-busy", "true")

    page.get_by_role("button", name="Part in the frame").focus()
    before = page.get_by_label("Left").last.input_value()
    with page.expect_response("**/search/photo/") as sent:
        page.keyboard.press("ArrowRight" if float(before) < 40 else "ArrowLeft")
    assert sent.value.status == 200
    assert page.get_by_label("Left").last.input_value() != before
    expect(choices.nth(1)).to_have_attribute("aria-pressed", "false")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_photo_is_dropped(page, fresh_pictures):
    page.goto("/search/photo/")
    data = base64.b64encode(fresh_pictures[30][1]).decode()

    page.evaluate(
        """(data) => {
          const file = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const dropped = new DataTransfer();
          dropped.items.add(new File([file], "shoe.jpg", {type: "image/jpeg"}));
          document.querySelector(".photo-form").dispatchEvent(new DragEvent("drop", {dataTransfer: dropped}));
        }""",
        data,
    )

    expect(page.get_by_role("heading", name="Looks like your photo")).to_be_visible()


def test_a_guest_s_views_change_what_is_shown(page):
    page.goto("/for-you/")
    expect(page.get_by_text("Popular in this shop").first).to_be_visible()

    page.goto("/products/?category=heels")
    page.locator("main ul li a").first.click()
    page.wait_for_url(re.compile("/products/[^/?]+/"))
    page.goto("/for-you/")

    expect(page.get_by_text("Popular in this shop")).to_have_count(0)


def test_an_admin_uploads_and_it_becomes_findable(page, staff, fresh_pictures):
    sign_in(page, "admin")
    page.goto("/admin/catalog/product/add/")
    page.get_by_label("SKU").fill("BY-HAND")
    page.get_by_label("Title").fill("Uploaded by hand")
    page.locator("select[name=category]").select_option(label="heels")
    page.get_by_label("Price").fill("12.50")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "heel.jpg", "mimeType": "image/jpeg", "buffer": fresh_pictures[31][1]}
    )
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()

    staff.wait_until_findable("BY-HAND")
    page.goto("/products/BY-HAND/")
    expect(page.get_by_role("heading", name="Similar styles")).to_be_visible()
    assert page.locator(".similar li").count() >= 5


@pytest.mark.parametrize(
    "path", ["catalog/product", "recommender/modelversion", "catalog/interaction", "catalog/shopper"]
)
def test_the_back_room_s_lists_open(page, path):
    sign_in(page, "admin")

    answer = page.goto(f"/admin/{path}/")

    assert answer.status == 200
    assert page.locator("#result_list tbody tr").count() > 0


def test_the_api_s_own_page_lists_its_calls(page):
    page.goto("/api/v1/docs/")

    expect(page.get_by_text("/api/v1/products/{sku}/similar/")).to_be_visible()


def test_what_a_visitor_sees_of_a_strip_is_counted_and_what_staff_sees_is_not(shop, page):
    def seen_at_home() -> int:
        code = "from recommender.models import Impression as I; print(I.objects.filter(placement='home').count())"
        return int(shop.manage("shell", "--no-imports", "-c", code))

    before = seen_at_home()
    for name in ("", "shopper"):
        if name:
            sign_in(page, name)
        with page.expect_response("**/api/v1/impressions/") as sent:
            page.goto("/")
            page.locator("[data-recommendation]").first.scroll_into_view_if_needed()
        assert sent.value.status == 202
    assert seen_at_home() == before + 2

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "admin")
    page.goto("/")
    assert page.locator("script[src*=impressions]").count() == 0


def test_the_taste_map_is_walked_by_keys_and_wheel(page):
    sign_in(page, "admin")
    page.goto("/admin/recommender/modelversion/map/")
    page.get_by_role("button", name="Make the map").click()
    page.wait_for_load_state()
    while page.get_by_role("link", name="Reload this page").count():
        page.wait_for_timeout(500)
        page.reload()
    whole = page.url
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert [(problem["id"], [node["html"] for node in problem["nodes"]][:3]) for problem in found["violations"]] == []

    page.locator(".map").focus()
    page.keyboard.press("+")
    expect(page.locator("#map")).to_have_attribute("data-zoom", "1")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#map")).to_have_attribute("data-left", "0")
    page.locator(".map a").first.hover()
    page.mouse.wheel(0, -100)
    expect(page.locator("#map")).to_have_attribute("data-zoom", "2")
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.locator("#map")).to_have_attribute("data-zoom", "0")
    assert page.url == whole

    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
