class RecommenderError(Exception):
    """What can go wrong in the recommender and is not a bug."""


class NoActiveVersion(RecommenderError):
    """A role that no model version serves yet."""


class VersionNotReady(RecommenderError):
    """A version that cannot be put into service, or is not in the state that this step needs."""


class TrainingRefused(RecommenderError):
    """A training that cannot be started: an unknown method or setting, or nothing to learn from."""


class TrainingFailed(RecommenderError):
    """A training that came to nothing; the message names the version and the reason."""


class TrainingCancelled(RecommenderError):
    """Somebody cancelled the training while it ran."""


class NoSuchAnswer(RecommenderError):
    """An answer that is not kept, or a page that it does not have."""


class AnswersAway(RecommenderError):
    """The cache that keeps answers does not answer."""


class WorkersAway(RecommenderError):
    """No worker answered in time."""
