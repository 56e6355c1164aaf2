"""The Celery app. Its three queues, `embed`, `design` and `train`, keep designs and trainings from delaying uploads."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")

app = Celery("visrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
