from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_productimage_fingerprint"),
    ]

    operations = [
        migrations.AddField(
            model_name="interaction",
            name="placement",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Where the recommendation was shown that led here; empty if nobody knows.",
                max_length=50,
            ),
            preserve_default=False,
        ),
    ]
