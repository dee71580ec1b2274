"""``manage.py sandbox``: its actions, each a row of a table, and how far they are."""
