"""The site's own tests, from before it had a test mode."""

from accounts.models import Organization
from django.db import IntegrityError, transaction
from django.test import TestCase

from shop.models import Order, Product


class OrderTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.organization = Organization.objects.create(name="Acme")
        cls.product = Product.objects.create(organization=cls.organization, sku="B")

    def order(self, number):
        return Order.objects.create(
            organization=self.organization, product=self.product, number=number
        )

    def test_an_order(self):
        order = self.order("1")
        self.assertEqual(list(self.organization.orders.all()), [order])
        self.assertEqual(Order.objects.get(product__sku="B"), order)

    def test_numbers_are_unique(self):
        self.order("1")
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.order("1")
