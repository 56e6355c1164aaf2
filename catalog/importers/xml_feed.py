"""Feeds of products in XML: Google Merchant in RSS or Atom, Yandex's, and others with an element for each product."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html.entities import html5
from xml.parsers import expat

from catalog.errors import BadRow, ImportFailed
from catalog.importers import offers
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.columns import PRODUCTS, check_number, find_columns, is_further_image
from catalog.importers.rows import Problem

GOOGLE = "http://base.google.com/ns/1.0"
ITEMS = {"item", "entry", "product", "offer", "shopitem"}  # the elements of products, in any capitals
MOST_CHARACTERS = 1_000_000  # of a product
# Elements of attributes, which have the name as an attribute, <param name="colour">red</param>, or in an element.
BAGS = {"param", "attribute", "property", "feature", "spec", "parameter", "characteristic", "product_detail"}
NAMES, VALUES = {"name", "param_name", "attribute_name"}, {"value", "val", "param_value", "attribute_value"}
CATEGORIES = {"product_type", "category", "categories"}
MOST_DEEP = 50
MOST_UNREAD = 2_000_000  # bytes of one tag
MOST_NAMES = 20_000  # of elements and attributes
BLOCK = 100_000

Record = tuple[str, Mapping[str, str]]


class XmlFeed:
    """Iterator over (place, {column: text}) of the products, whose columns are the names of elements within.

    The whole file is read once before: one that is not well-formed fails before any product is written. A DOCTYPE that
    defines entities is refused, and the file that one names is not read.
    Raises ImportFailed, at once or during iteration.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        self.notes: list[str] = []
        self.count = 0
        self.groups = offers.Groups()
        columns: dict[str, None] = {}
        problem: Problem | None = None  # the last one
        for group, record in self._records():
            self.count += 1
            self.groups.note(group)
            if isinstance(record, Problem):
                problem = record
            else:
                columns |= dict.fromkeys(record[1])
                check_number(self.label, columns)
        self.columns = list(columns)
        if problem and not columns:
            raise ImportFailed(f"{self.label} has no product that can be read: {problem}")
        if not self.count:
            raise ImportFailed(f"{self.label} is XML without products: none of <{'>, <'.join(sorted(ITEMS))}> is there")

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Record | Problem]:
        return self.groups.gather(self._records())

    def _records(self) -> Iterator[tuple[str, Record | Problem]]:
        """Yield the products in their order, each with the group of offers that it belongs to; empty for none."""
        parser = FeedParser()
        for block in self._blocks():
            try:
                parser.feed(block)
            except expat.ExpatError as error:
                reason = f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
                raise ImportFailed(f"{self.label} is not well-formed XML: {reason}") from error
            except ImportFailed as error:
                raise ImportFailed(f"{self.label}: {error}") from error
            for product in parser.take():
                place = f"{self.name} line {product.line}"
                if product.is_too_long:
                    yield "", Problem(place, f"it has over {MOST_CHARACTERS:,} characters")
                    continue
                fields = product.fields()
                if offers.MARK in fields:
                    yield fields.get(offers.GROUP, ""), self._offer(place, fields, parser.categories)
                else:
                    yield "", (place, fields)

    def _offer(self, place: str, fields: Mapping[str, str], categories: offers.Categories) -> Record | Problem:
        try:
            return place, offers.row_of(fields, categories)
        except BadRow as error:
            return Problem(place, str(error), fields.get("id", ""))

    def _blocks(self) -> Iterator[bytes]:
        """Yield the file in blocks, an empty one at the end."""
        try:
            with self.archive.open_unpacked(self.name) as file:
                yield file.read(BLOCK).lstrip()  # many programs write empty lines before the declaration
                while block := file.read(BLOCK):
                    yield block
            yield b""
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error


