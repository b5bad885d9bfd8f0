"""pip, for one installation after the other: its modules, which take most of its time, are loaded once and each run is a fork.

Standard input: one JSON array of arguments, working directory, environment and path for the output in each line. Standard output:
one exit code in each.
"""

import json
import os
import sys
import tempfile
import warnings

from pip._internal.cli.main import main
from pip._internal.commands import create_command

create_command("install")
import pip._internal.operations.install.wheel
import pip._internal.operations.prepare
import pip._internal.resolution.resolvelib.resolver

for line in sys.stdin:
    arguments, folder, environment, output = json.loads(line)
    child = os.fork()
    if child == 0:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        tempfile.tempdir = None
        warnings.simplefilter("ignore")
        out = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = 70
        try:
            code = main(arguments)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
