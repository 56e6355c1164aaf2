import pytest
from django.core.exceptions import ImproperlyConfigured

from visrec_site import environment

DEFAULTS = {"view": 0.2, "like": 1.0, "dislike": -1.0}


def weights(monkeypatch, text: str) -> dict[str, float]:
    monkeypatch.setenv("VISREC_KIND_WEIGHTS", text)
    return environment.env_weights("VISREC_KIND_WEIGHTS", DEFAULTS)


def test_weights_that_are_not_named_stay(monkeypatch):
    assert weights(monkeypatch, "") == DEFAULTS
    assert weights(monkeypatch, "view=0, dislike=-2.5") == {"view": 0.0, "like": 1.0, "dislike": -2.5}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wish=1", "names 'wish'; the kinds are: view, like, dislike"),
        ("view", "has 'view'; a number is expected, as in view=0.2"),
        ("view=much", "has 'view=much'; a number is expected"),
        ("like=nan", "has 'like=nan'; the weight of like is 0 or above"),
        ("like=-1", "has 'like=-1'; the weight of like is 0 or above"),
        ("dislike=1", "has 'dislike=1'; the weight of dislike is 0 or below"),
    ],
)
def test_weights_that_make_no_sense_are_told(monkeypatch, text, reason):
    with pytest.raises(ImproperlyConfigured, match=f"VISREC_KIND_WEIGHTS {reason}"):
        weights(monkeypatch, text)


def test_a_number_of_seconds_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("VISREC_HSTS_SECONDS", "a year")
    with pytest.raises(ImproperlyConfigured, match="VISREC_HSTS_SECONDS is 'a year'; it must be a whole number"):
        environment.env_whole("VISREC_HSTS_SECONDS", 0)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("redis://broker:6379/0", "redis://broker:6379/0"),
        ("rediss://broker:6379/0", "rediss://broker:6379/0?ssl_cert_reqs=required"),
        ("rediss://broker/0?ssl_ca_certs=/ca.pem", "rediss://broker/0?ssl_ca_certs=/ca.pem&ssl_cert_reqs=required"),
        ("rediss://broker/0?ssl_cert_reqs=none", "rediss://broker/0?ssl_cert_reqs=none"),
    ],
)
def test_a_redis_server_over_tls_has_to_show_a_certificate(monkeypatch, given, read):
    monkeypatch.setenv("VISREC_BROKER_URL", given)
    assert environment.env_redis("VISREC_BROKER_URL", "") == read


def test_names_are_of_those_that_are_known(monkeypatch):
    def read(text: str) -> list[str]:
        monkeypatch.setenv("VISREC_SEARCH_LANGUAGES", text)
        return environment.env_names("VISREC_SEARCH_LANGUAGES", ["english"], ["english", "german"])

    assert read("german, english") == ["german", "english"]
    with pytest.raises(ImproperlyConfigured, match="has 'klingon'; it may have: english, german"):
        read("klingon")
