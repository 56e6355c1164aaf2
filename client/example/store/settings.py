import os
from pathlib import Path

FOLDER = Path(os.environ.get("STORE_VAR", Path(__file__).parent.parent / "var"))
FOLDER.mkdir(parents=True, exist_ok=True)
SECRET_KEY, DEBUG, ALLOWED_HOSTS = "an example", True, ["*"]
INSTALLED_APPS = ["store", "visrec_django", "django.contrib.contenttypes"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "store.sqlite3"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent.parent / "templates"],
        "APP_DIRS": True,
    }
]
ROOT_URLCONF = "store.urls"
MEDIA_ROOT, MEDIA_URL = FOLDER / "media", "/media/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

VISREC = {
    "URL": os.environ.get("VISREC_URL", "http://127.0.0.1:8000"),
    "SECRET_KEY": os.environ.get("VISREC_SECRET", ""),  # with the scopes catalogue:write and events:write
    "PUBLISHABLE_KEY": os.environ.get("VISREC_PUBLISHABLE", ""),  # for the origin of these pages
    "ADAPTER": "store.visrec.StoreAdapter",
}
