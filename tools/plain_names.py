"""Give every `name[extra]==version` block of a hashed lock its plain twin `name==version`.

pip before 23.3, which is what `python3.11 -m venv` seeds, matches a hashed line by its literal name: with
`sqlalchemy[asyncio]` alone it rejects alembic's plain `SQLAlchemy`, with `sqlalchemy` alone it rejects Prefect's.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^\S.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def with_plain_names(lock: str) -> str:
    """The lock with its blocks sorted and each block with extras preceded by its plain twin."""
    blocks = set(BLOCK.findall(lock))
    plain = {re.sub(r"^([\w.-]+)\[[^\]]*\]", r"\1", block) for block in blocks}
    return "".join(sorted(blocks | plain, key=str.lower))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_plain_names(path.read_text(encoding="utf-8")), encoding="utf-8")
