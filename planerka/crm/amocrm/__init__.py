"""amoCRM (Kommo), API v4. docs/amocrm.md is its manual."""
