"""What whoever has an export and its mapping can do about a row that fails a test, by the name of the test."""

REMEDIES = {
    "id": "name the column that has it in the mapping, or fill the cell in",
    "unique": "give each its own id, or leave out all but one; released, the last of them counts",
    "required": "fill the cell in, or translate what stands there by `values` in the mapping",
    "dates_readable": "correct it, give its format in `formats`, or add it to `blank` where it stands for nothing",
    "values_readable": "correct it, see `decimal_mark` and `values`, or add it to `blank` where it stands for nothing",
    "vocabulary": "translate it by `values` in the mapping",
    "code_known": "give it a code under `references` in the mapping",
    "one_spelling": "write it one way in the source, or give both the same name by `values` in the mapping",
    "not_future": "correct it, or the order of day and month in `formats`",
    "created_at": "name the column in the mapping, or fill the cell in",
    "stage_known": "give it a code under `references: stage` in the mapping",
    "reason_known": "give it a code under `references: reason` in the mapping",
    "no_contact": "name another column if this one is of phones, which are masked; else give it a name by `values`",
    "won_without_reason": "correct `won` in the mapping if the lead was lost; else nothing: won it stays",
    "lead_known": "export its lead too, or correct the id",
    "won_after_created": "correct it, or the order of day and month in `formats`",
    "rejected_after_created": "correct it, or the order of day and month in `formats`",
    "not_negative": "correct it",
}
