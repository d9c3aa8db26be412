"""The company's database: schema, migrations and the only SQL on it."""
