"""`make bench [ONLY=word]`: every registered line, one after the other."""

import sys
from importlib import import_module
from pathlib import Path

from tests.bench.registry import BENCHES

if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        import_module(f"tests.bench.{path.stem}")
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = {title: measure for title, measure in BENCHES.items() if word in title}
    width = max(map(len, chosen), default=0)
    print(f"{'':{width}}  {'ours':>10}  {'peer':>10}")
    for title, measure in chosen.items():
        print(f"{title:{width}}  {measure()}", flush=True)
