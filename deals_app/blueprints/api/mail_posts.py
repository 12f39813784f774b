"""Where mail services post the mails they receive for us (CONTRACT.md section 3, POST /email): public, by token.

Each service has its own words for "do not send that again": Mailgun takes 406 (documentation.mailgun.com, "Receiving
forwarded messages"), Postmark 403 (postmarkapp.com, "Inbound webhook"), SendGrid any 4xx. All want 200 for what was
taken, and try again after a 5xx.
"""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.api.keys import count_request, refuse_other_tenants
from deals_app.blueprints.api.sales_deals import PREFIX, action_of, sentence_of
from deals_app.blueprints.web import request_id
from deals_app.domain.errors import NotFound
from deals_app.services.mailboxes.receiving import NotTheirs, PostedTo, mailbox_of_token, receive_post

# A mail of 25 MB in Postmark's base64, and the text beside it.
MOST_BYTES = 36 * 1024 * 1024
NOT_THEIRS = {"sendgrid": 401, "mailgun": 406, "postmark": 401}
NOT_AGAIN = {"sendgrid": 400, "mailgun": 406, "postmark": 403}

blueprint = Blueprint("api_mail_posts", __name__, url_prefix=PREFIX)


@blueprint.before_request
def find_mailbox() -> None:
    """By the token in the path; the actor stands in `g` afterwards."""
    token = str((request.view_args or {}).get("mailbox_token", ""))
    count_request(f"mailbox:{token}")
    found = mailbox_of_token(token, request_id=request_id())
    if found is None:
        message = "There is no such mailbox"
        raise NotFound(message)
    g.mailbox, g.actor = found, found.actor
    refuse_other_tenants()


@blueprint.post("/email/<mailbox_token>")
def receive(**_token: str) -> tuple[Response, int]:
    """Take one mail from a mail service."""
    mailbox = cast("PostedTo", g.mailbox)
    password = request.authorization.password if request.authorization else None
    try:
        body = _body()
        outcome = receive_post(mailbox, body=body, content_type=request.content_type or "", password=password)
    except RequestEntityTooLarge:
        return failure(NOT_AGAIN[mailbox.kind], "TOO_LARGE", f"A post may have at most {MOST_BYTES // 2**20} MB")
    except NotTheirs as error:
        response, status = failure(NOT_THEIRS[mailbox.kind], error.code, error.message)
        if mailbox.kind == "postmark":
            response.headers["WWW-Authenticate"] = 'Basic realm="mailbox"'
        return response, status
    if not outcome.is_good:
        return failure(NOT_AGAIN[mailbox.kind], outcome.code, sentence_of(outcome), outcome.problems)
    return jsonify(status="success", action=action_of(outcome)), 200


def _body() -> bytes:
    request.max_content_length = MOST_BYTES
    return request.get_data(cache=True, parse_form_data=False)
