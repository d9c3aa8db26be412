"""Where the CRM's mark of a qualified lead and the criteria of the regulation differ."""

from planerka.pack.facts import OtherwiseMarked, QualifiedMarks
from planerka.pack.model import Cell, Column, Quiet, Row, Table
from planerka.pack.sections.funnel import web_address
from planerka.pack.wording import Wording
from planerka.words import _

ANSWERS = {True: _("qualified"), False: _("not qualified")}


def qualified(wording: Wording, marks: QualifiedMarks | None) -> Table | Quiet | None:
    """The rejected leads of the week that the two tell apart: by the mark marketing is paid, by the rules judged."""
    if marks is None or not marks.compared_n:
        return None
    say, number = wording.words.say, wording.words.number
    if not marks.leads:
        return Quiet(text=say("The CRM and the regulation agree which of the rejected leads were qualified."))
    differing_n = marks.only_marked_n + marks.only_qualified_n
    return Table(
        key="qualified-otherwise",
        caption=say("Qualified or not: the CRM and the regulation differ"),
        columns=tuple(
            Column(title=say(title), is_number=False)
            for title in (_("Lead"), _("By the regulation"), _("In the CRM"), _("Person in charge"))
        ),
        rows=tuple(row_of(wording, lead) for lead in marks.leads),
        note=say(
            "The CRM and the regulation differ on {differing} of {n} rejections. Marked in the CRM, and not qualified "
            "by the criteria as of the rejection: {marked}. Qualified, and not marked: {fitting}.",
            n=number(marks.compared_n),
            differing=number(differing_n),
            marked=number(marks.only_marked_n),
            fitting=number(marks.only_qualified_n),
        ),
    )


def row_of(wording: Wording, lead: OtherwiseMarked) -> Row:
    say = wording.words.say
    return Row(
        head=Cell(text=lead.lead_id, url=web_address(lead.url)),
        cells=(
            Cell(text=say(ANSWERS[lead.is_qualified])),
            Cell(text=say(ANSWERS[not lead.is_qualified])),
            Cell(text=wording.scope(lead.manager_title)),
        ),
    )
