"""The forms of a page, and what a browser sends of them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
from starlette.testclient import TestClient

TYPED = ("text", "email", "search", "hidden")


@dataclass
class PageForm:
    """`fields`: what is sent where nobody touches it, in the order of the page. A button is sent when it is pressed."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def submitted(self, browser: TestClient, **chosen: str) -> httpx.Response:
        """The answer to it, after these fields were set."""
        known = {name for name, _ in self.fields}
        assert set(chosen) <= known, f"the form has no field {set(chosen) - known}"
        sent = [(name, chosen.get(name, value)) for name, value in self.fields]
        if self.method == "get":
            return browser.get(self.action, params=sent)
        return browser.post(self.action, data={name: [v for n, v in sent if n == name] for name in known})


class PageForms(HTMLParser):
    """Every form of a page: with the first option of a list where none is selected, and without unticked boxes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self.name: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.written: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(PageForm(told.get("method", "get"), told.get("action", "")))
        elif tag == "input" and (told["type"] in TYPED or "checked" in told):
            self.found[-1].fields.append((told["name"], told.get("value", "")))
        elif tag in ("select", "textarea"):
            self.name, self.options, self.written = told.get("name"), [], ""
        elif tag == "option":
            self.options.append((told["value"], "selected" in told))

    def handle_data(self, data: str) -> None:
        if self.written is not None:
            self.written += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea") and self.name:
            selected = [value for value, is_selected in self.options if is_selected]
            value = (self.written or "") if tag == "textarea" else [*selected, *(v for v, _ in self.options)][0]
            self.found[-1].fields.append((self.name, value))
        if tag in ("select", "textarea"):
            self.name = self.written = None


def form_of(page: str, action: str) -> PageForm:
    """The form of a page that is sent to this path, whatever its query."""
    (found,) = (form for form in PageForms(page).found if form.action.partition("?")[0] == action)
    return found
