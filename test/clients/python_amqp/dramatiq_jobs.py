"""The actors of test_dramatiq.py: each writes a line when it runs."""
import os
import time

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

dramatiq.set_broker(RabbitmqBroker(url=os.environ["JOBS_URL"], confirm_delivery=True))
QUEUE = os.environ["JOBS_QUEUE"]


def write(line):
    with open(os.environ["JOBS_DONE"], "a", encoding="utf-8") as file:
        file.write(line + "\n")


@dramatiq.actor(queue_name=QUEUE)
def note(text):
    write(f"note {text}")


@dramatiq.actor(queue_name=QUEUE, max_retries=5, min_backoff=100, max_backoff=200)
def fail_twice(text):
    write(f"fail_twice {text}")
    with open(os.environ["JOBS_DONE"], encoding="utf-8") as file:
        if file.read().count(f"fail_twice {text}") < 3:
            raise RuntimeError("not yet")


@dramatiq.actor(queue_name=QUEUE, max_retries=1, min_backoff=100, max_backoff=100)
def never(text):
    write(f"never {text}")
    raise RuntimeError("never")


@dramatiq.actor(queue_name=QUEUE)
def slow(text):
    write(f"slow begins {text}")
    time.sleep(1)
    write(f"slow ends {text}")
