from catalog.importers.flat import is_nested, named_values, rows_of


def test_what_is_one_text_stays_and_other_objects_become_columns():
    product = {
        "@type": "Product", "sku": "A", "name": {"en": "Red", "de": "Rot"}, "image": [{"url": "1.jpg"}],
        "price": {"amount": 5, "currency": "EUR"}, "category": {"id": 3, "name": "Shoes"},
        "offers": [{"@type": "Offer", "price": "5", "priceCurrency": "EUR", "url": "https://s.example/"}],
        "stock": {"quantity": 3}, "attributes": {"colour": "red", "sku": "not this"},
        "specs": [{"name": "Heel", "value": "7 cm"}, {"name": "Sizes", "values": ["40", "41"]}],
    }  # fmt: skip

    [row] = rows_of(product)

    same = ("sku", "name", "image", "price", "category")
    assert row == {name: product[name] for name in same} | {
        "offers price": "5", "offers priceCurrency": "EUR", "offers url": "https://s.example/", "stock quantity": 3,
        "colour": "red", "Heel": "7 cm", "Sizes": ["40", "41"],
    }  # fmt: skip
    assert is_nested(product) and not is_nested({"sku": "A", "tags": ["x"], "price": 5})


def test_values_of_mongodb_are_what_they_say():
    [row] = rows_of({"_id": {"$oid": "65"}, "price": {"$numberDecimal": "19.95"}})

    assert row == {"_id": "65", "price": "19.95"}


def test_a_list_without_names_or_values_is_none_of_attributes():
    assert named_values([{"name": "Shoes", "id": 3}]) == {}
    assert named_values([{"name": "Colour", "value": "red"}, {"src": "a.jpg"}]) == {}
    assert named_values(["red"]) == {}


def test_variants_within_become_rows_of_their_product():
    product = {
        "sku": "N1", "title": "Boot", "category": {"name": "Shoes"}, "images": [{"url": "0.jpg"}],
        "variants": [{"sku": "N1-40", "size": "40", "price": 9.5}, {"sku": "N1-41", "size": "41", "title": "Boot 41"}],
    }  # fmt: skip

    first, second = rows_of(product)

    assert first | {"category": "", "images": ""} == {
        "sku": "N1", "title": "Boot", "category": "", "images": "", "size": "40", "price": 9.5, "Variant SKU": "N1-40",
    }  # fmt: skip
    assert (second["sku"], second["title"], second["Variant SKU"], second["size"]) == ("N1", "Boot", "N1-41", "41")
