"""Django's settings. Every value that differs between machines is read from the environment and checked here.

Without VISREC_DATABASE_URL the embedded servers are used, and all data is under var/.
"""

import os
from pathlib import Path
from typing import Any

from celery.schedules import schedule
from csp.constants import NONE, SELF
from kombu import Queue

from visrec_site import embedded
from visrec_site.environment import NOTSET, env, env_bool, env_names, env_positive, env_redis, env_weights, env_whole

ROOT = Path(__file__).resolve().parent.parent


def database(name: str, default: str = NOTSET, *, is_pooled: bool) -> dict[str, Any]:
    """Read an entry of DATABASES from the URL in the environment, with what each of our connections needs.

    is_pooled: a pooler in transaction mode is between, which takes no settings and whose connections are not ours for
    longer than a transaction.
    """
    found: dict[str, Any] = env.db_url(name, default=default)
    settings = SESSION | {"plan_cache_mode": "force_generic_plan"}  # for catalog.prepared, which a pooler goes without
    options = {} if is_pooled else {"options": " ".join(f"-c {name}={value}" for name, value in settings.items())}
    return found | {
        "ENGINE": "visrec_site.postgresql",
        "CONN_MAX_AGE": None,  # a new connection costs 6 to 14 times the query
        "CONN_HEALTH_CHECKS": True,  # a restarted database gets a new connection, not an error
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
        "OPTIONS": found.get("OPTIONS", {}) | options,
    }


VAR = embedded.data_folder()  # VISREC_VAR, or var/
EMBEDDED = "VISREC_DATABASE_URL" not in env.ENVIRON

DEBUG = env_bool("VISREC_DEBUG", "no")
if EMBEDDED:
    SECRET_KEY = env.str("VISREC_SECRET_KEY", None) or embedded.secret_key(VAR / "secret-key")
else:
    SECRET_KEY = env.str("VISREC_SECRET_KEY")
ALLOWED_HOSTS = env.list("VISREC_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("VISREC_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env_bool("VISREC_BEHIND_TLS", "no")  # a proxy in front speaks https and sets X-Forwarded-Proto
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # requested from inside, not through the proxy
    SECURE_HSTS_SECONDS = env_whole("VISREC_HSTS_SECONDS", 365 * 24 * 3600)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
# HSTS of subdomains and its preloading would promise something for hosts that are not this shop's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    "catalog",
    "recommender",
    "recommender.access",
    "recommender.webhooks",
    "recommender.imports",
    "recommender.experiments",
    "recommender.audits",
    "recommender.maps",
    "recommender.schedules",
    "visrec_site",  # its commands
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "corsheaders",
    "django_htmx",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "visrec_site.request_id.RequestIdMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "visrec_site.compression.CompressionMiddleware",
    "visrec_site.security_policy.SecurityPolicyMiddleware",
    "visrec_site.limits.LimitsMiddleware",  # before whatever reads a form
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "visrec_site.accounts.PrivateMiddleware",
    "visrec_site.errors.TooManyAttemptsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "visrec_site.urls"
WSGI_APPLICATION = "visrec_site.wsgi.application"
SESSION_ENGINE = "catalog.sessions"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/for-you/"
LOGOUT_REDIRECT_URL = "/"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalog.pages.context_processors.shop",
            ],
        },
    },
]

