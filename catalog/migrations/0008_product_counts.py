"""Numbers of products by category, kept by triggers: pages that show them need not count a million rows."""

import django.db.models.deletion
from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION catalog_count_products() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    categories bigint[];
    hidden boolean[];
    changes bigint[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM catalog_productcount;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(category_id), array_agg(is_hidden), array_agg(change) INTO categories, hidden, changes
        FROM (SELECT category_id, is_hidden, count(*) AS change FROM added GROUP BY 1, 2) AS change;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(category_id), array_agg(is_hidden), array_agg(change) INTO categories, hidden, changes
        FROM (SELECT category_id, is_hidden, -count(*) AS change FROM removed GROUP BY 1, 2) AS change;
    ELSE
        SELECT array_agg(category_id), array_agg(is_hidden), array_agg(change) INTO categories, hidden, changes
        FROM (
            SELECT category_id, is_hidden, sum(sign) AS change
            FROM (
                SELECT category_id, is_hidden, 1 AS sign FROM added
                UNION ALL SELECT category_id, is_hidden, -1 FROM removed
            ) AS row
            GROUP BY 1, 2
            HAVING sum(sign) <> 0
        ) AS change;
    END IF;
    IF categories IS NULL THEN
        RETURN NULL;
    END IF;
    -- Merges the former rows into the new ones, but for rows that another transaction holds: it may still be rolled back,
    -- and waiting for it would stop imports that run side by side, or end in a deadlock.
    WITH change AS (
        SELECT * FROM unnest(categories, hidden, changes) AS change (category_id, is_hidden, products)
    ), free AS (
        SELECT former.id FROM catalog_productcount AS former JOIN change USING (category_id, is_hidden)
        FOR UPDATE OF former SKIP LOCKED
    ), merged AS (
        DELETE FROM catalog_productcount WHERE id IN (SELECT id FROM free)
        RETURNING category_id, is_hidden, products
    )
    INSERT INTO catalog_productcount (category_id, is_hidden, products)
    SELECT category_id, is_hidden, sum(products)
    FROM (SELECT * FROM change UNION ALL SELECT * FROM merged) AS part
    GROUP BY 1, 2
    HAVING sum(products) <> 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_inserted AFTER INSERT ON catalog_product REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_products();
CREATE TRIGGER count_updated AFTER UPDATE ON catalog_product REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_products();
CREATE TRIGGER count_deleted AFTER DELETE ON catalog_product REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_products();
CREATE TRIGGER count_truncated AFTER TRUNCATE ON catalog_product
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_count_products();
-- The triggers' lock lets nobody else write products until this transaction ends.
INSERT INTO catalog_productcount (category_id, is_hidden, products)
SELECT category_id, is_hidden, count(*) FROM catalog_product GROUP BY 1, 2;
"""
WITHOUT_TRIGGERS = """
DROP TRIGGER count_inserted ON catalog_product;
DROP TRIGGER count_updated ON catalog_product;
DROP TRIGGER count_deleted ON catalog_product;
DROP TRIGGER count_truncated ON catalog_product;
DROP FUNCTION catalog_count_products();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_plain_names")]

    operations = [
        migrations.CreateModel(
            name="ProductCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_hidden", models.BooleanField()),
                ("products", models.BigIntegerField()),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="product_counts",
                        to="catalog.category",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(TRIGGERS, WITHOUT_TRIGGERS),
    ]
