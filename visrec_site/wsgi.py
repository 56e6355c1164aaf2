import os

from django.core.wsgi import get_wsgi_application

# Tastes are estimated from a few hundred numbers, for which the threads of numpy's algebra cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")
application = get_wsgi_application()
