# Reads names of files, writes which licences ScanCode finds in each as one line of JSON.
import contextlib
import io
import json
import re
import sys
import warnings

warnings.simplefilter("ignore")

from scancode.api import get_licenses  # noqa: E402

for line in sys.stdin:
    path = line.rstrip("\n")
    said = io.StringIO()
    answer = {"path": path, "ids": []}
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            found = get_licenses(path, min_score=0, deadline=sys.maxsize)
        expression = found["detected_license_expression_spdx"] or ""
        words = re.findall(r"[A-Za-z0-9.+-]+", expression)
        answer["ids"] = sorted({word for word in words if word not in ("AND", "OR", "WITH")})
    except Exception as error:
        answer["error"] = repr(error)[:200]
    print(json.dumps(answer), flush=True)
