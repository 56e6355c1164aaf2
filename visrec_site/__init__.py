"""The Django project: settings, URLs, the Celery app, the embedded servers and the demo."""

from visrec_site.celery import app as celery_app

__all__ = ["celery_app"]