class FeedParser:
    """Parser of a feed that comes in blocks: `take` returns the products that are complete."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = refuse_entities
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.SkippedEntityHandler = self._entity
        self.categories = offers.Categories()  # that stand apart from the products
        self.category: dict[str, str] | None = None  # attributes of the one that is open, and its text
        self.category_text = ""
        self.fed = 0
        self.done: list[Product] = []
        self.depth = 0
        self.product: Product | None = None  # that is open
        self.names: list[str] = []  # of the elements within it that are open, and their texts
        self.texts: list[list[str]] = []
        self.label = ""  # of an attribute whose value comes

    def feed(self, block: bytes) -> None:
        """Parse a block, or the end if it is empty. Raises ExpatError and ImportFailed."""
        try:
            self.parser.Parse(block, not block)
        except (LookupError, ValueError) as error:
            raise ImportFailed(f"it is in an encoding that is not known here; UTF-8 is taken: {error}") from error
        self.fed += len(block)
        if self.fed - self.parser.CurrentByteIndex > MOST_UNREAD:
            raise ImportFailed(f"line {self.parser.CurrentLineNumber} has over {MOST_UNREAD:,} bytes without an end")
        if len(self.parser.intern) > MOST_NAMES:
            raise ImportFailed(f"it has over {MOST_NAMES:,} names of elements and attributes")

    def take(self) -> "list[Product]":
        """Return the products that were completed since the last call."""
        done, self.done = self.done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.split(" ")[-1]
        self.depth += 1
        if self.depth > MOST_DEEP:
            raise ImportFailed(f"line {self.parser.CurrentLineNumber} is over {MOST_DEEP} elements deep")
        if self.product is None:
            if name.lower() in ITEMS:
                self.product = Product(self.parser.CurrentLineNumber)
            elif name == "category":
                self.category, self.category_text = attributes, ""
        else:
            self.names.append(name)
            self.texts.append([])
        if self.product:
            if self.names and self.names[-1].lower() in BAGS and "name" in attributes:
                self.label, attributes = attributes["name"], {}
            for key, value in attributes.items():
                # A link of Atom has its address in an attribute.
                self.product.size += len(value)
                self.product.add(self.names if key == "href" else [*self.names, key], value)

    def _text(self, text: str) -> None:
        if self.product and self.texts:
            self.product.size += len(text)
            if not self.product.is_too_long:
                self.texts[-1].append(text)
        elif self.category is not None and len(self.category_text) < offers.MOST_NAME:
            self.category_text += text

    def _entity(self, name: str, is_parameter: bool) -> None:
        """Take an entity that the file of a DOCTYPE may define as HTML's, which feeds mean by it."""
        if not is_parameter:
            self._text(html5.get(f"{name};", f"&{name};"))

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if self.product and self.names:
            text = "".join(self.texts.pop()).strip()
            outer, name = ("", *(name.lower() for name in self.names))[-2:]
            if outer in BAGS and name in NAMES:
                self.label = text
            elif self.label and (name in BAGS or outer in BAGS and name in VALUES):
                self.product.add([column_of(self.label)], text)
                self.label = ""
            else:
                self.product.add(self.names, text, is_google=tag.startswith(f"{GOOGLE} "))
            self.names.pop()
        elif self.category is not None:
            self.categories.add(self.category, self.category_text)
            self.category = None
        elif self.product:
            self.done.append(self.product)
            self.product = None


class Product:
    """Values of the elements of a product, those of Google apart: of `title` and `g:title` the latter counts."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.size = 0
        self.values: dict[str, list[str]] = {}
        self.google: dict[str, list[str]] = {}

    def add(self, names: Sequence[str], text: str, *, is_google: bool = False) -> None:
        """Add the value of an element within others, or of its attribute."""
        self.size += sum(map(len, names)) + 1
        if not text or self.is_too_long:
            return
        # <images><image> and <categories><category> are further values of the outer element.
        *_, outer, name = ("", *names)
        above, own = outer.lower(), name.lower()
        is_list = above[:4] == own[:4] and above.endswith("s") and not own.endswith("s")
        column = " ".join(names[:-1] if is_list else names)
        (self.google if is_google else self.values).setdefault(column, []).append(text)

    @property
    def is_too_long(self) -> bool:
        return self.size > MOST_CHARACTERS

    def fields(self) -> dict[str, str]:
        """Return the values by column: commas between several, but of a category the first alone, the main one."""
        found = self.values | self.google
        return {
            name: texts[0] if name in CATEGORIES else ", ".join(dict.fromkeys(texts)) for name, texts in found.items()
        }


@lru_cache(1000)
def column_of(label: str) -> str:
    """Return the column of an attribute, which is not taken for a field of ours."""
    is_field = find_columns([label], PRODUCTS) or is_further_image(label)
    return f"attribute {label}" if is_field else label


def refuse_entities(name: str, system: str | None, public: str | None, has_subset: bool) -> None:
    if has_subset:
        raise ImportFailed("it has a DOCTYPE that may define entities and name other files: delete it, then import")
