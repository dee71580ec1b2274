import django.db.models.deletion
from django.db import migrations, models

from django_sandbox import conf

OWNER = conf.owner_model()


class Migration(migrations.Migration):
    dependencies = [
        ("django_sandbox", "0004_sandbox_expires_at"),
        migrations.swappable_dependency(OWNER),
    ]

    operations = [
        migrations.CreateModel(
            name="CloneLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("environment", models.CharField(max_length=63)),
                ("model", models.CharField(max_length=150)),
                ("source_key", models.CharField(max_length=255)),
                ("copy_key", models.CharField(max_length=255)),
                ("source_digest", models.CharField(blank=True, max_length=32)),
                ("copy_digest", models.CharField(blank=True, max_length=32)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=OWNER
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "environment", "model", "source_key"),
                        name="sandbox_clone_once_per_source",
                    )
                ],
            },
        ),
    ]
