"""A server that answers JSON-2 as Odoo 19 with the CRM module does: checked against a real one by its contract test."""
