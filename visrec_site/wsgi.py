import ctypes
import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

# Tastes are estimated from a few hundred numbers, for which the threads of numpy's algebra cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")
# Large blocks, such as pixels, go back to the system when they are freed. By itself, the allocator would leave hundreds
# of MB to each thread that has once decoded a large image. M_MMAP_THRESHOLD, mallopt(3).
ctypes.CDLL(None).mallopt(-3, 2**20)
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  # imports all views, so that the first request does not wait for them
# What is imported stays, and is no longer searched for garbage: a body of many lists has Python search again and again.
# Processes that are forked from this one share these pages.
gc.collect()
gc.freeze()
