from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("django_sandbox", "0007_snapshots"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="sandbox",
            options={
                "permissions": [
                    ("use_test_mode", "Can use test mode"),
                    ("manage_sandbox", "Can activate and deactivate sandboxes"),
                    ("reset_sandbox", "Can wipe, fill and restore sandboxes"),
                ],
                "verbose_name": "sandbox",
                "verbose_name_plural": "sandboxes",
            },
        ),
    ]
