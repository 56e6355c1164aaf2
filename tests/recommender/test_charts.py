from recommender import charts


def test_no_epoch_no_chart():
    assert charts.loss_chart([]) is None


def test_a_curve_falls_from_the_top_left_to_the_bottom_right():
    chart = charts.loss_chart([{"epoch": 1, "all": 3.0}, {"epoch": 2, "all": 2.0}, {"epoch": 3, "all": 1.0}])

    [curve] = chart.curves
    assert curve.points == "64.0,8.0 348.0,90.0 632.0,172.0"
    assert (curve.name, curve.last, chart.low, chart.high, chart.epochs) == ("all", 1.0, 1.0, 3.0, 3)


def test_each_player_has_its_curve_and_one_epoch_is_enough():
    chart = charts.loss_chart([{"epoch": 1, "generator": 1.0, "discriminator": 1.0}])

    assert [curve.name for curve in chart.curves] == ["discriminator", "generator"]
    assert chart.curves[0].points == "64.0,90.0"


def test_what_is_not_a_number_is_left_out():
    chart = charts.loss_chart([{"epoch": 1, "all": float("nan")}, {"epoch": 2, "all": 1.0}])

    assert chart.curves[0].points == "632.0,90.0"
