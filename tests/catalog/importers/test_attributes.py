from catalog.importers.attributes import AttributeColumns


def test_pairs_of_columns_are_one_attribute_named_by_any_row_of_the_product():
    columns = AttributeColumns(["Option1 Name", "Option1 Value", "Option1 Linked To", "Vendor", "Option2 Value"], None)
    records = [
        {"Option1 Name": "Size", "Option1 Value": "40", "Vendor": "A &amp; B"},
        {"Option1 Name": "", "Option1 Value": "41", "Option2 Value": "x"},
    ]

    assert columns.read(records, is_family=False) == {"Vendor": "A & B", "Option2 Value": "x", "Size": "40, 41"}


def test_numbers_may_stand_behind_the_words_of_pairs():
    columns = AttributeColumns(["Option Name 1", "Option Value 1", "Option Name 2", "Vendor Name 1"], None)
    record = {"Option Name 1": "Size", "Option Value 1": "40", "Option Name 2": "x", "Vendor Name 1": "Acme"}

    assert columns.read([record], is_family=False) == {"Size": "40", "Option Name 2": "x", "Vendor Name 1": "Acme"}


def test_the_sku_beside_a_product_s_own_is_of_its_variants_and_of_another_name_than_a_column_of_ours():
    columns = AttributeColumns(["SKU"], None)

    assert columns.read([{"SKU": "R-40"}, {"SKU": "R-41"}], is_family=False) == {"Variant SKU": "R-40, R-41"}


def test_what_a_product_says_itself_goes_before_what_its_variants_say():
    columns = AttributeColumns(["Vendor", "Weight"], None)

    assert columns.read([{"Vendor": "A"}, {"Vendor": "B", "Weight": "1"}, {"Weight": "2"}], is_family=True) == {
        "Vendor": "A",
        "Weight": "1, 2",
    }
