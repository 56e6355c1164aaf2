from tests.factories import ProductFactory


def test_a_product_has_the_fields_of_the_contract(guest):
    ProductFactory(sku="A-1", title="Boot", price="19.90", attributes={"colour": "red"})

    product = guest.get("/api/v1/products/A-1/").json()

    assert list(product) == [
        "id",
        "sku",
        "title",
        "category",
        "price",
        "currency",
        "image",
        "url",
        "in_stock",
        "attributes",
        "findable",
    ]
