"""Acme Cloud, the product's one vendor: payments, calendars and mail, by HTTP.

``client`` is the product's side. ``server`` is the vendor itself, small enough to run beside
the product: ``manage.py vendor``.
"""
