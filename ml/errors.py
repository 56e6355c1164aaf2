"""The errors of this package, a class for each thing that a caller may want to tell apart."""


class MlError(Exception):
    """Base of all errors of this package."""


class UnknownMethod(MlError):
    """No method has that name; the message lists the methods."""


class BadSetting(MlError, ValueError):
    """A setting has a value that it cannot take; the message has its name, the value and what it takes."""


class MissingLibrary(MlError):
    """A method needs a library that is not installed; the message has the command that installs it."""


class UnreadableImage(MlError):
    """A file is no image that can be used; the message has the file and the reason."""


class BadData(MlError):
    """A data set cannot be read, or lacks what the task needs; the message has the file and the reason."""


class BadCheckpoint(MlError):
    """A folder does not hold the model it should; the message has the folder and the reason."""


class TrainingDiverged(MlError):
    """A loss is no longer a finite number; the message has the optimizer, the loss, the epoch and the batch."""


class OutOfMemory(MlError):
    """A batch of a training does not fit in the GPU's memory; the message has the setting that makes it smaller."""


class NotShareable(MlError):
    """A method cannot be trained by several processes; the message has the methods that can."""


class ProcessLost(MlError):
    """One of the processes that share a training has ended or does not answer; the others stop."""


class OutOfReach(MlError):
    """A generator cannot reproduce a product's image; the message has the error reached and the limit."""


class BadWeights(MlError):
    """Pretrained weights are missing, unreadable or another network's; the message has the file and the reason."""
