from catalog.demo.simulation.labels import build_labels


def test_the_brand_is_the_first_word_of_the_title():
    assert build_labels("Puma Men Blue T-shirt", "Tops", {"year": 2015}) == {
        "category": "Tops",
        "brand": "Puma",
        "year": "2015",
    }


def test_an_attribute_names_the_brand_better():
    assert build_labels("Blue T-shirt", "Tops", {"brand": "Puma"})["brand"] == "Puma"


def test_a_product_without_a_title_has_no_brand():
    assert build_labels(" ", "Tops", {})["brand"] == ""
