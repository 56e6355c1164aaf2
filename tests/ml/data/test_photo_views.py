import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.data import photo_views
from ml.data.photo_views import WHOLE, View


def photo(ground=(255, 255, 255), size=(200, 200), box=(60, 40, 140, 160)) -> Image.Image:
    image = Image.new("RGB", size, ground)
    ImageDraw.Draw(image).polygon(
        [(box[0], box[1]), (box[2], (box[1] + box[3]) // 2), (box[0], box[3])], fill=(200, 30, 40)
    )
    return image


def test_a_region_is_a_part_of_the_photo_cut_out_and_balanced():
    [region] = photo_views.find_regions(photo((180, 170, 160)))

    assert np.abs(np.subtract(region.box, (0.3, 0.2, 0.7, 0.8))).max() < 0.03
    corners = [np.asarray(image)[2, -3] for image in (region.part, region.cut, region.balanced)]
    assert np.abs(corners[0] - np.array([180, 170, 160])).max() < 3
    assert corners[1].min() == corners[2].min() == 255
    middle = np.asarray(region.balanced)[region.balanced.height // 2, 5]
    assert middle[0] == 255 and 35 <= middle[1] <= 50  # 30 of 170, as it is in a light that makes 170 white


def test_a_dark_or_coloured_ground_is_no_white_one_in_another_light():
    image = Image.new("RGB", (4, 4), (100, 50, 20))

    for ground in ((60, 60, 60), (150, 110, 70)):
        assert photo_views.balance(image, np.array(ground)) is image


def test_a_picture_is_cut_out_unless_it_is_on_white_or_shows_nothing():
    assert photo_views.is_on_white(photo()) and photo_views.cut_out(on_white := photo()) is on_white
    assert photo_views.cut_out(plain := Image.new("RGB", (50, 50), (90, 80, 70))) is plain

    cut = np.asarray(photo_views.cut_out(photo((140, 100, 60))))

    height = 120 / photo_views.SCALES[1]
    assert abs(len(cut) - height) <= 4 and (cut[[0, -1]] == 255).all() and (cut[:, [0, -1]] == 255).all()
    assert np.abs(cut[len(cut) // 2, len(cut) // 2] - np.array([200, 30, 40])).max() < 8


def test_a_picture_whose_edge_is_half_covered_is_on_white():
    covered = Image.new("RGB", (100, 100), "white")
    covered.paste((30, 30, 30), (0, 60, 100, 100))  # trousers that leave the picture: .45 of its edge

    assert photo_views.is_on_white(covered)
    covered.paste((30, 30, 30), (0, 45, 100, 100))
    assert not photo_views.is_on_white(covered)


def test_a_picture_in_the_photo_is_looked_at_like_a_photo():
    page = Image.new("RGB", (300, 600), "black")
    page.paste(photo(), (50, 100))

    boxes = [region.box for region in photo_views.find_regions(page)]

    inside = ((50 + 60) / 300, (100 + 40) / 600, (50 + 140) / 300, (100 + 160) / 600)
    assert min(np.abs(np.subtract(box, inside)).max() for box in boxes) < 0.03


@pytest.mark.parametrize("angle", [-12, 9])
def test_a_picture_that_lies_askew_is_straightened(angle):
    picture = photo().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 70, 60))
    table = Image.new("RGB", (400, 400), (90, 70, 60))
    table.paste(picture, (80, 90))

    regions = photo_views.find_regions(table)

    [upright] = [region for region in regions if region.part is region.cut]
    assert np.abs(np.subtract(upright.part.size, 192)).max() <= 10  # without its edge
    found = np.asarray(upright.part)[:, :, 1] < 120  # the red triangle
    rows, columns = found.any(axis=1).nonzero()[0], found.any(axis=0).nonzero()[0]
    assert abs(np.ptp(columns) - 80) <= 8 and abs(np.ptp(rows) - 120) <= 8
    assert len(regions) > regions.index(upright) + 1  # with what it shows


def test_a_photo_without_a_thing_is_seen_as_a_whole():
    views = photo_views.first_views(Image.new("RGB", (80, 60), "red"))

    assert {view.region.box for view in views} == {WHOLE}
    assert [view.draw().size for view in views] == [(80, 60), (80, 60), (60, 80), (60, 80), (80, 60)]


def test_what_the_whole_photo_shows_is_its_largest_thing():
    views = photo_views.first_views(photo())

    assert views[0].region.box == views[-1].region.box != WHOLE


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_a_view_shows_its_region_in_the_middle_of_white_in_its_size(angle):
    [region] = photo_views.find_regions(photo((20, 30, 40)))

    view = View(region, "cut", 0.5, angle).draw()

    assert view.width == view.height
    rows, columns = ((np.asarray(view).min(axis=2) < 200).any(axis=axis).nonzero()[0] for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) / view.width == pytest.approx(0.5, abs=0.06)
    mirrored = np.asarray(View(region, "cut", 0.5, angle, mirrored=True).draw())
    assert (mirrored[:, ::-1] == np.asarray(view)).all()


def test_finer_views_are_a_little_larger_smaller_or_turned():
    [region] = photo_views.find_regions(photo())

    finer = photo_views.finer_views(View(region, "cut", 0.8, 30))

    assert [view.angle for view in finer] == [15, 45, 30, 30]
    assert [view.scale for view in finer] == pytest.approx([0.8, 0.8, 0.736, 0.864])
    assert photo_views.finer_views(View(region, "part", None)) == []


@pytest.mark.parametrize(
    ("other", "share"), [((0, 0, 0.5, 1), 1.0), ((0.25, 0, 0.75, 1), 1 / 3), ((0.5, 0, 1, 1), 0.0), ((0, 0, 1, 1), 0.5)]
)
def test_boxes_overlap_by_the_area_that_they_share(other, share):
    assert photo_views.overlap((0, 0, 0.5, 1), other) == pytest.approx(share)
