"""The tasks of the Celery tests. Every run of one appends a line of JSON to the file ROWMQ_RUNS names."""
import json
import os
import time

from celery import Celery

options = json.loads(os.environ["ROWMQ_OPTIONS"])
app = Celery("jobs", broker=os.environ["ROWMQ_BROKER"])
app.conf.update(broker_transport_options=options, task_ignore_result=True, worker_enable_remote_control=False,
                worker_send_task_events=False, worker_prefetch_multiplier=1, task_default_queue=os.environ["ROWMQ_QUEUE"],
                broker_connection_retry_on_startup=True)


def ran(task, *what):
    line = json.dumps({"task": task.name.rsplit(".", 1)[-1], "what": what, "retries": task.request.retries, "at": time.time()})
    with open(os.environ["ROWMQ_RUNS"], "a", encoding="utf-8") as file:
        file.write(line + "\n")  # one short write, so lines of several workers do not mix


@app.task(bind=True)
def note(self, *what):
    ran(self, *what)


@app.task(bind=True, max_retries=5)
def flaky(self, failures):
    ran(self, failures)
    if self.request.retries < failures:
        raise self.retry(countdown=1)


@app.task(bind=True, autoretry_for=(ValueError,), max_retries=2, default_retry_delay=0)
def hopeless(self):
    ran(self)
    raise ValueError("no luck")


@app.task(bind=True, acks_late=True)
def slow(self, seconds):
    ran(self, "begins")
    time.sleep(seconds)
    ran(self, "ends")
