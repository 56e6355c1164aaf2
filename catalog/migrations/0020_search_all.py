"""The lexemes of each product: a new column, which rewrites the table, and the words that are in it by now."""

import django.contrib.postgres.search
from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION catalog_note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'catalog_category' THEN
        PERFORM catalog_add_words(array_agg(word))
        FROM added, unnest(string_to_array(catalog_fold(added.name), ' ')) AS word;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM catalog_add_words(array_agg(DISTINCT word))
        FROM added, unnest(tsvector_to_array(added.search)) AS word;
    ELSE
        PERFORM catalog_add_words(array_agg(DISTINCT word))
        FROM added JOIN removed USING (id), unnest(tsvector_to_array(added.search)) AS word
        WHERE added.search IS DISTINCT FROM removed.search;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER words_inserted AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words();
CREATE TRIGGER words_updated AFTER UPDATE ON catalog_product REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words();
CREATE TRIGGER category_words_inserted AFTER INSERT ON catalog_category REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words();
CREATE TRIGGER category_words_updated AFTER UPDATE ON catalog_category REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_words();
SELECT catalog_add_words(array_agg(DISTINCT word))
FROM catalog_product, unnest(tsvector_to_array(search)) AS word;
SELECT catalog_add_words(array_agg(word))
FROM catalog_category, unnest(string_to_array(catalog_fold(name), ' ')) AS word;
"""
WITHOUT_TRIGGERS = """
DROP TRIGGER words_inserted ON catalog_product;
DROP TRIGGER words_updated ON catalog_product;
DROP TRIGGER category_words_inserted ON catalog_category;
DROP TRIGGER category_words_updated ON catalog_category;
DROP FUNCTION catalog_note_words();
DELETE FROM catalog_word;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0019_search_words")]

    operations = [
        migrations.RemoveIndex(model_name="product", name="product_search"),
        migrations.RemoveField(model_name="product", name="search"),
        migrations.AddField(
            model_name="product",
            name="search",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func("title", "sku", "category_id", "attributes", function="catalog_document"),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.RunSQL(TRIGGERS, WITHOUT_TRIGGERS),
    ]
