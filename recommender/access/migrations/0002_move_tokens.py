"""The tokens of Django REST framework, which never expired and were stored as they are, become AccountTokens.

They go on working for VISREC_TOKEN_DAYS from now, unless the account's password changes. Their table is dropped.
"""

from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import migrations
from django.utils import timezone
from django.utils.crypto import salted_hmac

SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"  # of Django's own method of this name
OLD = "authtoken"  # the label of the app, which is no longer installed


def move(apps, schema_editor):
    connection = schema_editor.connection
    if f"{OLD}_token" not in connection.introspection.table_names():
        return
    expires_at = timezone.now() + timedelta(days=settings.TOKEN_DAYS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t.key, u.id, u.password FROM authtoken_token t JOIN auth_user u ON u.id = t.user_id")
        found = cursor.fetchall()
        AccountToken = apps.get_model("access", "AccountToken")
        AccountToken.objects.bulk_create(
            AccountToken(
                account_id=account,
                digest=sha256(key.encode()).hexdigest(),
                prefix=key[:8],
                expires_at=expires_at,
                session_hash=salted_hmac(SALT, password, algorithm="sha256").hexdigest(),
            )
            for key, account, password in found
        )
        cursor.execute("DROP TABLE authtoken_token")
        cursor.execute("DELETE FROM django_migrations WHERE app = %s", [OLD])
    apps.get_model("contenttypes", "ContentType").objects.filter(app_label=OLD).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_account_tokens"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
