"""Files in the database by the hash of their content: each kept once for a tenant, on no machine's disk."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO, Final

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, TooLarge
from deals_app.models import StoredFile, StoredFilePart
from deals_app.services.exporting.streams import Sent, one_moment
from deals_app.services.unit_of_work import UnitOfWork

LARGEST_BYTES: Final = 25 * 1024 * 1024
PART_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds, by its hash."""

    sha256: bytes
    size_bytes: int


def measured(stream: BinaryIO) -> Content:
    """Hash and size of a seekable stream, which stands at its start afterwards.

    Raises Invalid for an empty one, TooLarge for more than LARGEST_BYTES.
    """
    found, size_bytes = hashlib.sha256(), 0
    while part := stream.read(PART_BYTES):
        found.update(part)
        size_bytes += len(part)
        if size_bytes > LARGEST_BYTES:
            message = f"A file may have at most {LARGEST_BYTES // PART_BYTES} MB"
            raise TooLarge(message)
    if not size_bytes:
        raise Invalid(FieldProblem("file", "is empty; send a file with something in it"))
    stream.seek(0)
    return Content(sha256=found.digest(), size_bytes=size_bytes)


def keep(work: UnitOfWork, content: Content, stream: BinaryIO) -> None:
    """Store a content unless the tenant has it, inside a transaction; a megabyte at a time in memory."""
    row = {"tenant_id": work.actor.tenant_id, "sha256": content.sha256}
    is_new = work.session.scalar(
        insert_or_keep(StoredFile)
        .values(**row, size_bytes=content.size_bytes)
        .on_conflict_do_nothing()
        .returning(StoredFile.size_bytes)
    )
    if is_new is None:
        return
    number = 0
    while part := stream.read(PART_BYTES):
        work.session.execute(insert(StoredFilePart).values(**row, part=number, content=part))
        number += 1


def sent_content(actor: Actor, sha256: bytes) -> Sent:
    """A content in parts of a megabyte, read while it is sent. Close it."""
    return Sent(_parts(actor, sha256))


def _parts(actor: Actor, sha256: bytes) -> Generator[bytes]:
    wanted = select(StoredFilePart.content).where(StoredFilePart.sha256 == sha256).order_by(StoredFilePart.part)
    by_one = {"yield_per": 1}
    with one_moment(actor) as session, session.connection().execute(wanted, execution_options=by_one) as found:
        yield from found.scalars()
