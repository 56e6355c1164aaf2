from recommender.admin import charts


def test_no_epoch_no_chart():
    assert charts.loss_charts([]) == []


def test_a_curve_falls_from_the_top_left_to_the_bottom_right():
    [chart] = charts.loss_charts([{"epoch": 1, "all": 3.0}, {"epoch": 2, "all": 2.0}, {"epoch": 3, "all": 1.0}])

    [curve] = chart.curves
    assert curve.points == "64.0,8.0 348.0,90.0 632.0,172.0"
    assert (curve.name, curve.last, chart.low, chart.high, chart.epochs) == ("all", 1.0, 1.0, 3.0, 3)


def test_each_player_has_its_curve_and_one_epoch_is_enough():
    [chart] = charts.loss_charts([{"epoch": 1, "generator": 1.0, "discriminator": 1.0}])

    assert [curve.name for curve in chart.curves] == ["discriminator", "generator"]
    assert chart.curves[0].points == "64.0,90.0"


def test_what_is_not_a_number_is_left_out():
    [chart] = charts.loss_charts([{"epoch": 1, "all": float("nan")}, {"epoch": 2, "all": 1.0}])

    assert chart.curves[0].points == "632.0,90.0"


def test_each_part_of_a_loss_has_a_scale_of_its_own():
    first = {"epoch": 1, "network": 12_404.0, "network/bce": 12_260.0, "network/kl": 144.0}
    second = {"epoch": 2, "network": 10_176.0, "network/bce": 10_012.0, "network/kl": 164.0}

    found = charts.loss_charts([first, second])

    assert [[curve.name for curve in chart.curves] for chart in found] == [["network"], ["network/bce"], ["network/kl"]]
    assert found[2].curves[0].points == "64.0,172.0 632.0,8.0"


def test_chances_that_are_right_lie_on_the_diagonal():
    assert charts.reliability_chart([]) is None

    chart = charts.reliability_chart([(0.0, 0.0, 9), (0.5, 0.5, 7), (1.0, 1.0, 2)])

    assert chart.points == "40.0,208.0 140.0,108.0 240.0,8.0"
    assert [(each.probability, each.share, each.count) for each in chart.tenths] == [
        (0, 0, 9),
        (0.5, 0.5, 7),
        (1, 1, 2),
    ]
