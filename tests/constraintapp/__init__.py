"""A site whose models change from test to test, and whose migrations are really run."""
