"""Every error planerka raises on purpose, as one tree.

    PlanerkaError                 exit 1
    ├── UsageError                exit 2   wrong use or settings: the person at the keyboard mends it
    │   ├── SettingsError
    │   ├── RulebookError
    │   ├── MappingError
    │   ├── ChangedError               somebody was faster: look again before deciding
    │   └── StoreVersionError
    ├── GateStoppedError          exit 3   the data are not fit to be judged or shown
    ├── CrmError                  exit 4   the CRM, or the export that stands for it, refused
    │   ├── CrmLoginError                  it does not know us
    │   ├── CrmClosedError                 the account is closed to us until a person opens it: no request helps
    │   ├── CrmMovedError                  it is at another address
    │   ├── CrmBusyError                   it gave no answer for minutes, and may give one later
    │   ├── CrmRefusalError                a request or a command was refused: nothing was done
    │   ├── CrmAnswerError                 what it answered cannot be right
    │   └── CrmLostAnswerError             a write whose answer was lost: it may have been done
    ├── DeliveryError             exit 5   somebody did not get the pack
    ├── BusyError                 exit 1   another run holds the lock
    ├── StoreError                exit 1   the database failed: no rights, no space, damaged
    │   ├── StoreBusyError                 another program has been writing to it for too long
    │   └── StoreGoneError                 it does not answer, and may do so in a minute
    └── NotAShareError            exit 1   a numerator outside its denominator: a fault of ours

A message names the thing, the value and the remedy, and never quotes a client: phones, e-mails and messengers in it
are masked, wherever it ends up.
"""

from planerka.phones import masked


class PlanerkaError(Exception):
    """Root of the tree."""

    exit_code = 1
    is_masked = True

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message) if self.is_masked else message)


class UsageError(PlanerkaError):
    """The command line, a setting, a rule or a mapping is wrong."""

    exit_code = 2


class SettingsError(UsageError):
    """Settings are incomplete or contradict each other. Quotes addresses of the company's own."""

    is_masked = False


class RulebookError(UsageError):
    """A file of the rulebook does not say what a rule must say, or is not signed."""


class MappingError(UsageError):
    """A mapping file does not fit its export."""


class ChangedError(UsageError):
    """What somebody decides about is not as they saw it any more."""


class StoreVersionError(UsageError):
    """The database is older or newer than this code."""


class GateStoppedError(PlanerkaError):
    """A data gate stopped the run."""

    exit_code = 3


class CrmError(PlanerkaError):
    """The source of leads refused, or cannot be read."""

    exit_code = 4


class CrmLoginError(CrmError):
    """The CRM does not accept our key."""


class CrmClosedError(CrmError):
    """The CRM lets nobody of ours in: not paid for, blocked, forbidden."""


class CrmMovedError(CrmError):
    """The CRM is at another address."""


class CrmBusyError(CrmError):
    """The CRM gave no answer, however often it was asked."""


class CrmRefusalError(CrmError):
    """The CRM refused a request, or what a command asks for makes no sense there: nothing was done."""


class CrmAnswerError(CrmError):
    """The CRM answered something that cannot be right, as rows that were not asked for."""


class CrmLostAnswerError(CrmError):
    """The answer to a write was lost, and whether it was done is not known."""


class DeliveryError(PlanerkaError):
    """A pack did not reach everyone it was for. Quotes addresses of the company's own."""

    exit_code = 5
    is_masked = False


class BusyError(PlanerkaError):
    """Another run is doing the same work now."""


class StoreError(PlanerkaError):
    """The database cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another program has been writing to the database for too long."""


class StoreGoneError(StoreError):
    """The database does not answer."""


class NotAShareError(PlanerkaError):
    """A share whose numerator is not part of its denominator."""

    def __init__(self, numerator_n: int, denominator_n: int) -> None:
        super().__init__(f"{numerator_n} of {denominator_n} is not a share: count the numerator inside its denominator")
