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


class NoSuchRecommendation(RecommenderError):
    """An answer that is not kept, or a page that it does not have."""


class SavedResultsUnavailable(RecommenderError):
    """The cache that keeps answers does not answer."""


class WorkersUnavailable(RecommenderError):
    """No worker answered in time."""


class UnknownToGenerator(RecommenderError):
    """A category that the active design version has not learnt."""


class TooLittleHistory(RecommenderError):
    """A shopper who did too little for their taste to be known; the message says how much is needed."""


class BlindTaste(RecommenderError):
    """An active personal version that never looks at pictures, and so cannot say who would like a new one."""


class TooManyDesigns(RecommenderError):
    """A shopper who asked for as much as one may ask for; `wait` says for how many seconds."""

    def __init__(self, message: str, wait: int):
        super().__init__(message)
        self.wait = wait


class DesignNotReady(RecommenderError):
    """A design that is not in the state that this step needs."""


class AlreadyLooking(RecommenderError):
    """Somebody looks for gaps at this moment; of two at once, one would be lost."""


class DesignFailed(RecommenderError):
    """A design that cannot be made; the message says why."""


class DesignCancelled(RecommenderError):
    """Somebody cancelled the design while it was made, or another worker has it now."""
