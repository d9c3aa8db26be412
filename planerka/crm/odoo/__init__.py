"""Odoo 19 with its CRM module, by its JSON-2 API."""
