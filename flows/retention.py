"""Every night: clients of long ago are forgotten."""

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.parameters import Moment
from planerka.privacy.erasing import Erased
from tasks import retention as forgetting
from tasks.runs import name_run


@flow
def retention(as_of: Moment | None = None) -> State[Erased]:
    """Forget the clients of leads to which nothing has happened for as long as `privacy.keep_months` says.

    Args:
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
    """
    company = begin(as_of)
    name_run(company)
    forgotten = forgetting.forget_old_leads(company)
    message = company.words.count("{n} lead forgotten", "{n} leads forgotten", forgotten.leads_n)
    return Completed(message=message, data=forgotten)
