"""Search by photo: a worker embeds the photo, the database finds what is near."""

from recommender import broker
from recommender.models import ModelVersion, Role
from recommender.serving import recommend
from recommender.serving.types import Recommendation, RecommendationQuery
from recommender.versions import queries

PHOTO_PIXELS = 256  # longest side of the photo that a worker gets: more than any method uses


def products_like(photo: bytes, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like the photo.

    Raises NoActiveVersion, or WorkersUnavailable if no worker answers in time.
    """
    queries.serving_or_raise(Role.SIMILAR)  # before anybody waits for a worker in vain
    version, vector = broker.request_photo_vector(photo)
    return recommend.products_like_photo(vector, ModelVersion.objects.get(pk=version), query)
