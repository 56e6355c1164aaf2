"""What needs no training is the least that training must beat."""

from collections.abc import Mapping

FLOORS = ("pixels", "histogram", "hog", "hog+histogram")
BY = "precision@5/"  # the figures that are compared


def shortfalls(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A sentence for each figure in which a method does not beat every floor. metrics: by method, then by name."""
    sentences = []
    for method in metrics.keys() - set(FLOORS):
        for metric, value in metrics[method].items():
            if metric.startswith(BY):
                floors = {floor: metrics[floor][metric] for floor in FLOORS if metric in metrics.get(floor, {})}
                below = [f"{floor} ({least:.3f})" for floor, least in floors.items() if value < least]
                level = [floor for floor, least in floors.items() if value == least]
                sentences += _sentence(f"{method}: {metric} {value:.3f} is below the floor of", below)
                sentences += _sentence(f"{method}: {metric} {value:.3f} is level with the floor of", level)
    return sorted(sentences)


def _sentence(beginning: str, floors: list[str]) -> list[str]:
    return [f"{beginning} {', '.join(floors)}"] if floors else []
