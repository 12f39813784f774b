"""The application in a worker that dies where a request asks it to: after the commit, before the answer."""

from __future__ import annotations

import os
import signal

from flask import Flask, Response, request

from deals_app.app import create_app_from_environment

HEADER = "X-Die-Before-The-Answer"


def application() -> Flask:
    """For gunicorn."""
    app = create_app_from_environment()

    @app.after_request
    def die(response: Response) -> Response:
        if request.headers.get(HEADER):
            os.kill(os.getpid(), signal.SIGKILL)
        return response

    return app
