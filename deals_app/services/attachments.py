"""Files at deals: attached, taken along, removed, brought back. How their contents are kept: stored_files.py."""

from __future__ import annotations

import re
import unicodedata
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.around_views import AttachmentView
from deals_app.domain.errors import FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_FILENAME
from deals_app.models import Attachment
from deals_app.services.activities import write_activity
from deals_app.services.audit import record
from deals_app.services.exporting.streams import Sent
from deals_app.services.locking import locked_deal
from deals_app.services.queries.around import around
from deals_app.services.stored_files import Content, keep, measured, sent_content
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

MOST = 50
# As RFC 9110 writes a media type; parameters are left out, as nobody reads them.
CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
LONGEST_CONTENT_TYPE = 100
UNKNOWN_TYPE = "application/octet-stream"


def attach_file(
    actor: Actor, deal_id: UUID, *, filename: str, content_type: str | None = None, stream: BinaryIO
) -> UUID:
    """Attach a file to a deal; `stream` must be seekable. Returns the attachment's id.

    The name is kept as it is, without folders before it. Raises NotFound, Forbidden, TooLarge, Invalid for a file
    that is empty or has no name, RuleBroken TOO_MANY_ATTACHMENTS.
    """
    name = checked_filename(filename)
    content = measured(stream)
    with unit_of_work(actor) as work:
        # Before the deal is held: nobody who moves it waits for a file.
        keep(work, content, stream)
        locked_deal(work, deal_id)
        _check_room(work, deal_id)
        return _attached(work, deal_id, name, content_type, content)


def attach_content(work: UnitOfWork, deal_id: UUID, filename: str, content_type: str, content: bytes) -> bool:
    """`attach_file` for what came in by mail, inside its transaction; False when the deal has the file already.

    Signatures bring the same picture with each mail. Raises as `attach_file` does, but asks nobody's permission.
    """
    name, stream = checked_filename(filename), BytesIO(content)
    found = measured(stream)
    same = select(Attachment.id).where(Attachment.deal_id == deal_id, Attachment.sha256 == found.sha256)
    if work.session.scalar(same.where(Attachment.filename == name).limit(1)) is not None:
        return False
    _check_room(work, deal_id)
    keep(work, found, stream)
    _attached(work, deal_id, name, content_type, found)
    return True


def remove_attachment(actor: Actor, deal_id: UUID, attachment_id: UUID) -> str:
    """Take a file off a deal's list; `restore_attachment` brings it back. Returns its name.

    Raises NotFound, Forbidden.
    """
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = _found(work, deal_id, attachment_id)
        if found.deleted_at is not None:
            raise _missing()
        work.session.execute(
            update(Attachment).where(Attachment.id == attachment_id).values(deleted_at=func.change_time())
        )
        _record(work, "removed", attachment_id, deal_id, found.filename)
        return found.filename


def restore_attachment(actor: Actor, deal_id: UUID, attachment_id: UUID) -> str:
    """Bring a removed file back; one that is there stays. Returns its name. Raises NotFound, Forbidden, RuleBroken."""
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = _found(work, deal_id, attachment_id)
        if found.deleted_at is not None:
            _check_room(work, deal_id)
            work.session.execute(update(Attachment).where(Attachment.id == attachment_id).values(deleted_at=None))
            _record(work, "restored", attachment_id, deal_id, found.filename)
        return found.filename


def attached_file(actor: Actor, deal_id: UUID, attachment_id: UUID) -> tuple[AttachmentView, Sent]:
    """A file of a deal and its content in parts, to be closed; raises NotFound."""
    for each in around(actor, deal_id).attachments:
        if each.id == attachment_id:
            return each, sent_content(actor, bytes.fromhex(each.sha256))
    raise _missing()


def checked_filename(filename: str) -> str:
    """The name without folders, as browsers of old sent them; raises Invalid for none."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    if name.strip() in {"", ".", ".."}:
        raise Invalid(FieldProblem("file", "has no name; send it with a filename"))
    if len(name) > LONGEST_FILENAME:
        raise Invalid(FieldProblem("file", f"has a name of more than {LONGEST_FILENAME} characters"))
    if any(unicodedata.category(each) == "Cc" for each in name):
        raise Invalid(FieldProblem("file", "has a control character in its name"))
    return name


def _checked_type(content_type: str | None) -> str:
    """What the sender says the file is; unknown where that is no media type."""
    said = (content_type or "").partition(";")[0].strip().lower()
    return said if CONTENT_TYPE.fullmatch(said) and len(said) <= LONGEST_CONTENT_TYPE else UNKNOWN_TYPE


def _attached(work: UnitOfWork, deal_id: UUID, name: str, content_type: str | None, content: Content) -> UUID:
    attachment_id = work.session.scalars(
        insert(Attachment)
        .values(
            tenant_id=work.actor.tenant_id,
            deal_id=deal_id,
            sha256=content.sha256,
            filename=name,
            content_type=_checked_type(content_type),
            actor=work.actor.reference,
        )
        .returning(Attachment.id)
    ).one()
    write_activity(work, deal_id, name, kind="attachment")
    _record(work, "attached", attachment_id, deal_id, name)
    return attachment_id


def _check_room(work: UnitOfWork, deal_id: UUID) -> None:
    there = select(func.count()).select_from(Attachment)
    if (work.session.scalar(there.where(Attachment.deal_id == deal_id, Attachment.deleted_at.is_(None))) or 0) >= MOST:
        message = f"A deal may have {MOST} files; remove one first"
        raise RuleBroken(message, code="TOO_MANY_ATTACHMENTS")


def _found(work: UnitOfWork, deal_id: UUID, attachment_id: UUID) -> Attachment:
    found = work.session.get(Attachment, (work.actor.tenant_id, attachment_id))
    if found is None or found.deal_id != deal_id:
        raise _missing()
    return found


def _missing() -> NotFound:
    return NotFound("There is no such file at this deal")


def _record(work: UnitOfWork, what: str, attachment_id: UUID, deal_id: UUID, filename: str) -> None:
    record(work, f"attachment.{what}", f"attachment:{attachment_id}", {"deal_id": str(deal_id), "filename": filename})
