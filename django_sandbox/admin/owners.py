"""Finding an owner among many: in a search, and in the choice of a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.http import HttpRequest

from django_sandbox import conf

MOST_OFFERED = 200  # owners that a form lists; of more it takes the primary key


def owner_widget(db_field: Any, admin_site: Any) -> Any:
    """The widget for a foreign key to owners; ``None`` where Django's list will do.

    A list of all owners, of which a site may have very many, would be the whole page. The
    field for a primary key has the admin's look-up beside it, and works without scripts.
    """
    model = apps.get_model(conf.owner_model())
    if model._default_manager.order_by()[: MOST_OFFERED + 1].count() <= MOST_OFFERED:
        return None
    return ForeignKeyRawIdWidget(db_field.remote_field, admin_site)


def owner_search(admin_site: Any) -> list[str]:
    """What finds an owner by the admin's own search for owners, as look-ups of ``owner``."""
    model = apps.get_model(conf.owner_model())
    if not admin_site.is_registered(model):
        return []
    found = []
    for name in admin_site.get_model_admin(model).search_fields:
        mark = name[0] if name[0] in "^=@" else ""
        found.append(f"{mark}owner__{name.removeprefix(mark)}")
    return found


class OwnersRows:
    """Rows of owners: found by what finds their owner, who is chosen among any number."""

    admin_site: Any

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        own = super().get_search_fields(request)  # type: ignore[misc]
        return [*own, *owner_search(self.admin_site)]

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "owner" and (widget := owner_widget(db_field, self.admin_site)):
            kwargs["widget"] = widget
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


def owner_field(admin_site: Any, db_field: Any) -> forms.ModelChoiceField[Any]:
    """The choice of an owner for a form that is not of a model."""
    field: Any = db_field.formfield(widget=owner_widget(db_field, admin_site))
    return field  # type: ignore[no-any-return]
