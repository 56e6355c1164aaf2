import numpy as np
import pytest
from django.db import connection

from recommender.versions.vectors.binary_copy import copy_rows

pytestmark = pytest.mark.django_db


def test_the_database_reads_what_was_copied():
    keys = np.array([[1, -(2**62)], [2**40, 7]])
    vectors = np.array([[0.1, -0.0, 3e38], [1e-45, 0.0, 0.0]], dtype=np.float32)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE rows (one bigint, other bigint, vector vector)")

        copy_rows("rows", keys, vectors)

        cursor.execute("SELECT one, other, vector::real[] FROM rows ORDER BY one")
        found = cursor.fetchall()
    assert [row[:2] for row in found] == [(1, -(2**62)), (2**40, 7)]
    assert np.array_equal(np.array([row[2] for row in found], dtype=np.float32), vectors)
