"""What the desk needs, built of the settings: the sample company's people, the app, a socket to listen on."""

import os
import socket
from threading import Thread

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from flows.wiring import clock, wire
from planerka.desk.app import DeskApp, desk_app
from planerka.desk.desk import Desk
from planerka.errors import SettingsError
from planerka.people import DeskSettings, Person, Role
from planerka.settings import Settings, load_settings

START_S = 60
"""How long a process of a slow machine may take to import all that the desk stands on."""

SAMPLE_PEOPLE = (
    Person(email="irina.sokolova@example.com", name="Ирина Соколова", roles=(Role.ANALYST,)),
    Person(email="pavel.orlov@example.com", name="Павел Орлов", roles=(Role.SECOND_READER,)),
    Person(email="elena.gromova@example.com", name="Елена Громова", roles=(Role.MARKETING,)),
    Person(email="andrey.lapin@example.com", name="Андрей Лапин", roles=(Role.SALES,)),
    Person(email="olga.vetrova@example.com", name="Ольга Ветрова", roles=(Role.DIRECTOR,)),
    Person(email="maxim.belov@example.com", name="Максим Белов", roles=(Role.OPS,)),
)
"""Who may enter the desk of the sample company, where the settings name nobody."""


def desk_of() -> Desk:
    """The desk of the settings. SettingsError where nobody may enter it, and what `wire` raises."""
    people = people_of(load_settings())
    company = wire()
    return Desk(
        engine=company.engine,
        source=company.crm.source,
        settings=company.settings,
        office=company.office,
        review=company.review,
        people=people,
        clock=clock,
    )


def served_app() -> DeskApp:
    """The app of the settings, for each process that serves it; the ledger is worked out before anybody asks for it."""
    desk = desk_of()
    app = desk_app(desk)
    Thread(target=app.state.ledger.of, args=(desk, clock()), daemon=True).start()
    return app


def people_of(settings: Settings) -> tuple[Person, ...]:
    """Those of the settings; the sample company has its own."""
    if settings.desk.people:
        return settings.desk.people
    if settings.source.kind == "sample":
        return SAMPLE_PEOPLE
    raise SettingsError(
        "desk.people is empty, and nobody may enter: under [desk] write people = [{email = …, name = …, roles = "
        '["analyst"]}, …] (docs/desk.md)'
    )


class Processes(Multiprocess):
    """Those that serve the desk: says where it is as soon as all of them do."""

    def __init__(self, config: Config, doors: list[socket.socket], address: str) -> None:
        super().__init__(config, doors)
        self.address = address

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(START_S) for process in self.processes):
            print(f"The desk is at {self.address}; stop it with Ctrl-C.", flush=True)


def listening(settings: DeskSettings) -> socket.socket:
    """A socket at the desk's address; SettingsError where the machine does not give it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise SettingsError(
            f"the desk cannot listen on {settings.host} port {settings.port} ({os.strerror(error.errno or 0)}): stop "
            "what listens there, or name another `host` or `port` in [desk]"
        ) from None
