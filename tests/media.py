"""Media that do not take files, for the setting STORAGES."""

import errno
import os

from django.conf import settings

from visrec_site.storage import ImageStorage


class Full(ImageStorage):
    """A file is created, but there is no room for what is in it."""

    def _save(self, name, content):
        super()._save(name, type(content)(b""))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


class ReadOnly(ImageStorage):
    def delete(self, name):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), name)


def use(medium: type[ImageStorage]) -> dict:
    return settings.STORAGES | {"default": {"BACKEND": f"{__name__}.{medium.__name__}"}}
