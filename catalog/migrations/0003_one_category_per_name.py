from django.db import migrations, models
from django.db.models.functions import Lower


def merge_twins(apps, schema_editor):
    """Single spaces within names; of categories that then differ in case alone the oldest takes all products."""
    Category = apps.get_model("catalog", "Category")
    Product = apps.get_model("catalog", "Product")
    for category in Category.objects.all():
        single = " ".join(category.name.split())
        if single != category.name:
            Category.objects.filter(pk=category.pk).update(name=single)
    kept = {}
    for pk, key in Category.objects.order_by("pk").values_list("pk", Lower("name")):
        first = kept.setdefault(key, pk)
        if first != pk:
            Product.objects.filter(category=pk).update(category=first)
            Category.objects.filter(pk=pk).delete()
    # PostgreSQL makes no index on a table whose foreign keys are still to be checked.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_productimage_file_hash"),
    ]

    operations = [
        migrations.AlterField(
            model_name="category",
            name="name",
            field=models.CharField(max_length=100),
        ),
        migrations.RunPython(merge_twins, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.UniqueConstraint(
                Lower("name"),
                name="one_category_per_name",
                violation_error_message="There is a category of this name, perhaps in other capitals.",
            ),
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__regex", "^[^ ]+( [^ ]+)*$")), name="category_name_is_single_spaced"
            ),
        ),
    ]
