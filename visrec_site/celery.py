"""The Celery app. Two queues, `embed` and `train`, so that a training never holds up an upload."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")

app = Celery("visrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
