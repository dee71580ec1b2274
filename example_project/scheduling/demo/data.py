"""What must be there before the story starts: one organization, one user, a known state."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from django_sandbox import live_mode
from scheduling.models import Membership, Organization

SLUG = "globex-demo"
USERNAME = "demo"
PASSWORD = "sandbox-demo"  # noqa: S105 - printed for everybody to sign in with


@live_mode()
@transaction.atomic
def prepare() -> None:
    """Bring the demo's organization and user into the state the story starts from.

    Deleting the organization in live mode takes its test rows, its keys and its sandbox
    with it. Other rows of the database are left alone.
    """
    Organization.objects.filter(slug=SLUG).delete()
    organization = Organization.objects.create(slug=SLUG, name="Globex")
    user, _ = get_user_model().objects.get_or_create(username=USERNAME)
    user.first_name, user.last_name = "Dana", "Demo"
    user.is_staff = user.is_active = True
    user.set_password(PASSWORD)
    user.save()
    user.groups.add(_developers())
    Membership.objects.filter(user=user).delete()
    Membership.objects.create(user=user, organization=organization, role=Membership.Role.ADMIN)


def _developers() -> Group:
    """Those who may use test mode, and see the product's models in the admin."""
    group, _ = Group.objects.get_or_create(name="Developers")
    group.permissions.set(
        Permission.objects.filter(
            Q(content_type__app_label="django_sandbox", codename="use_test_mode")
            | Q(content_type__app_label="scheduling")
        )
    )
    return group
