from catalog.images import WHOLE
from recommender.pages.shown_photo import ShownPhoto
from recommender.serving.photos import read_photo
from recommender.serving.types import PhotoFindings, PhotoObject
from tests.factories import image_bytes

LEFT, RIGHT = (0.0, 0.25, 0.5, 0.75), (0.5, 0.0, 1.0, 1.0)


def test_the_choices_are_what_was_found_and_the_whole_photo():
    photo = read_photo(image_bytes(1, size=100))
    objects = [PhotoObject(LEFT, "bags"), PhotoObject(RIGHT)]

    shown = ShownPhoto(photo, PhotoFindings(LEFT, objects))

    assert [(choice.name, choice.is_used) for choice in shown.choices] == [
        ("1: bags", True),
        ("Thing 2", False),
        ("The whole photo", False),
    ]
    first = shown.choices[0]
    assert first.value == "0,0.25,0.5,0.75"
    assert first.pixels == {"x": 0, "y": 25, "width": 50, "height": 50}
    assert shown.used.percent == {"left": 0, "top": 25, "right": 50, "bottom": 75}


def test_of_a_photo_that_is_one_thing_the_whole_is_named_once():
    found = PhotoFindings(WHOLE, [PhotoObject(WHOLE)])

    shown = ShownPhoto(read_photo(image_bytes(1)), found)

    assert [choice.name for choice in shown.choices] == ["Thing 1"]


def test_before_a_search_there_is_no_choice_and_the_frame_is_the_visitor_s():
    assert ShownPhoto(read_photo(image_bytes(1))).used.box == WHOLE
    assert ShownPhoto(read_photo(image_bytes(1), RIGHT)).used.box == RIGHT
    assert ShownPhoto(read_photo(image_bytes(1))).choices == []
