import pytest

from ml.benchmark import compare
from ml.benchmark.compare import Options
from ml.contract import PersonalModel, SimilarModel
from ml.errors import BadSetting, BadWeights, UnknownMethod


def test_networks_of_libraries_are_similar_methods_and_no_others():
    settings = {"weights": "w.pt", "dimensions": "8"}
    (model,) = compare.create_models(Options(["timm:test_resnet"], settings=settings), SimilarModel)
    assert model.method == "timm:test_resnet"

    with pytest.raises(UnknownMethod, match="no personal method is called 'timm:test_resnet'; there are: hybrid, "):
        compare.create_models(Options(["timm:test_resnet"]), PersonalModel)
    with pytest.raises(UnknownMethod, match="networks of timm are named as timm:vit"):
        compare.create_models(Options(["timm:"]), SimilarModel)


def test_a_setting_of_one_method_comes_before_that_of_all():
    options = Options(["pixels", "hog"], settings={"dimensions": "8", "hog.dimensions": "4"})

    pixels, hog = compare.create_models(options, SimilarModel)

    assert (pixels.dimensions, hog.dimensions) == (8, 4)


def test_methods_of_another_role_and_settings_of_none_are_refused():
    with pytest.raises(UnknownMethod, match="no personal method is called 'hog'"):
        compare.create_models(Options(["hog"]), PersonalModel)
    with pytest.raises(BadSetting, match="vbpr.factors is not a setting of hog"):
        compare.create_models(Options(["hog"], settings={"vbpr.factors": "4"}), SimilarModel)


class Lacking:
    """A study whose weights are missing, or not."""

    def __init__(self, method: str, lacks: bool) -> None:
        (self.model,), self.lacks = compare.create_models(Options([method]), SimilarModel), lacks

    def check(self) -> None:
        if self.lacks:
            raise BadWeights("w.pth is missing")


def test_methods_without_weights_are_found_and_the_others_go_on(capsys):
    studies = [Lacking("hog", True), Lacking("pixels", False)]

    assert compare.find_missing_weights(studies, progress=True) == {"hog": "w.pth is missing"}
    assert capsys.readouterr().err == "hog: not run: w.pth is missing\n"
    with pytest.raises(BadWeights, match="hog: w.pth is missing"):
        compare.find_missing_weights(studies[:1], progress=True)
