"""What whoever has an export and its mapping can do about a row that fails a test, by the name of the test."""

from planerka.words import _

REMEDIES = {
    "id": _("name the column that has it in the mapping, or fill the cell in"),
    "unique": _("give each its own id, or leave out all but one; released, the last of them counts"),
    "required": _("fill the cell in, or translate what stands there by `values` in the mapping"),
    "dates_readable": _("correct it, give its format in `formats`, or add it to `blank` where it stands for nothing"),
    "values_readable": _(
        "correct it, see `decimal_mark` and `values`, or add it to `blank` where it stands for nothing"
    ),
    "amounts_readable": _("check the column and the `decimal_mark`, or add it to `blank` where it stands for nothing"),
    "vocabulary": _("translate it by `values` in the mapping"),
    "conditions_met": _("correct it in the condition; nothing, if it has not happened yet"),
    "code_known": _("give it a code under `references` in the mapping"),
    "one_spelling": _("write it one way in the source, or give both the same name by `values` in the mapping"),
    "not_future": _("correct it, or the order of day and month in `formats`"),
    "created_at": _("name the column in the mapping, or fill the cell in"),
    "stage_known": _("give it a code under `references: stage` in the mapping"),
    "reason_known": _("give it a code under `references: reason` in the mapping"),
    "no_contact": _("name another column if this one is of phones, which are masked; else give it a name by `values`"),
    "won_without_reason": _("correct `won` in the mapping if the lead was lost; else nothing: won it stays"),
    "lead_known": _("export its lead too, or correct the id"),
    "won_after_created": _("correct it, or the order of day and month in `formats`"),
    "rejected_after_created": _("correct it, or the order of day and month in `formats`"),
    "not_negative": _("correct it"),
}
