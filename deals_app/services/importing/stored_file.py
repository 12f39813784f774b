"""The uploaded file as a stream again."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO, cast
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import ImportFile
from deals_app.services.unit_of_work import reading

SPOOL_BYTES = 8 * 1024 * 1024


@contextmanager
def stored_file(actor: Actor, import_id: UUID) -> Generator[BinaryIO]:
    """The uploaded file, put together on disk: memory does not grow with it."""
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as stream:
        with reading(actor) as session:
            parts = session.scalars(
                select(ImportFile.content)
                .where(ImportFile.import_id == import_id)
                .order_by(ImportFile.part)
                .execution_options(yield_per=1)
            )
            for part in parts:
                stream.write(part)
        stream.seek(0)
        yield cast("BinaryIO", stream)
