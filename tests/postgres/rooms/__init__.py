"""A site with row-level security. Installed where the database is PostgreSQL."""
