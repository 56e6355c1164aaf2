from django.db import migrations

# As before, but for letters that Unicode does not take apart, such as ß, and for elisions: of "d'été" both "dete" and
# "ete" are words, since people type either.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION catalog_fold(text text, pattern text DEFAULT '[^[:alnum:]]+') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    text := left(text, 50000);
    IF octet_length(text) > length(text) THEN
        text := left(normalize(text, NFKD), 50000);
        text := translate(lower(regexp_replace(text, '[\u0300-\u036f]+', '', 'g')), '’ʼøłđı', '''''oldi');
        text := replace(replace(replace(replace(text, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    END IF;
    text := lower(text);
    IF position('''' IN text) > 0 THEN
        text := regexp_replace(text, '\m([cdjlmnst]|qu)''([[:alpha:]]+)', '\1\2 \2', 'g');
    END IF;
    text := btrim(regexp_replace(replace(text, '''', ''), pattern, ' ', 'g'));
    RETURN CASE WHEN length(text) > 500 THEN regexp_replace(text, '[^ ]{250,}', '', 'g') ELSE text END;
END
$$;
"""
# What was folded before, again: a row that is written anew computes its words.
FOLD_AGAIN = r"""
UPDATE catalog_category SET name = name WHERE name ~ '[''’ʼßẞøØłŁđĐıæÆœŒþÞ]';
UPDATE catalog_product SET title = title
WHERE concat_ws(' ', title, sku, attributes) ~ '[''’ʼßẞøØłŁđĐıæÆœŒþÞ]';
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0026_renditions")]

    operations = [
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),
        migrations.RunSQL(FOLD_AGAIN, migrations.RunSQL.noop),
    ]
