"""A small project as its author has it, built by each client's own backend, so that the index meets each one's metadata."""

import textwrap
from pathlib import Path

# Requirement and module of each backend.
UV = ("uv_build<1", "uv_build")
SETUPTOOLS = ("setuptools", "setuptools.build_meta")
POETRY = ("poetry-core", "poetry.core.masonry.api")
PDM = ("pdm-backend", "pdm.backend")
HATCHLING = ("hatchling", "hatchling.build")
FLIT = ("flit_core>=3.11", "flit_core.buildapi")


def author(folder, name, version, backend, doc="Made for a test."):
    """Writes the project; another `doc` makes other bytes under the same filenames."""
    module = name.replace("-", "_")
    source = folder / "src" / module
    source.mkdir(parents=True, exist_ok=True)
    requires, build_backend = backend
    (folder / "pyproject.toml").write_text(textwrap.dedent(f"""\
        [project]
        name = "{name}"
        version = "{version}"
        description = "Made for a test"
        readme = "README.md"
        requires-python = ">=3.9"
        license = "MIT"
        license-files = ["LICENSE"]
        authors = [{{ name = "Alice Müller", email = "alice@example.test" }}]
        keywords = ["made", "tests"]
        classifiers = ["Programming Language :: Python :: 3"]
        dependencies = []
        optional-dependencies = {{ more = ["another-sample>=1"] }}
        urls = {{ Source = "https://example.test/sample" }}
        scripts = {{ {name} = "{module}:main" }}

        [build-system]
        requires = ["{requires}"]
        build-backend = "{build_backend}"
        """))
    (folder / "LICENSE").write_text("Whoever has this may do with it what they please.\n")
    (folder / "README.md").write_text(f"# {name}\n\nMade for a test, and nothing else: *é*.\n")
    (source / "__init__.py").write_text(f'"""{doc}"""\n\n__version__ = "{version}"\n\n\ndef main():\n    print(__doc__)\n')
    return folder


def distributions(folder: Path):
    """What was built in it, and attestations beside; some frontends leave a `.gitignore` there."""
    return sorted(path for path in folder.glob("dist/*") if path.suffix in (".whl", ".gz", ".attestation"))
