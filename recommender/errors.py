"""Errors that a caller may want to tell apart. The API turns them into problem documents with a status."""


class RecommenderError(Exception):
    """Base of the errors that are not bugs."""


class NoActiveVersion(RecommenderError):
    """No model version serves this role yet."""


class NoTextTower(RecommenderError):
    """The active similarity version embeds images alone."""


class VersionNotReady(RecommenderError):
    """A version is not in the state that this step needs, or lacks embeddings."""


class TrainingRefused(RecommenderError):
    """A training cannot be started: an unknown method or setting, or too few data."""


class TrainingFailed(RecommenderError):
    """A training failed; the message names the version and the reason."""


class TrainingCancelled(RecommenderError):
    """A training was cancelled while it ran, or another process has taken it over."""


class NoSuchRecommendation(RecommenderError):
    """A recommendation is not saved (any more), or does not have this page."""


class SavedResultsUnavailable(RecommenderError):
    """The cache with the saved recommendations cannot be reached."""


class WorkersUnavailable(RecommenderError):
    """No worker answered in time."""


class CategoryNotLearned(RecommenderError):
    """The active design version has not learned this category."""


class TooLittleHistory(RecommenderError):
    """Too few interactions are known to estimate a shopper's taste; the message says how many are needed."""


class ScorerIgnoresImages(RecommenderError):
    """The active personal version ignores images, and so cannot score new ones."""


class TooManyDesigns(RecommenderError):
    """A shopper has requested as many designs as allowed; `wait` is the number of seconds until the next one."""

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class DesignNotReady(RecommenderError):
    """A design is not in the state that this step needs."""


class GapSearchRunning(RecommenderError):
    """A search for gaps is running; of two at once, one report would be lost."""


class DesignFailed(RecommenderError):
    """A design cannot be generated; the message says why."""


class DesignCancelled(RecommenderError):
    """A design was cancelled while it was generated, or another worker has it now."""


class ExperimentRefused(RecommenderError):
    """An experiment cannot be as it is described; the message says why."""


class ExperimentNotReady(RecommenderError):
    """An experiment is not in the state that this step needs, or another one runs in its place."""


class ImportNotReady(RecommenderError):
    """An import is not in the state that this step needs."""


class ImportCancelled(RecommenderError):
    """An import was cancelled while it ran, or another worker has it now."""


class MapNotMade(RecommenderError):
    """A map of a version is not made here: another worker makes it, or it is finished, or fails."""
