class CatalogError(Exception):
    """What can go wrong in the shop and is not a bug."""


class UnreadableImage(CatalogError):
    """A file that is no picture, is damaged, or is too large; the message says which."""


class ImportFailed(CatalogError):
    """A source that cannot be imported at all; the message names it."""


class BadRow(CatalogError):
    """One row of a source that cannot be taken; the message says why."""


class BadEvent(CatalogError):
    """An interaction that cannot be taken: `errors` maps each field to its reasons."""

    def __init__(self, errors: dict[str, list[str]]):
        super().__init__("; ".join(f"{field}: {' '.join(reasons)}" for field, reasons in errors.items()))
        self.errors = errors
