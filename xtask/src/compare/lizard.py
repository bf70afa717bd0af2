# Reads names of files, writes what lizard says of each as one line of JSON.
import contextlib
import io
import json
import sys

import lizard

for line in sys.stdin:
    path = line.rstrip("\n")
    said = io.StringIO()
    answer = {"path": path}
    try:
        with contextlib.redirect_stderr(said):
            found = lizard.analyze_file(path)
        answer["nloc"] = found.nloc
        answer["tokens"] = found.token_count
        answer["functions"] = [
            [f.name, f.start_line, f.nloc, f.token_count, f.parameter_count, f.cyclomatic_complexity]
            for f in found.function_list
        ]
    except Exception as error:
        said.write(repr(error))
    if said.getvalue():
        answer["error"] = said.getvalue().strip()[:200]
    print(json.dumps(answer), flush=True)
