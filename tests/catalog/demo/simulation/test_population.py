import pytest

from catalog.demo.simulation import Population


@pytest.mark.parametrize("wrong", [{"shoppers": 0}, {"cold_share": 1.0}])
def test_a_population_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="a cold share of"):
        Population(**wrong)
