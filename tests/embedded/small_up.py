"""`deals up` in small: the real engines and the real supervisor over children that only sleep."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from deals_app.embedded.instance import sole_instance
from deals_app.embedded.processes import EmbeddedError
from deals_app.embedded.stop_signals import StopRequested, StopSignals
from deals_app.embedded.supervisor import Child, Supervisor
from deals_app.settings import settings_from_environment

# Forks like RQ's worker does: the grandchild is in a process group of its own and hears of no signal but the kernel's.
FORKING = """
import os, signal
from deals_app.embedded.processes import tie_forks_to_this_process
tie_forks_to_this_process()
if os.fork() == 0:
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    signal.pause()
"""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"


def main(data_dir: Path) -> None:
    """Run until a signal; one JSON line on stdout when ready."""
    kinds = os.environ.get("CHILDREN", "forking").split(",")
    sources = {"forking": FORKING, "stubborn": STUBBORN, "broken": "raise SystemExit(3)"}
    with StopSignals() as signals, contextlib.suppress(StopRequested), contextlib.ExitStack() as stack:
        with signals.interrupting():
            settings, engines = stack.enter_context(sole_instance(settings_from_environment(data_dir=data_dir)))
        children = [Child(kind, [sys.executable, "-c", sources[kind]], dict(os.environ), data_dir) for kind in kinds]
        report = {"database_url": settings.database_url, "engines": [engine.pid for engine in engines]}
        Supervisor(
            engines=engines,
            children=children,
            is_ready=lambda: "broken" not in kinds and all(child.is_running() for child in children),
            on_ready=lambda: print(json.dumps(report), flush=True),
            notify=lambda message: print(message, file=sys.stderr),
        ).run(signals)


try:
    main(Path(sys.argv[1]))
except EmbeddedError as problem:
    sys.exit(str(problem))
