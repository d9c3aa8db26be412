"""A fake amoCRM v4: `account.AmoAccount` is the world, `app.AmoApp` serves it, `bulk.bulk_account` is a large one."""
