"""Search by photo: a worker embeds the photo, the database finds what is near."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalog import images
from catalog.images import WHOLE, Box
from recommender import broker
from recommender.broker import ObjectJson
from recommender.models import ModelVersion, Role
from recommender.serving import photo_counts, recommend
from recommender.serving.types import Match, PhotoFindings, PhotoObject, Recommendation, RecommendationQuery
from recommender.versions import queries
from recommender.versions.vectors import scores

PHOTO_PIXELS = 512  # longest side of the photo that a worker gets: an object in it may be a part of that
EDGES = ("left", "top", "right", "bottom")  # of a box, as forms name them
LEAST_SHARE = 0.02  # of a side of a photo, that a box has


@dataclass(frozen=True)
class Photo:
    """A visitor's photo as a worker gets it, in JPEGs of at most PHOTO_PIXELS a side."""

    whole: bytes
    part: bytes | None = None  # what is in the box
    box: Box | None = None  # None: the worker chooses


def make_box(numbers: Sequence[float]) -> Box:
    """Return the box of these edges. Raises ValueError with the reason."""
    if len(numbers) != 4:
        raise ValueError("Four numbers are expected: left, top, right and bottom.")
    left, top, right, bottom = numbers
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError("Left is less than right and top less than bottom, all from 0 to 1.")
    if min(right - left, bottom - top) < LEAST_SHARE:
        raise ValueError(f"A side of the box is at least {LEAST_SHARE} of the image's.")
    return left, top, right, bottom


def read_photo(data: bytes, box: Box | None = None) -> Photo:
    """Read a photo and the part of it in a box. Raises UnreadableImage."""
    if box is None:
        return Photo(images.shrink_to_jpeg(data, PHOTO_PIXELS, images.PATIENCE))
    whole, part = images.shrink_parts(data, PHOTO_PIXELS, [WHOLE, box], images.PATIENCE)
    return Photo(whole, part, box)


def products_like(photo: Photo, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like the photo.

    Raises NoActiveVersion, or WorkersUnavailable if no worker answers in time.
    """
    queries.serving_or_raise(Role.SIMILAR)  # before anybody waits for a worker in vain
    embedding = broker.request_photo_embedding(photo.whole, photo.part)
    version = ModelVersion.objects.get(pk=embedding["version"])
    found = recommend.products_like_photo(embedding["vector"], version, query)
    photo_counts.count(is_matched=not found.reason)
    objects = objects_from_json(embedding["objects"])
    return replace(found, photo=PhotoFindings(photo.box or objects[0].box, objects, match_of(version, found)))


def objects_from_json(found: Sequence[ObjectJson]) -> list[PhotoObject]:
    """Return what the photo shows, with boxes rounded to a thousandth."""
    objects = []
    for each in found:
        left, top, right, bottom = (round(edge, 3) for edge in each["box"])
        objects.append(PhotoObject((left, top, right, bottom), each["label"]))
    return objects


def match_of(version: ModelVersion, found: Recommendation) -> Match | None:
    """Return the chances of the first of what was found."""
    first = next(iter([*found.results, *found.nearest]), None)
    if first is None or not version.match_curves:
        return None
    return Match(**{kind: scores.match_probability(curve, first.score) for kind, curve in version.match_curves.items()})
