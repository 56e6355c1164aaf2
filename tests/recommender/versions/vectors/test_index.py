from contextlib import closing

import psycopg2
import pytest
from django.db import connection

from recommender.errors import VersionNotReady
from recommender.models import ModelVersion, Role
from recommender.versions import lifecycle
from recommender.versions.vectors import index
from tests.factories import ProductFactory, VersionFactory, embed, turned

pytestmark = pytest.mark.django_db


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'embedding_hnsw_%'")
        return {name for (name,) in cursor.fetchall()}


def test_each_version_has_an_index_of_its_own_which_goes_with_it(active):
    other = VersionFactory(dimensions=3)
    index.build_index(active)
    index.build_index(other)
    index.build_index(other)
    assert indexes() == {index.index_name(active), index.index_name(other)}

    lifecycle.delete(other)
    index.drop_unused()

    assert indexes() == {index.index_name(active)}
    with pytest.raises(VersionNotReady, match="is active"):
        lifecycle.delete(active)


@pytest.mark.django_db(transaction=True)
def test_versions_are_activated_rolled_back_and_deleted_while_an_index_is_built(active, monkeypatch):
    monkeypatch.setattr(index, "LOCK_SECONDS", 0.1)
    other = VersionFactory(dimensions=3)
    index.build_index(other)
    name = index.index_name(other)

    with closing(psycopg2.connect(**connection.get_connection_params())) as builder, builder.cursor() as cursor:
        cursor.execute("LOCK TABLE recommender_imageembedding IN SHARE UPDATE EXCLUSIVE MODE")
        with connection.cursor() as waiting:
            waiting.execute("SET lock_timeout = '1s'")  # else it would wait for ever
        lifecycle.request_activation(other)
        lifecycle.request_activation(active)
        assert lifecycle.roll_back(Role.SIMILAR) == other
        assert ModelVersion.objects.get(pk=other.pk).state == "active"
        lifecycle.request_activation(active)
        lifecycle.delete(other)
        index.drop_unused()
        assert indexes() == {name}
        builder.rollback()

    index.drop_unused()
    assert indexes() == set()


@pytest.mark.django_db(transaction=True)
def test_an_index_left_half_built_is_built_again():
    version = VersionFactory()
    embed(ProductFactory(), version, turned(0))
    name = index.index_name(version)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {name} ON recommender_imageembedding (id)")
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")

    index.build_index(version)

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        assert "hnsw" in cursor.fetchone()[0]
    lifecycle.delete(version)
    index.drop_unused()


@pytest.mark.django_db
def test_an_index_is_built_anew_in_the_place_of_the_old_one():
    version = VersionFactory()
    embed(ProductFactory(), version, turned(10))
    index.build_index(version)
    name = index.index_name(version)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)::oid", [name])
        former = cursor.fetchone()
        cursor.execute(f"CREATE INDEX {name}_new ON recommender_imageembedding (id)")  # left by a lost worker
        index.drop_unused()

        index.rebuild_index(version)

        cursor.execute("SELECT to_regclass(%s)::oid", [name])
        assert cursor.fetchone() != former
    assert f"{name}_new" not in indexes()
