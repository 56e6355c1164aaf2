import pytest

from recommender import embedding
from visrec_site.celery import app


@pytest.fixture
def worker_at_hand():
    """Tasks run at once, in this process."""
    embedding.loaded.cache_clear()
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False
