from recommender.serving.types import Recommendation, RecommendationQuery, RetrievalPlan
from tests.factories import VersionFactory


def test_a_recommendation_has_its_plan_s_strategy_and_version_and_an_id_of_its_own():
    version = VersionFactory.build(number=1)
    plan = RetrievalPlan("similar", version)

    first, second = (Recommendation(RecommendationQuery(), plan, []) for _ in range(2))

    assert (first.strategy, first.version) == ("similar", version)
    assert first.id != second.id
    assert (first.page, first.has_next) == (1, False)
