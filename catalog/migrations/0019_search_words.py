"""Search over titles, SKUs, categories and attributes, and the words of the catalogue, for typos and endings."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# In plpgsql, which plans what is in a function once a session: written in SQL they took some times as long.
FUNCTIONS = r"""
-- A text in small letters, without accents and apostrophes, one space for all else that is neither letter nor digit. A
-- lexeme may have 2,046 bytes: longer words are left out.
CREATE FUNCTION catalog_fold(text text, pattern text DEFAULT '[^[:alnum:]]+') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    text := left(text, 50000);
    IF octet_length(text) > length(text) THEN
        text := replace(regexp_replace(normalize(text, NFKD), '[\u0300-\u036f]+', '', 'g'), '’', '');
    END IF;
    text := btrim(regexp_replace(replace(lower(text), '''', ''), pattern, ' ', 'g'));
    RETURN CASE WHEN length(text) > 500 THEN regexp_replace(text, '[^ ]{250,}', '', 'g') ELSE text END;
END
$$;

-- The lexemes of a product: words, with A those of the title and of the SKU and with C those of attributes; its category
-- as #7; its attributes as =colour=navy blue. No word begins with one of these signs.
CREATE FUNCTION catalog_document(title text, sku text, category_id bigint, attributes jsonb) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    code text := public.catalog_fold(sku);
    words text := btrim(public.catalog_fold(title) || ' ' || code || ' ' || replace(code, ' ', ''));
    marks text[] := ARRAY['#' || category_id::text];
    described text;
    pairs text;
BEGIN
    IF attributes <> '{}' AND jsonb_typeof(attributes) = 'object' THEN
        SELECT string_agg(value, ' '), string_agg(pair, E'\n') INTO described, pairs
        FROM (
            SELECT value, (
                SELECT string_agg(translate(left(key, 100), E'=\n', '  ') || '=' || translate(part, E'=\n', '  '), E'\n')
                FROM string_to_table(left(value, 300), ', ') AS part
            ) AS pair
            FROM jsonb_each_text(attributes)
        ) AS attribute;
        described := public.catalog_fold(described);
        pairs := public.catalog_fold(pairs, E'[^[:alnum:]=\n]+');
        pairs := replace(replace(replace(replace(pairs, ' =', '='), '= ', '='), E' \n', E'\n'), E'\n ', E'\n');
        marks := marks || string_to_array('=' || replace(pairs, E'\n', E'\n='), E'\n');
    END IF;
    RETURN CASE WHEN words = '' THEN '' ELSE regexp_replace(words, ' +', ':1A ', 'g') || ':1A' END::tsvector
        || CASE WHEN described <> '' THEN regexp_replace(described, ' +', ':1C ', 'g') || ':1C' ELSE '' END::tsvector
        || array_to_tsvector(marks);
END
$$;

-- A word's first seven letters, and what remains of them without one, and in longer words without two: two words that
-- differ by so many letters share one of these (SymSpell).
CREATE FUNCTION catalog_remainders(word text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    start text := left(word, 7);
    one text;
    found text[] := ARRAY[start];
BEGIN
    FOR i IN 1..length(start) LOOP
        one := overlay(start placing '' from i for 1);
        found := found || one;
        IF length(word) > 5 THEN
            FOR j IN i..length(one) LOOP
                found := found || overlay(one placing '' from j for 1);
            END LOOP;
        END IF;
    END LOOP;
    RETURN found;
END
$$;

-- What the languages' dictionaries make of a word, each with its language; nothing of a language's stop words.
CREATE FUNCTION catalog_stems(word text, languages text[]) RETURNS text[] LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(language || ' ' || stem)
    FROM unnest(languages) AS language, unnest(ts_lexize((language || '_stem')::regdictionary, word)) AS stem;
END;

CREATE FUNCTION catalog_add_words(words text[]) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    -- Never waits for another transaction that adds the same: a word may be there twice.
    INSERT INTO catalog_word (word, remainders)
    SELECT word, catalog_remainders(word) FROM (SELECT DISTINCT unnest(words) AS word) AS new
    WHERE word ~ '^[^0-9#=]{3,30}$' AND NOT EXISTS (SELECT FROM catalog_word known WHERE known.word = new.word);
END;
"""
WITHOUT_FUNCTIONS = """
DROP FUNCTION catalog_add_words(text[]);
DROP FUNCTION catalog_stems(text, text[]);
DROP FUNCTION catalog_remainders(text);
DROP FUNCTION catalog_document(text, text, bigint, jsonb);
DROP FUNCTION catalog_fold(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0018_product_page")]

    operations = [
        migrations.CreateModel(
            name="Word",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(db_collation="C", max_length=30)),
                ("remainders", django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
            ],
            options={
                "indexes": [
                    models.Index(fields=["word"], name="word_in_order"),
                    django.contrib.postgres.indexes.GinIndex(fields=["remainders"], name="word_remainders"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Synonyms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("terms", models.TextField(help_text="Words or short phrases that mean the same, with commas between.")),
            ],
            options={"ordering": ["terms"], "verbose_name_plural": "synonyms"},
        ),
        migrations.RunSQL(FUNCTIONS, WITHOUT_FUNCTIONS),
    ]
