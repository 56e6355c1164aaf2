"""Django's backend for PostgreSQL, whose connections are checked before each request without a statement."""
