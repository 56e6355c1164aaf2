"""Statements that PostgreSQL parses and plans once a connection: of a search of a millisecond that is half the time."""

import re
from collections import OrderedDict
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2.extensions
from django.db import connections, router

from catalog.models import Product
from catalog.rows import Sql, fetch

MOST = 50  # statements a connection: PostgreSQL retains some 100 kB of each
_names: WeakKeyDictionary[psycopg2.extensions.connection, OrderedDict[str, str]] = WeakKeyDictionary()
_numbers = count()


def fetch_prepared(statement: Sql, settings: str = "") -> list[tuple[Any, ...]]:
    """Return the rows of a statement that only reads and whose best plan does not depend on its parameters.

    settings: `SET LOCAL …; ` for it alone, or "". Where a pooler stands between, whose connections are not ours for
    longer than a transaction, it is planned each time.
    """
    connection = connections[router.db_for_read(Product)]
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        return fetch(Sql(settings + statement.text, statement.params))
    with connection.cursor() as cursor:
        given = f"({', '.join(['%s'] * len(statement.params))})" if statement.params else ""
        name = _name_of(statement.text, cursor.connection)
        cursor.execute(f"{settings}EXECUTE {name}{given}", statement.params or None)
        return list(cursor.fetchall())


def _name_of(text: str, connection: psycopg2.extensions.connection) -> str:
    """Return the name under which the connection has the statement, the least recently used of which it gives up."""
    names = _names.setdefault(connection, OrderedDict())
    if text in names:
        names.move_to_end(text)
        return names[text]
    numbers = count(1)
    numbered = re.sub("%s", lambda _: f"${next(numbers)}", text)
    name = f"visrec_{next(_numbers)}"
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE {name} AS {numbered}")
        names[text] = name
        while len(names) > MOST:
            cursor.execute(f"DEALLOCATE {names.popitem(last=False)[1]}")
    return name
