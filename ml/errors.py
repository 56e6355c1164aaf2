"""What can go wrong in this room, a class for each thing that a caller may want to tell apart."""


class MlError(Exception):
    """Any of the below."""


class UnknownMethod(MlError):
    """There is no method of that name; the message lists those there are."""


class BadSetting(MlError, ValueError):
    """A setting has a value it cannot take; the message has its name, the value and what it takes."""


class UnreadableImage(MlError):
    """A file is no picture that can be used; the message has the file and the reason."""


class BadData(MlError):
    """A data set cannot be read, or lacks what the task needs; the message has the file and the reason."""


class BadCheckpoint(MlError):
    """A folder does not hold the model it should; the message has the folder and the reason."""


class TrainingDiverged(MlError):
    """A loss is no longer a finite number; the message has the player, the loss, the epoch and the batch."""


class OutOfReach(MlError):
    """A generator cannot make a picture near enough to a product; the message has the error reached and the limit."""


class BadWeights(MlError):
    """Pretrained weights are missing, unreadable or another network's; the message has the file and the reason."""
