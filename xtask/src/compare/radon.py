# Reads names of files, writes what radon says of each as one line of JSON.
import json
import signal
import sys
import warnings

from radon.metrics import h_visit, mi_rank, mi_visit
from radon.raw import analyze
from radon.visitors import ComplexityVisitor


def too_long(*_):
    raise TimeoutError("took more than 20 seconds")


warnings.simplefilter("ignore")
signal.signal(signal.SIGALRM, too_long)
for line in sys.stdin:
    path = line.rstrip("\n")
    answer = {"path": path}
    signal.alarm(20)
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        index = mi_visit(text, True)
        answer["halstead"] = list(h_visit(text).total)
        answer["raw"] = list(analyze(text))
        answer["complexity"] = ComplexityVisitor.from_code(text).total_complexity
        answer["index"] = index
        answer["rank"] = mi_rank(index)
    except Exception as error:
        answer["error"] = repr(error)[:200]
    signal.alarm(0)
    print(json.dumps(answer), flush=True)
