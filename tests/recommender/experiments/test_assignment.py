import pytest

from recommender.experiments.assignment import choose, position_of, pseudonym

VISITORS = [f"visitor-{number}" for number in range(20_000)]
SALT = "5eed"


def arms(shares, salt=SALT) -> list[int | None]:
    return [choose(shares, position_of(salt, visitor)) for visitor in VISITORS]


@pytest.mark.parametrize("shares", [(50, 50), (10, 60, 30), (5, 15)])
def test_each_arm_has_its_share(shares):
    found = arms(shares)

    for index, share in enumerate(shares):
        expected = len(VISITORS) * share / 100
        assert abs(found.count(index) - expected) < 4 * (expected * (1 - share / 100)) ** 0.5  # standard deviations
    assert found.count(None) == 0 if sum(shares) == 100 else found.count(None) > 0


def test_nobody_moves_while_the_shares_stay():
    assert arms((50, 50)) == arms((50, 50))


def test_a_new_arm_takes_only_who_was_in_none():
    before, after = arms((30, 30)), arms((30, 30, 30))

    assert all(new == old for old, new in zip(before, after, strict=True) if old is not None)


def test_experiments_are_independent_of_each_other():
    first, second = arms((50, 50)), arms((50, 50), salt="another")
    same = sum(a == b for a, b in zip(first, second, strict=True))

    assert abs(same - len(VISITORS) / 2) < 4 * (len(VISITORS) / 4) ** 0.5


def test_a_pseudonym_is_of_one_experiment_and_does_not_tell_the_arm():
    names = {pseudonym(SALT, visitor) for visitor in VISITORS}

    assert len(names) == len(VISITORS) and all(0 <= name < 2**63 for name in names)
    assert pseudonym(SALT, "ada") == pseudonym(SALT, "ada") != pseudonym("another", "ada")
    lower = [pseudonym(SALT, visitor) < 2**62 for visitor in VISITORS]
    in_first = [position_of(SALT, visitor) < 0.5 for visitor in VISITORS]
    assert abs(sum(a == b for a, b in zip(lower, in_first, strict=True)) - len(VISITORS) / 2) < 300


def test_an_id_of_any_characters_has_a_position():
    assert 0 <= position_of(SALT, "\ud800 ☂") < 1
