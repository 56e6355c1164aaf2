"""Sessions name the backend by which somebody signed in, and one that is not in the settings signs them out.

Those of Django's own backend, of 0.2.0, go on with ours; reversed, ours with Django's.
"""

from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.db import migrations

DJANGO, OURS = "django.contrib.auth.backends.ModelBackend", "recommender.access.backends.CountedBackend"
BATCH = 1000


def rename(apps, former, backend):
    store, sessions = SessionStore(), apps.get_model("sessions", "Session").objects
    changed = []
    for session in sessions.iterator(BATCH):
        try:
            data = signing.loads(session.session_data, salt=store.key_salt, serializer=store.serializer)
        except signing.BadSignature:  # by another VISREC_SECRET_KEY, as in a backup: it has ended
            continue
        if data.get(BACKEND_SESSION_KEY) == former:
            session.session_data = store.encode(data | {BACKEND_SESSION_KEY: backend})
            changed.append(session)
    sessions.bulk_update(changed, ["session_data"], BATCH)


def use_ours(apps, schema_editor):
    rename(apps, DJANGO, OURS)


def use_djangos(apps, schema_editor):
    rename(apps, OURS, DJANGO)


class Migration(migrations.Migration):
    dependencies = [("access", "0004_api_keys"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(use_ours, use_djangos)]
