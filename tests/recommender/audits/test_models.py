from recommender.audits.models import ChangeKind, SampledRequest, SearchChange
from recommender.models import ModelVersion


def test_rows_are_named_in_words():
    version = ModelVersion(method="visrec", number=2)

    assert str(SearchChange(version=version, kind=ChangeKind.WIDENED)) == "visrec 2: searched more widely"
    assert str(SampledRequest(version=version, recall=0.956)).endswith(", recall 0.96")
