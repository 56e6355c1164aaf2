from django.db import migrations

# As before, but cut off again after the normalization, by which a text can become 18 times as long: words of more than
# 1 MB, the most that a tsvector has, ended an import.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION catalog_fold(text text, pattern text DEFAULT '[^[:alnum:]]+') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    text := left(text, 50000);
    IF octet_length(text) > length(text) THEN
        text := left(normalize(text, NFKD), 50000);
        text := replace(regexp_replace(text, '[\u0300-\u036f]+', '', 'g'), '’', '');
    END IF;
    text := btrim(regexp_replace(replace(lower(text), '''', ''), pattern, ' ', 'g'));
    RETURN CASE WHEN length(text) > 500 THEN regexp_replace(text, '[^ ]{250,}', '', 'g') ELSE text END;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0023_retired_products")]

    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]
