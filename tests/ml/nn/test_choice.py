import torch
from torch.testing import assert_close

from ml.nn.choice import fit_choice, lift_choice

NOTHING, ANY = torch.zeros(2), torch.tensor([False, False])


def choices(truth: torch.Tensor, users: int = 4000, others: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    """Columns of users who chose by the softmax of their sum, the chosen item first."""
    generator = torch.Generator().manual_seed(0)
    columns = torch.randn(users, others + 1, 2, generator=generator)
    chosen = (columns @ truth).softmax(dim=1).multinomial(1, generator=generator)[:, 0]
    rows = torch.arange(users)
    first = columns[:, 0].clone()
    columns[:, 0] = columns[rows, chosen]
    columns[rows[chosen > 0], chosen[chosen > 0]] = first[chosen > 0]
    return columns, torch.ones(users, others, dtype=torch.bool)


def test_coefficients_by_which_people_chose_are_found():
    truth = torch.tensor([1.5, -0.5])

    assert_close(fit_choice(*choices(truth), NOTHING, ANY).float(), truth, rtol=0, atol=0.1)


def test_the_scale_of_a_column_does_not_matter():
    columns, counted = choices(torch.tensor([1.0, 0.5]))

    found, scaled = (fit_choice(columns * s, counted, NOTHING, ANY) * s for s in (1.0, 1000.0))

    assert_close(found, scaled, rtol=1e-4, atol=0)


def test_a_column_that_counts_against_what_it_says_is_left_out():
    columns, counted = choices(torch.tensor([1.0, -0.5]))

    found = fit_choice(columns, counted, NOTHING, torch.tensor([True, True]))

    assert found[1] == 0
    assert_close(found[:1], fit_choice(columns[:, :, :1], counted, NOTHING[:1], ANY[:1]))


def test_items_that_could_not_be_chosen_do_not_count():
    columns, counted = choices(torch.tensor([1.0, 0.5]))
    more = torch.cat([columns, torch.full((len(columns), 1, 2), 50.0)], dim=1)
    without = torch.cat([counted, torch.zeros_like(counted[:, :1])], dim=1)
    scaled = columns.flatten(0, 1).std(dim=0) / more.flatten(0, 1).std(dim=0)

    found = fit_choice(more, without, NOTHING, ANY)

    assert (scaled < 0.2).all()
    assert_close(found, fit_choice(columns, counted, NOTHING, ANY), rtol=0.05, atol=0.02)


def test_without_evidence_the_prior_stands():
    prior = torch.tensor([1.0, 0.0])

    assert fit_choice(torch.zeros(0, 4, 2), torch.zeros(0, 3, dtype=torch.bool), prior, ANY).tolist() == [1, 0]
    same = fit_choice(torch.ones(5, 4, 2), torch.ones(5, 3, dtype=torch.bool), prior, ANY)
    assert_close(same.float(), prior)


def mean_gain(columns: torch.Tensor, coefficients: torch.Tensor) -> float:
    """The mean over users of 1 / log2(2 + the number of items above the chosen one)."""
    scores = columns.double() @ coefficients
    return (1 / (2 + (scores[:, 1:] > scores[:, :1]).sum(dim=1)).log2()).mean().item()


def test_coefficients_are_moved_towards_what_brings_the_chosen_to_the_top():
    """A third of the choices follow the first column strictly, the others the second weakly: the first is on top."""
    generator = torch.Generator().manual_seed(1)
    columns = torch.randn(1500, 60, 2, generator=generator)
    columns[:500, 0, 0] = columns[:500, 1:, 0].amax(dim=1) + 0.1
    columns[500:, 0, 1] += 0.7
    counted = torch.ones(1500, 59, dtype=torch.bool)
    given = fit_choice(columns, counted, NOTHING, ANY)

    moved = lift_choice(columns, counted, given, ANY)

    assert moved[0] / moved[1] > 1.1 * given[0] / given[1]
    assert mean_gain(columns, moved) > mean_gain(columns, given) + 0.005


def test_what_was_left_out_stays_out_and_nothing_turns_against_what_it_says():
    columns, counted = choices(torch.tensor([1.0, -0.5]), users=300)
    both = torch.tensor([True, True])

    moved = lift_choice(columns, counted, torch.tensor([1e-6, 0.0], dtype=torch.float64), both)

    assert moved[1] == 0 and moved[0] >= 0


def test_without_choices_coefficients_stay():
    given = torch.tensor([1.0, 0.0], dtype=torch.float64)

    assert lift_choice(torch.zeros(0, 4, 2), torch.zeros(0, 3, dtype=torch.bool), given, ANY) is given
