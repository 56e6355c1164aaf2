import numpy as np
import pytest

from catalog.demo.paths import at, between, curve, ellipse, loop, mirrored, outline, part_of, ribbon

LINE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 30.0]])  # 40 units long


def test_a_curve_goes_through_its_points():
    points = [(0, 0), (10, 5), (20, 0)]

    line = curve(*points)

    for point in points:
        assert np.abs(line - point).sum(axis=1).min() < 1e-9


def test_two_points_are_a_straight_line():
    assert curve((0, 0), (1, 2)).tolist() == [[0, 0], [1, 2]]


def test_a_loop_is_closed_and_smooth():
    points = [(0, 0), (10, 0), (10, 10), (0, 10)]

    line = loop(*points)

    steps = np.hypot(*(line - np.roll(line, 1, axis=0)).T)
    assert steps.max() < 2  # no longer step from the last point to the first
    for point in points:
        assert np.abs(line - point).sum(axis=1).min() < 1e-9


@pytest.mark.parametrize(("share", "point"), [(0, (0, 0)), (0.25, (10, 0)), (0.625, (10, 15)), (1, (10, 30))])
def test_a_point_is_found_by_share_of_length(share, point):
    np.testing.assert_allclose(at(LINE, share), point)


def test_a_part_of_a_line_begins_and_ends_at_its_shares():
    part = part_of(LINE, 0.25, 0.625)

    np.testing.assert_allclose(part[[0, -1]], [[10, 0], [10, 15]])


def test_halfway_between_two_lines():
    np.testing.assert_allclose(between(LINE, LINE + [4, 2], 0.5), at(LINE, np.linspace(0, 1, 40)) + [2, 1])


def test_the_mirror_image_runs_the_other_way():
    assert mirrored(np.array([[40.0, 1.0], [30.0, 2.0]])).tolist() == [[70, 2], [60, 1]]


def test_a_ribbon_is_as_wide_as_it_is_said_to_be():
    band = ribbon(np.array([[0.0, 0.0], [5.0, 0.0], [10.0, 0.0]]), 2.0, 4.0)

    np.testing.assert_allclose(band[:, 1], [1, 1.5, 2, -2, -1.5, -1], atol=1e-6)


def test_a_quarter_turn_swaps_the_axes_of_an_ellipse():
    lying, standing = ellipse(50, 50, 20, 5), ellipse(50, 50, 20, 5, tilt=np.pi / 2)

    np.testing.assert_allclose(np.ptp(lying, axis=0), [40, 10], atol=0.1)
    np.testing.assert_allclose(np.ptp(standing, axis=0), [10, 40], atol=0.1)


def test_an_outline_joins_its_lines():
    assert outline([(0, 0), (1, 0)], LINE).shape == (5, 2)