HNSW_EF_SEARCH = 100  # candidates that a walk of an index keeps
# Settings of PostgreSQL that each session needs; /readyz compares them. pgvector: candidates of an HNSW scan, and to
# continue the scan until a filtered list is full. A page read out of order costs what one in order does, in memory as
# on an SSD; the planner's 4 is a turning disk's. No statement here runs long enough for its compilation, a tenth of a
# second, to pay.
SESSION = {
    "hnsw.ef_search": str(HNSW_EF_SEARCH),
    "hnsw.iterative_scan": "strict_order",
    "random_page_cost": "1.1",
    "jit": "off",
}
POOLER = env_bool("VISREC_POOLER", "no")
DATABASES = {"default": database("VISREC_DATABASE_URL", embedded.database_url(VAR), is_pooled=POOLER)}
REPLICA_LAG = env_positive("VISREC_REPLICA_LAG", 5)  # seconds that a replica may be behind and still serve
if env.str("VISREC_REPLICA_URL", ""):
    DATABASES["replica"] = database("VISREC_REPLICA_URL", is_pooled=POOLER)
    # A host that has gone says nothing: after these the primary answers. Seconds to connect, ms to acknowledge.
    DATABASES["replica"]["OPTIONS"] |= {"connect_timeout": 2, "tcp_user_timeout": 2000}
    DATABASE_ROUTERS = ["visrec_site.replica.ReplicaRouter"]
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware") + 1,
        "visrec_site.replica.ReplicaMiddleware",
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env_redis("VISREC_BROKER_URL", embedded.broker_url(VAR))
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env_redis("VISREC_CACHE_URL", embedded.cache_url(VAR)),
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("VISREC_MEDIA", str(VAR / "media")))
STORAGES = {
    "default": {"BACKEND": "visrec_site.storage.ImageStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MODELS_ROOT = Path(env.str("VISREC_MODELS", str(VAR / "models")))  # checkpoints, a folder a version
IMPORTS_ROOT = Path(env.str("VISREC_IMPORTS", str(VAR / "imports")))  # files that staff import, and their reports

# Images. An image of more pixels is refused before it is decoded.
MAX_IMAGE_BYTES = env_positive("VISREC_MAX_IMAGE_BYTES", 20_000_000)
MAX_IMAGE_PIXELS = env_positive("VISREC_MAX_IMAGE_PIXELS", 50_000_000)
THUMBNAIL_PIXELS = 480  # longest side of a thumbnail, which lists show; smaller images have none
RENDITION_PIXELS = (960, 1600)  # longest sides of larger copies, for pages of products and for fine screens
MAX_IMAGE_SIDE = env_positive("VISREC_MAX_IMAGE_SIDE", 16_000)  # pixels
# Hosts that pictures are fetched from by their URLs, as ALLOWED_HOSTS has them; none unless they are named.
IMAGE_HOSTS = env.list("VISREC_IMAGE_HOSTS", default=[])
# The same for what webhooks are sent to; "*" for each host with a public address.
WEBHOOK_HOSTS = env.list("VISREC_WEBHOOK_HOSTS", default=[])
# Bytes of a request's body, by the attribute `body_limit` of its view: visrec_site.limits.
BODY_LIMIT = 64_000
BATCH_BODY_LIMIT = 1_000_000
IMAGE_BODY_LIMIT = MAX_IMAGE_BYTES * 4 // 3 + 2 * BODY_LIMIT  # as base64, with the other fields
ADMIN_BODY_LIMIT = env_positive("VISREC_MAX_IMPORT_BYTES", 10_000_000_000)  # a catalogue that staff import by the admin
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_IMAGE_BYTES * 4 // 3  # of a form's fields that are no files
CURRENCY = env.str("VISREC_CURRENCY", "EUR")

# While the broker is unavailable an upload must not wait for it: recommender.tasks.sweep sends the tasks later.
CELERY_BROKER_URL = BROKER_URL
CELERY_RESULT_BACKEND = env_redis("VISREC_RESULT_URL", BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 1,
    "interval_start": 0,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"retry_policy": {"max_retries": 1, "interval_start": 0}}  # not 20 seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a broker whose disk is full refuses all: a worker waits instead of ending
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Seconds that a pool process may take to come up, before it is started anew. It imports torch: Celery's 4 are too few.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 300
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_EXPIRES = 300  # seconds; only a photo search waits for a result
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "embed"
CELERY_TASK_QUEUES = [Queue("embed"), Queue("design"), Queue("train"), Queue("import"), Queue("maintenance")]
QUEUES = {
    "design": ["make_design", "make_map"],
    "train": ["train_version", "find_gaps", "rebuild_index"],
    "import": ["run_import"],
    "maintenance": ["sweep", "resume", "download_images", "deliver_webhooks", "audit_indexes", "replay_requests"],
}
CELERY_TASK_ROUTES = {f"recommender.tasks.{task}": {"queue": queue} for queue in QUEUES for task in QUEUES[queue]}
RESUME_SECONDS = 10
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "recommender.tasks.sweep",
        "schedule": schedule(run_every=30),
        "options": {"expires": 30},
    },
    "resume": {
        "task": "recommender.tasks.resume",
        "schedule": schedule(run_every=RESUME_SECONDS),
        "options": {"expires": RESUME_SECONDS},
    },
}
CELERY_BEAT_SCHEDULER = "visrec_site.beat:Scheduler"
CELERY_TIMEZONE = "UTC"

