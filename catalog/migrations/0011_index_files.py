from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # indexes are built beside running traffic

    dependencies = [("catalog", "0010_image_problems")]

    operations = [
        AddIndexConcurrently(
            model_name="productimage",
            index=models.Index(fields=["file"], name="image_file"),
        ),
        AddIndexConcurrently(
            model_name="productimage",
            index=models.Index(
                condition=models.Q(("thumbnail", ""), _negated=True), fields=["thumbnail"], name="image_thumbnail"
            ),
        ),
    ]
