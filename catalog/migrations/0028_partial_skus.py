from django.db import migrations

FUNCTIONS = r"""
-- What codes end with, from each place where a sign stands or where letters and digits change, without signs: of SH004-S
-- ~sh004s and ~004s. What has no digit is a word, and found as such.
CREATE OR REPLACE FUNCTION catalog_code_marks(codes text[]) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    code text;
    parts text[];
    tail text;
    found text[] := '{}';
BEGIN
    FOREACH code IN ARRAY codes LOOP
        code := regexp_replace(
            public.catalog_fold(left(code, 60)), '([[:alpha:]])(?=[0-9])|([0-9])(?=[[:alpha:]])', '\1\2 ', 'g'
        );
        parts := string_to_array(code, ' ');
        tail := '';
        FOR i IN REVERSE cardinality(parts)..1 LOOP
            tail := parts[i] || tail;
            IF length(tail) > 2 AND tail ~ '[0-9]' THEN
                found := found || ('~' || tail);
            END IF;
        END LOOP;
    END LOOP;
    RETURN found;
END
$$;

-- The lexemes of a product: words, with A those of the title and of the SKU and with C those of attributes; its category
-- as #7; its attributes as =colour=navy blue; what its SKU, or that of a variant, ends with as ~004s. No word begins with
-- one of these signs.
CREATE OR REPLACE FUNCTION catalog_document(title text, sku text, category_id bigint, attributes jsonb) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    code text := public.catalog_fold(sku);
    words text := btrim(public.catalog_fold(title) || ' ' || code || ' ' || replace(code, ' ', ''));
    marks text[] := ARRAY['#' || category_id::text];
    described text;
    pairs text;
BEGIN
    IF sku ~ '[0-9]' THEN
        marks := marks || array_remove(public.catalog_code_marks(ARRAY[sku]), '~' || replace(code, ' ', ''));
    END IF;
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
        IF attributes ? 'Variant SKU' THEN
            marks := marks || public.catalog_code_marks(
                (string_to_array(left(attributes->>'Variant SKU', 3000), ', '))[:100]
            );
        END IF;
    END IF;
    RETURN CASE WHEN words = '' THEN '' ELSE regexp_replace(words, ' +', ':1A ', 'g') || ':1A' END::tsvector
        || CASE WHEN described <> '' THEN regexp_replace(described, ' +', ':1C ', 'g') || ':1C' ELSE '' END::tsvector
        || array_to_tsvector(marks);
END
$$;
"""
# What has such a code, again: a row that is written anew computes its lexemes.
AGAIN = """
UPDATE catalog_product SET title = title
WHERE search IS DISTINCT FROM catalog_document(title, sku, category_id, attributes);
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0027_fold_elisions")]

    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(AGAIN, migrations.RunSQL.noop),
    ]