# Seconds without a renewal of its lease after which another worker may take over a training. A process renews it four
# times in these; one that is late all the same loses at most an epoch, as nothing that it writes then counts.
TRAINING_LEASE = env_positive("VISREC_TRAINING_LEASE", 15)
# Versions of each role that are retained besides the active one: recommender.versions.retention.
RETAINED_VERSIONS = env_positive("VISREC_RETAINED_VERSIONS", 3)
# Designs: products a shopper must have liked, bought or viewed first; limits for one shopper; days until images expire.
DESIGN_HISTORY = env_positive("VISREC_DESIGN_HISTORY", 5)
DESIGNS_PENDING = env_positive("VISREC_DESIGNS_PENDING", 3)
DESIGNS_PER_HOUR = env_positive("VISREC_DESIGNS_PER_HOUR", 30)
DESIGN_DAYS = env_positive("VISREC_DESIGN_DAYS", 30)
# Seconds that a visitor, or a page, waits for the embedding of a photo, and of the words of a search.
PHOTO_SEARCH_SECONDS = env_positive("VISREC_PHOTO_SEARCH_SECONDS", 10)
TEXT_SEARCH_SECONDS = env_positive("VISREC_TEXT_SEARCH_SECONDS", 2)
# The weight of each kind of interaction in a shopper's taste: a dislike counts against a product.
KIND_WEIGHTS = env_weights(
    "VISREC_KIND_WEIGHTS", {"view": 0.2, "click": 0.3, "like": 1.0, "cart": 1.0, "purchase": 1.0, "dislike": -1.0}
)
# Days after which an interaction weighs half as much.
TASTE_HALF_LIFE_DAYS = env_positive("VISREC_TASTE_HALF_LIFE_DAYS", 180)
# The dictionaries that PostgreSQL brings (Snowball).
STEMMED = [
    *("arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "estonian", "finnish", "french"),
    *("german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian"),
    *("portuguese", "romanian", "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish"),
]
# Languages of titles and attributes, by whose endings a search finds other forms of a word.
SEARCH_LANGUAGES = env_names("VISREC_SEARCH_LANGUAGES", ["english"], STEMMED)
# Days after which the token of an account expires.
TOKEN_DAYS = env_positive("VISREC_TOKEN_DAYS", 90)
# Seconds for which a recommendation can be read again by its id.
ANSWER_SECONDS = env_positive("VISREC_ANSWER_SECONDS", 3600)
# Days after which the log of a webhook's message, an import with its report, and an impression are deleted.
WEBHOOK_DAYS = env_positive("VISREC_WEBHOOK_DAYS", 30)
IMPORT_DAYS = env_positive("VISREC_IMPORT_DAYS", 90)
IMPRESSION_DAYS = env_positive("VISREC_IMPRESSION_DAYS", 90)
# Percent of the lists of similar products in which one product is drawn by chance.
EXPLORATION = min(env_whole("VISREC_EXPLORATION", 0), 100) / 100
# Percent of the nearest products that an index has to find; below it a version is searched more widely.
INDEX_RECALL = env_whole("VISREC_INDEX_RECALL", 95) / 100
# Threads of a process that uses torch. Half the cores: pages and the database need the others, and torch's threads wait
# for each other when another process uses a core. Measured on two cores, training visrec on the demo's images, beside
# two busy processes: a batch took 0.9 to 1.2 s with one thread and 2 to 10 s with two.
TORCH_THREADS = env_positive("VISREC_TORCH_THREADS", max(1, (os.cpu_count() or 1) // 2))
# Percent of a GPU's memory that a process may take: several workers may share one.
GPU_MEMORY = env_positive("VISREC_GPU_MEMORY", 100)
# MB that the build of a vector index may take: a quarter of the machine's. A million vectors of 128 floats take 1,300.
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
INDEX_MEMORY = env_positive("VISREC_INDEX_MEMORY", max(64, MEMORY // 4))

# OWASP ASVS 2.1: long, not common and not the account's own name; which characters it has does not matter.
VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "recommender.access.passwords.MaximumLengthValidator"},
    {"NAME": f"{VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{VALIDATION}.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["recommender.access.backends.CountedBackend"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recommender.api.authentication.CredentialAuthentication",  # first: its WWW-Authenticate makes a refusal a 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["recommender.api.permissions.MayCall"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "recommender.api.parsers.JSONParser",
        "recommender.api.parsers.MultiPartParser",
        "recommender.api.parsers.FormParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "recommender.api.pagination.Pages",
    "PAGE_SIZE": 24,
    "DEFAULT_SCHEMA_CLASS": "recommender.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "recommender.api.errors.handle_exception",
    "DEFAULT_THROTTLE_CLASSES": [
        "recommender.throttling.AnonymousThrottle",
        "recommender.throttling.AccountThrottle",
        "recommender.throttling.PublishableThrottle",
        "recommender.throttling.SecretThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous": env.str("VISREC_RATE_ANONYMOUS", "1200/min"),
        "account": env.str("VISREC_RATE_ACCOUNT", "6000/min"),
        "publishable": env.str("VISREC_RATE_PUBLISHABLE", "1200/min"),
        "secret": env.str("VISREC_RATE_SECRET", "6000/min"),
        "photo": env.str("VISREC_RATE_PHOTO", "60/min"),
        "text": env.str("VISREC_RATE_TEXT", "240/min"),
        "token": env.str("VISREC_RATE_TOKEN", "20/min"),
        "visitor": env.str("VISREC_RATE_VISITOR", "60/min"),
    },
    "NUM_PROXIES": 1 if BEHIND_TLS else 0,  # else a caller could choose its address by X-Forwarded-For
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # there is JSON alone
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# A page reads responses from the origins that its publishable key names, by recommender.access.cors, and no others.
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_METHODS = ["GET", "POST", "DELETE", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "x-visitor", "idempotency-key", "if-none-match"]
CORS_EXPOSE_HEADERS = [
    "X-Request-ID",
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Location",
    "ETag",
]
CORS_PREFLIGHT_MAX_AGE = 600  # seconds, after which a revoked key's origin is refused by its browsers as well
SPECTACULAR_SETTINGS = {
    "TITLE": "VisRec",
    "DESCRIPTION": "A shop catalogue in which pictures do the recommending.",
    "VERSION": "1",
    "SERVERS": [{"url": "/", "description": "The shop that this document was read from."}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # each name would appear twice
    "ENUM_NAME_OVERRIDES": {
        "ArmStrategyEnum": "recommender.experiments.models.Strategy",
        "EventEnum": "recommender.webhooks.models.Event",
        "ExperimentStateEnum": "recommender.experiments.models.ExperimentState",
        "KindEnum": "catalog.models.Kind",
        "KeyKindEnum": "recommender.access.models.KeyKind",
        "PictureKindEnum": "recommender.models.DesignImage.Kind",
        "RoleEnum": "recommender.models.Role",
        "TriedRoleEnum": "recommender.experiments.models.TRIED_ROLES",
    },
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],  # blob: the preview of a photo that was chosen
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "visrec_site.request_id.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": env.str("VISREC_LOG_LEVEL", "INFO")},
    "loggers": {"celery.beat": {"level": "WARNING"}},  # it would tell of each sweep that it sends
}
