class CatalogError(Exception):
    """Base class of the shop's errors that are not bugs."""


class UnreadableImage(CatalogError):
    """A file that is no image, is damaged, or is too large; the message says which."""


class TooManyPixels(CatalogError):
    """An image that would take more memory, beside others that are being decoded, than a process may use for them."""


class ImportFailed(CatalogError):
    """A source that cannot be imported at all; the message names it."""


class ExportFailed(CatalogError):
    """A file that cannot be written; the message names it and gives the reason."""


class BadRow(CatalogError):
    """One row of a source that cannot be imported; the message gives the reason."""


class NoSuchPage(CatalogError):
    """A page of a list that does not exist, is too far to be requested by number, or has a cursor of another list."""


class ProductChanged(CatalogError):
    """A product that is no longer the version that a caller has read."""


class FetchRefused(CatalogError):
    """A file that is not fetched from where it is said to be, now or later; the message gives the reason."""


class FetchFailed(CatalogError):
    """A file that could not be fetched, but may be another time; the message gives the reason."""
