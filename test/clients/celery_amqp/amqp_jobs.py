"""The tasks of the Celery tests over AMQP. Runs that are to be seen from outside append a line of JSON to the file ROWMQ_RUNS names."""
import json
import os
import time

from celery import Celery

app = Celery("amqp_jobs", broker=os.environ["ROWMQ_BROKER"], backend="rpc://")
app.conf.update(task_default_queue=os.environ["ROWMQ_QUEUE"], broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1,
                result_expires=60, **{"task_queue_max_priority": 10, **json.loads(os.environ.get("ROWMQ_SETTINGS", "{}"))})


def ran(task, *what):
    with open(os.environ["ROWMQ_RUNS"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"task": task.name.rsplit(".", 1)[-1], "what": what, "retries": task.request.retries, "at": time.time()}) + "\n")


@app.task
def add(a, b):
    return a + b


@app.task(bind=True)
def note(self, *what):
    ran(self, *what)


@app.task(bind=True, max_retries=3)
def flaky(self, failures):
    if self.request.retries < failures:
        raise self.retry(countdown=0.5)
    return self.request.retries


@app.task(bind=True, acks_late=True)
def slow(self, seconds):
    ran(self, "begins")
    time.sleep(seconds)
    ran(self, "ends")
