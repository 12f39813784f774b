"""`python -m deals_app.cli`, for where the console script is not installed."""

from deals_app.cli import main

main(prog_name="deals")
