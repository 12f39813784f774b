"""The RQ worker: an application context around every job, and a fork that shares no socket with its parent."""

from __future__ import annotations

import os

from flask import Flask
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from deals_app.extensions import db, redis
from deals_app.services.doorbell import QUEUE

# RQ reclaims a killed job after minutes; the outbox lease does it in seconds, RQ only has to forget (DESIGN.md).
WORKER_TTL = 30
MAINTENANCE_SECONDS = 15
MONITORING_SECONDS = 5


class AppWorker(Worker):
    """A worker whose jobs run inside the application's context."""

    app: Flask

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """As RQ does it, in the context that services need."""
        with self.app.app_context():
            return super().perform_job(job, queue)


def workers_alive() -> bool:
    """Whether any worker serves the queue."""
    return Worker.count(connection=redis.client, queue=Queue(QUEUE, connection=redis.client)) > 0


def run_worker(app: Flask, *, burst: bool = False) -> None:
    """Work until SIGTERM, or with `burst` until nothing is queued."""
    with app.app_context():
        engines = list(db.engines.values())
    # A forked work-horse that used its parent's PostgreSQL socket would break both (measured, DEPENDENCIES.md, 4).
    os.register_at_fork(after_in_child=lambda: [engine.dispose(close=False) for engine in engines])
    worker = AppWorker(
        [QUEUE],
        connection=redis.client,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_SECONDS,
        job_monitoring_interval=MONITORING_SECONDS,
    )
    worker.app = app
    worker.work(logging_level="INFO", burst=burst)
