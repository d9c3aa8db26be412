"""The fixed wording of the gate page, in both languages."""

from dataclasses import dataclass
from typing import Any

from planerka.pack.facts import Text


@dataclass(frozen=True, kw_only=True)
class SuiteWords:
    """How a suite is spoken of.

    Bad data (`is_of_data`) are wrong and to be mended; a broken clause is a finding, told as the share kept.
    """

    is_of_data: bool
    title: Text
    lead: Text
    check: Text
    result: Text
    rows: Text
    broken: Text
    unknown: Text


DATA: dict[str, Any] = {
    "is_of_data": True,
    "check": Text(ru="Проверка", en="Check"),
    "result": Text(ru="Итог", en="Result"),
    "broken": Text(ru="Ошибок", en="Wrong"),
    "unknown": Text(ru="Неизвестно", en="Unknown"),
}

SUITE_WORDS = {
    "intake": SuiteWords(
        title=Text(ru="Годятся ли данные для работы", en="Are the data fit to be judged"),
        lead=Text(
            ru="Строки последней выгрузки. Строка с ошибкой ждёт решения в карантине и в отчёты не попадает.",
            en="Rows of the last pull. A bad row waits in quarantine and is left out of every figure.",
        ),
        rows=Text(ru="Строк", en="Rows"),
        **DATA,
    ),
    "pack": SuiteWords(
        title=Text(ru="Можно ли показывать пакет", en="Is the pack fit to be shown"),
        lead=Text(
            ru="Цифры пакета. Пакет, не прошедший проверку, никому не отправляется.",
            en="Figures of the pack. A pack that fails is sent to nobody.",
        ),
        rows=Text(ru="Значений", en="Values"),
        **DATA,
    ),
    "regulation": SuiteWords(
        is_of_data=False,
        title=Text(ru="Как соблюдается регламент", en="How the regulation is kept"),
        lead=Text(
            ru="По каждому пункту — отказы, к которым он относится. Нарушение пункта работу не останавливает: "
            "данные в порядке, спорный отказ уходит на проверку.",
            en="For each clause, the rejections that it concerns. A broken clause stops nothing: the data are in "
            "order, and the rejection goes to review.",
        ),
        check=Text(ru="Пункт", en="Clause"),
        result=Text(ru="Соблюдён", en="Kept"),
        rows=Text(ru="Отказов", en="Rejections"),
        broken=Text(ru="Нарушен", en="Broken"),
        unknown=Text(ru="Нечем доказать", en="Unprovable"),
    ),
}

HEADLINES = {
    "good": Text(ru="Данные в порядке, работа продолжается", en="The data are in order: work goes on"),
    "warn": Text(ru="Работа продолжается, есть замечания", en="Work goes on, with warnings"),
    "bad": Text(ru="Работа остановлена: проверки не пройдены", en="Work has stopped: checks were not passed"),
}

VERDICTS = {
    "good": Text(ru="В порядке", en="In order"),
    "tolerated": Text(ru="Допустимо", en="Tolerated"),
    "bad": Text(ru="Стоп", en="Stop"),
    "warn": Text(ru="Замечание", en="Warning"),
    "error": Text(ru="Не выполнена", en="Did not run"),
    "unknown": Text(ru="Проверить нечем", en="Cannot be told"),
    "empty": Text(ru="Нечего проверять", en="Nothing to check"),
}

TITLE = Text(ru="Проверка данных", en="Data check")
SKIP = Text(ru="К проверкам", en="Skip to the checks")
OF = Text(ru="{broken} из {rows}", en="{broken} of {rows}")
WORST = Text(ru="Нарушают чаще всего", en="Broken most")
FAULT = Text(ru="нарушение нормы, отказ остаётся в силе", en="a fault, the rejection stands")
PULL = Text(ru="Выгрузка", en="Pull")
PACK = Text(ru="Пакет", en="Pack")
ANY_REASON = Text(ru="Любая причина", en="Any reason")
