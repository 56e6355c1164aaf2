import torch
from torch.testing import assert_close

from ml.nn.texts import WIDTH, TextFeatures, count_words

TITLES = [
    f"{colour} {kind} for {who}" for colour in ("red", "blue") for kind in ("boots", "bag") for who in ("men", "her")
]


def fitted(texts: list[str] = TITLES) -> TextFeatures:
    features = TextFeatures()
    features.fit(texts, torch.Generator().manual_seed(0))
    return features


def test_texts_that_share_words_are_alike():
    red, crimson, blue = fitted()(["Red boots", "red boots!", "blue bag"], 3)

    assert_close(red, crimson)
    assert_close(red.norm(), torch.tensor(1.0))
    assert red @ blue < 0.1


def test_a_text_is_the_same_alone_as_among_others_and_after_a_reload():
    features = fitted()
    again = TextFeatures()
    again.load_state_dict(features.state_dict())

    assert_close(features(TITLES, 8)[3:4], again(TITLES[3:4], 1))


def test_without_words_of_the_catalogue_there_are_zeros():
    found = fitted()(["", "…", "zebra"], 3)

    assert found.shape == (3, WIDTH) and not found.any()


def test_what_all_have_says_nothing():
    features = fitted()

    assert features.rarity[count_words(["for"])[0] != 0].item() == 0
    assert_close(*features(["red boots", "red boots for"], 2).split(1))


def test_words_are_counted_whatever_their_case_and_signs():
    counts = count_words(["Été, été! ÉTÉ", "Größe größe"])

    assert counts.abs().sum(dim=1).tolist() == [3, 2]


def test_a_catalogue_of_one_text_can_be_fitted():
    assert fitted(["a boot"])(["a boot"], 1).isfinite().all()


def test_a_text_that_is_not_known_has_the_mean_of_the_catalogues():
    features = fitted()

    assert_close(features(None, 2), features.of_all(TITLES).mean(dim=0).expand(2, -1))
