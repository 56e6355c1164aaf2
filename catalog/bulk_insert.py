"""Insert of many rows: their values go as one JSON text, which Python writes and PostgreSQL reads in C."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Field, GeneratedField, Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def new(model: type[M], **values: object) -> M:
    """Return an object to insert, as model(**values) does, past the signals and checks that take most of its time.

    values: by columns, such as category_id.
    """
    created = model.__new__(model)
    vars(created).update({field.attname: field.get_default() for field in written_fields(model)} | values)
    created._state = ModelState()
    return created


def insert(objects: Sequence[Model]) -> None:
    """Store new objects of one model and set their ids, as bulk_create does at a multiple of the time.

    Defaults are those of Django, not of the database. Raises TypeError for a value that JSON has not, such as bytes,
    and IntegrityError as bulk_create does.
    """
    if not objects:
        return
    model = type(objects[0])
    fields = written_fields(model)
    connection = connections[router.db_for_write(model)]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", (table, len(objects))
        )
        for one, (pk,) in zip(objects, cursor.fetchall(), strict=True):
            one.pk = pk
        rows = [{str(field.column): field.pre_save(one, add=True) for field in fields} for one in objects]
        columns = ", ".join(connection.ops.quote_name(column) for column in rows[0])
        cursor.execute(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s) ORDER BY id",
            (json.dumps(rows, default=as_text, ensure_ascii=False),),
        )
    for one in objects:
        one._state.adding, one._state.db = False, DEFAULT_DB_ALIAS


@cache
def written_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not isinstance(field, GeneratedField)]


def as_text(value: object) -> str:
    """Return a value that JSON has not as the text that PostgreSQL reads. Raises TypeError."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} cannot be inserted as text")
