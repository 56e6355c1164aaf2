from catalog.importers import reports
from catalog.importers.reports import InteractionReport, ProductReport
from catalog.importers.rows import Problem


def test_a_problem_is_counted_and_passed_on():
    report, seen = ProductReport(created=2), []

    report.add_problem(Problem("line 3", "damaged"), seen.append)
    report.add_problem(Problem("line 4", "damaged"), None)

    assert (report.failed, seen) == (2, [Problem("line 3", "damaged")])
    assert str(report) == "2 created, 0 updated, 0 unchanged, 2 failed"


def test_of_very_many_problems_the_first_are_retained_and_all_counted(monkeypatch):
    monkeypatch.setattr(reports, "MOST_PROBLEMS", 2)
    report, seen = ProductReport(), []

    for number in range(5):
        report.add_problem(Problem(f"line {number}", "damaged"), seen.append)

    assert (report.failed, len(seen), [problem.place for problem in report.problems]) == (5, 5, ["line 0", "line 1"])


def test_a_report_says_that_its_prices_are_made_up():
    assert str(ProductReport(created=1, has_generated_prices=True)).endswith(
        "; the prices are made up, for the source has none"
    )


def test_a_report_on_interactions_has_counts_of_its_own():
    assert str(InteractionReport(accepted=3, duplicates=1)) == "3 accepted, 1 duplicates, 0 failed"


def test_a_report_says_how_many_problems_are_images():
    rows, both = ProductReport(read=5, created=3, failed=2), ProductReport(read=5, created=3, unchanged=1, failed=4)

    assert (rows.failed_images, both.failed_images) == (0, 3)
    assert str(rows).endswith("2 failed")
    assert str(both).endswith("4 failed (1 row, and 3 images of products that were imported)")
    assert both.counts["failed_images"] == 3
