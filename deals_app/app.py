"""The application factory: a flat list of what is bound and registered. No decisions are made here."""

from __future__ import annotations

import os
from typing import Any

from flask_openapi3 import Info, OpenAPI
from sqlalchemy.pool import NullPool
from werkzeug.middleware.proxy_fix import ProxyFix

from deals_app.blueprints import analytics as analytics_pages
from deals_app.blueprints import (
    api,
    api_docs,
    auth,
    board,
    customers,
    deals,
    errors,
    exports,
    forecast,
    import_check,
    import_columns,
    imports,
    ingest,
    leads,
    moves,
    ops,
    presentation,
    public_forms,
    styleguide,
    undo,
    web,
)
from deals_app.blueprints import settings as settings_pages
from deals_app.blueprints.api.answers import Refused
from deals_app.extensions import ask_after_rest, csrf, db, login, migrate, redis
from deals_app.services.sign_in import SESSION_LIFETIME
from deals_app.settings import APPLICATION_ROLE, Settings, settings_from_environment


def create_app_from_environment() -> OpenAPI:
    """For gunicorn and wsgi.py."""
    return create_app(settings_from_environment())


def create_app(settings: Settings) -> OpenAPI:
    """One Flask application over the engines that the settings name."""
    app = OpenAPI(
        "deals_app",
        info=Info(title="Deals", version="1.0.0"),
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=Refused,
        validation_error_callback=errors.validation_answer,
    )
    app.config.update(flask_config(settings))
    app.jinja_environment = presentation.Templates
    if settings.public_url.startswith("https://"):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)

    # First in, last out: its headers are the last word on every answer, those of the extensions included.
    web.init_web(app)
    db.init_app(app)
    with app.app_context():
        ask_after_rest(db.engine)
    migrate.init_app(app, db)
    login.init_app(app)
    csrf.init_app(app)
    redis.init_url(settings.redis_url)

    presentation.init_presentation(app)
    errors.init_errors(app)
    for pages in (
        ops, auth, board, moves, undo, deals, customers, leads, ingest, import_columns, import_check, imports,
        exports, forecast, analytics_pages, settings_pages, public_forms, styleguide, api_docs,
    ):  # fmt: skip
        app.register_blueprint(pages.blueprint)
    api.init_api(app)
    return app


def flask_config(settings: Settings) -> dict[str, Any]:
    """Flask's and the extensions' own settings."""
    return {
        "DEALS_SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "SESSION_COOKIE_NAME": "deals",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.cookies_need_https,
        "SESSION_PROTECTION": None,
        # As long as the session in the database, whose end does not move either: so no answer sends the cookie again.
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": 10,
            "max_overflow": 10,
            "pool_timeout": 10,
            # The connection that the look-up before a request has just proved alive is the one its transaction gets.
            "pool_use_lifo": True,
            "connect_args": _as_application(settings.database_url),
        },
        "SQLALCHEMY_BINDS": {"admin": {"url": settings.database_admin_url, "poolclass": NullPool}},
    }


def _as_application(url: str) -> dict[str, str]:
    """Whoever DATABASE_URL signs in, even a superuser, works as the role that owns nothing and steps over no wall."""
    return {"options": f"-c role={APPLICATION_ROLE}", "application_name": f"deals-{os.getpid()}"} if url else {}
