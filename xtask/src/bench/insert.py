"""A Celery task that inserts one row, as carefully as the handler that it is compared with: the message is
persistent and acknowledged late, the row is committed before that. Each process keeps one connection.

`python insert.py N` puts N messages into the queue.
"""

import os
import sys

import psycopg2
from celery import Celery
from celery.signals import worker_init, worker_process_init

app = Celery("insert", broker=os.environ["BENCH_AMQP"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_delivery_mode="persistent",
    task_default_queue="bench",
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)

connection = None


# Of processes each has a connection; the threads of one process share it, and psycopg2 lets them.
@worker_process_init.connect
@worker_init.connect
def connect(**_):
    global connection
    connection = psycopg2.connect(os.environ["BENCH_POSTGRES"])
    connection.autocommit = True


@app.task
def insert(number):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into rows (kind, body, created_at) values (%s, %s, now())", ("bench", '{"version": %d}' % number)
        )


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(int(sys.argv[1])):
            insert.apply_async((number,), producer=producer)
