from recommender.admin import charts
from recommender.admin.charts import Cell
from recommender.models import ModelVersion


def trained(losses: list[dict], method: str = "visrec", number: int = 1) -> ModelVersion:
    return ModelVersion(method=method, number=number, metrics={"losses": losses})


def values(chart) -> list[list]:
    """The values of each row, after its place on the horizontal axis."""
    return [[row.x, *(cell and cell.value for cell in row.cells)] for row in chart.rows]


def test_no_epoch_no_chart():
    assert charts.loss_charts(trained([])) == charts.compared_losses([trained([]), trained([], number=2)]) == []


def test_each_player_has_its_curve_with_the_unit_of_its_method():
    losses = [
        {"epoch": 1, "generator": 2.0, "discriminator": 1.0},
        {"epoch": 2, "generator": 3.0, "discriminator": 0.5},
    ]

    [chart] = charts.loss_charts(trained(losses, "infogan"))

    assert (chart.title, chart.unit, chart.x_name) == ("Loss of discriminator, generator", "nats", "epoch")
    assert chart.curves == ["discriminator", "generator"]
    assert values(chart) == [[1, 1.0, 2.0], [2, 0.5, 3.0]]
    assert [charts.loss_charts(trained(losses, method))[0].unit for method in ("lsgan", "cae", "gone")] == [
        "",
        "squared error",
        "",
    ]


def test_what_is_not_a_number_is_left_out():
    [chart] = charts.loss_charts(trained([{"epoch": 1, "all": float("nan")}, {"epoch": 2, "all": 1.0}]))

    assert values(chart) == [[2, 1.0]]


def test_each_part_of_a_loss_has_a_scale_of_its_own():
    first = {"epoch": 1, "network": 12_404.0, "network/bce": 12_260.0, "network/kl": 144.0}
    second = {"epoch": 2, "network": 10_176.0, "network/bce": 10_012.0, "network/kl": 164.0}

    found = charts.loss_charts(trained([first, second]))

    assert [chart.curves for chart in found] == [["network"], ["network/bce"], ["network/kl"]]
    assert values(found[2]) == [[1, 144.0], [2, 164.0]]


def test_losses_of_two_versions_of_a_method_lie_over_each_other_also_where_one_was_trained_longer():
    short = trained([{"epoch": 1, "network": 3.0}])
    long = trained([{"epoch": 1, "network": 2.5}, {"epoch": 2, "network": 2.0}], number=2)

    [chart] = charts.compared_losses([short, long])

    assert (chart.curves, chart.title) == (["visrec 1", "visrec 2"], "Loss of network")
    assert values(chart) == [[1, 3.0, 2.5], [2, None, 2.0]]


def test_losses_of_two_methods_have_charts_of_their_own():
    found = charts.compared_losses([trained([{"epoch": 1, "all": 3.0}]), trained([{"epoch": 1, "all": 9.0}], "vae")])

    assert [chart.title for chart in found] == ["visrec 1: Loss of all", "vae 1: Loss of all"]


def test_chances_are_drawn_beside_what_would_be_right():
    assert charts.reliability_chart([]) is None

    chart = charts.reliability_chart([(0.0, 0.0, 9), (0.5, 0.25, 1700)])

    assert chart.rows[1].cells == [Cell(25.0, "25 % of 1,700"), Cell(50.0, "50 %")]
