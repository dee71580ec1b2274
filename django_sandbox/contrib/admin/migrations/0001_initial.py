import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("admin", "__first__")]

    operations = [
        migrations.CreateModel(
            name="EntryEnvironment",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="admin.logentry",
                        verbose_name="log entry",
                    ),
                ),
                ("environment", models.CharField(max_length=63, verbose_name="environment")),
            ],
            options={
                "verbose_name": "mode of a log entry",
                "verbose_name_plural": "modes of log entries",
            },
        ),
    ]
