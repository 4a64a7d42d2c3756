"""Change the database's tables from one version of Croquis to the next, by Alembic."""
