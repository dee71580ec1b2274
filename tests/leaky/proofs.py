"""Proof of each leaky set-up, past the battery: a call in test mode that reaches a live row.

Live holds one row when it is made, and test none. It says whether the live row was reached.
"""

from __future__ import annotations

from django.apps import apps
from django.db import IntegrityError, transaction

from django_sandbox import live_mode
from tests.leaky.installed import stored


def reads(call):
    def proof(model, live):
        return call(model) > 0

    return proof


def expense_total(model):
    return model.objects.total()


def saves(model, live):
    live.title = "changed in test mode"
    live.save()
    return any("changed in test mode" in row for row in stored(model))


def deletes(model, live):
    live.delete()
    return stored(model) == []


def collides(**values):
    def proof(model, live):
        try:
            with transaction.atomic():
                model.objects.create(shop=live.shop, **values)
        except IntegrityError:
            return True
        return False

    return proof


def gift_siblings(model, live):
    return live in model.objects.create(shop=live.shop).siblings()


def fee_total(model, live):
    model.objects.create(shop=live.shop)
    return model.objects.all().with_total().get()["total"] == 2


def notice_made(model, live):
    made = model.objects.create(shop=live.shop)
    with live_mode():
        return model.objects.filter(pk=made.pk).exists()


def by_shared(name, column):
    def proof(model, live):
        shared = apps.get_model("leaky", name)
        values = {column: live} | ({"shop": live.shop} if name == "Labelling" else {})
        with live_mode():
            shared.objects.create(**values)
        return list(shared.objects.values_list(column, flat=True)) == [live.pk]

    return proof


def parcels_of(model, live):
    return live in live.shop.parcels.all()


LEAKY = {
    "Article": (reads(lambda m: m.published.count()), "Article.published", "without super()"),
    "Basket": (reads(lambda m: m.everything.count()), "Basket.everything", "after Django had"),
    "Expense": (reads(expense_total), "Expense.objects.total()", "goes round the managers"),
    "Fee": (fee_total, "Fee.objects.with_total()", "goes round the managers"),
    "Gift": (gift_siblings, "Gift.siblings()", "goes round the managers"),
    "Hold": (reads(lambda m: m.recent.count()), "Hold.recent", "queryset made by hand"),
    "Keeper": (reads(lambda m: m.objects.count()), "Keeper._sandbox_model", "Remove the line"),
    "Notice": (notice_made, "Notice.is_test", "Give this one another name"),
    "Item": (saves, "Item.save()", "super().save()"),
    "Job": (deletes, "Job.delete()", "super().delete()"),
    "Coupon": (collides(code="SUMMER"), "Coupon.code", "ModeUniqueConstraint(fields=['code']"),
    "Delivery": (
        collides(number=1),
        "Delivery.Meta: leaky_delivery_number",
        "ModeUniqueConstraint(fields=['shop', 'number']",
    ),
    "Message": (by_shared("Reminder", "message"), "Reminder.message", "Make Reminder a"),
    "Label": (by_shared("Labelling", "label"), "Labelling.label", "shared through model"),
    "Parcel": (parcels_of, "Shop.parcels", "related manager"),
}
NEEDED = {"Coupon": {"code": "SUMMER"}, "Delivery": {"number": 1}}
