from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0009_list_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageReading',
            fields=[
                ('image_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tries', models.PositiveSmallIntegerField()),
                ('began_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name='productimage',
            name='problem',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='productimage',
            name='problem_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='productimage',
            name='retry_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='productimage',
            index=models.Index(condition=models.Q(('problem', ''), _negated=True), fields=['retry_at'], name='image_problem'),
        ),
    ]
