from recommender.experiments import lifecycle
from recommender.experiments.models import Arm, Experiment


def draft(*arms: Arm, role: str = "similar", **fields) -> Experiment:
    """An experiment with these arms, or with two that show the same."""
    arms = arms or (Arm(name="A", share=50), Arm(name="B", share=50))
    return lifecycle.create({"name": "Variety", "role": role, **fields}, arms, "boss")


def begin(*arms: Arm, **fields) -> Experiment:
    """A running experiment."""
    experiment = draft(*arms, **fields)
    lifecycle.start(experiment, "boss")
    experiment.refresh_from_db()
    return experiment


def everybody(arm: Arm) -> tuple[Arm, Arm]:
    """A control that nobody sees, and the arm with everybody."""
    arm.share = 100
    return Arm(name="control", share=0), arm
