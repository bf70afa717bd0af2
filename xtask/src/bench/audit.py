"""The same question as an audit's, asked of DuckDB, of PostgreSQL and of sort and comm: which nodes of the
repositories of a snapshot are new, modified or removed. Each writes its answer as text. Loading is not timed."""

import json
import os
import subprocess
import sys
import time

folder, postgres = sys.argv[1:3]
stock, snapshot = f"{folder}/stock.tsv", f"{folder}/snapshot.tsv"
COLUMNS = "url text, path text, mode text, oid text, size bigint"

# Only repositories that the snapshot has can lose a node by it.
QUERY = """
    SELECT CASE WHEN o.oid IS NULL THEN 'new' WHEN n.oid IS NULL THEN 'removed' ELSE 'modified' END AS kind,
           coalesce(n.url, o.url) AS url, coalesce(n.path, o.path) AS path, o.oid AS before, n.oid AS after
    FROM (SELECT * FROM stock WHERE url IN (SELECT DISTINCT url FROM snapshot)) o
    FULL JOIN snapshot n ON o.url = n.url AND o.path = n.path
    WHERE o.oid IS DISTINCT FROM n.oid OR o.mode IS DISTINCT FROM n.mode
"""


def told(name, seconds, rows):
    print(json.dumps({"name": name, "seconds": round(seconds, 3), "rows": rows}), flush=True)


def duckdb_joins():
    import duckdb

    connection = duckdb.connect(f"{folder}/peer.duckdb")
    for name, path in (("stock", stock), ("snapshot", snapshot)):
        # The stock is that of the call before.
        if name == "stock" and connection.execute("FROM duckdb_tables() WHERE table_name = 'stock'").fetchall():
            continue
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({COLUMNS})")
        connection.execute(f"COPY {name} FROM '{path}' (DELIMITER '\t', HEADER false, QUOTE '')")
    for _ in range(3):
        begun = time.perf_counter()
        connection.execute(f"COPY ({QUERY} ORDER BY 2, 3) TO '{folder}/duckdb.out' (DELIMITER '\t', HEADER false)")
        told("DuckDB", time.perf_counter() - begun, lines(f"{folder}/duckdb.out"))


def psql(statement):
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement, postgres]
    subprocess.run(command, check=True)


def postgres_joins():
    psql("DROP TABLE IF EXISTS snapshot")
    for name, path in (("stock", stock), ("snapshot", snapshot)):
        if name == "stock" and os.path.exists(f"{folder}/stocked"):
            continue
        psql(f"CREATE UNLOGGED TABLE {name} ({COLUMNS})")
        psql(f"\\copy {name} FROM '{path}'")
        psql(f"CREATE UNIQUE INDEX ON {name} (url COLLATE \"C\", path COLLATE \"C\")")
        psql(f"ANALYZE {name}")
    for _ in range(3):
        begun = time.perf_counter()
        psql(f"\\copy ({' '.join(QUERY.split())}) TO '{folder}/postgres.out'")
        told("PostgreSQL FULL JOIN", time.perf_counter() - begun, lines(f"{folder}/postgres.out"))
    open(f"{folder}/stocked", "w").close()


def sort_and_comm():
    environment = {**os.environ, "LC_ALL": "C"}
    begun = time.perf_counter()
    script = (
        f"sort -S 256M '{snapshot}' > '{folder}/n' && "
        f"cut -f1 '{folder}/n' | uniq > '{folder}/urls' && "
        f"sort -S 256M '{stock}' | join -t '\t' -j 1 '{folder}/urls' - > '{folder}/o' && "
        f"comm -3 '{folder}/o' '{folder}/n' > '{folder}/comm.out'"
    )
    subprocess.run(["sh", "-c", script], check=True, env=environment)
    told("sort, join and comm", time.perf_counter() - begun, lines(f"{folder}/comm.out"))


def lines(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


duckdb_joins()
postgres_joins()
sort_and_comm()
