"""Comparison with the methods that need no training, which trained methods must beat."""

from collections.abc import Mapping

BASELINES = ("pixels", "histogram", "hog", "hog+histogram")
COMPARED = "precision@5/"  # prefix of the figures that are compared


def list_shortfalls(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a sentence for each figure in which a method does not beat every baseline.

    metrics: by method, then by name.
    """
    sentences = []
    for method in metrics.keys() - set(BASELINES):
        for metric, value in metrics[method].items():
            if metric.startswith(COMPARED):
                baselines = {name: metrics[name][metric] for name in BASELINES if metric in metrics.get(name, {})}
                below = [f"{name} ({least:.3f})" for name, least in baselines.items() if value < least]
                equal = [name for name, least in baselines.items() if value == least]
                sentences += _complete(f"{method}: {metric} {value:.3f} is below the baseline", below)
                sentences += _complete(f"{method}: {metric} {value:.3f} is equal to the baseline", equal)
    return sorted(sentences)


def _complete(beginning: str, baselines: list[str]) -> list[str]:
    return [f"{beginning} {', '.join(baselines)}"] if baselines else []
