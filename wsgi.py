"""For WSGI servers and `flask`: the app from the environment. `deals up` and `deals web` need no file."""

from deals_app.app import create_app_from_environment

app = create_app_from_environment()
