"""The Celery app. Queues of their own keep designs, trainings and maintenance from delaying uploads, in `embed`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")

app = Celery("visrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
