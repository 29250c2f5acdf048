"""MongoDB's own sink connector in Kafka Connect, which copies the log into a collection, record by record."""

import asyncio
import hashlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from demo.portal_processes import PortalProcesses, RunFailed
from local_stack.downloads import root
from local_stack.processes import Ports

POM = Path(__file__).with_name("connect.pom.xml")
COLLECTION = "copied"
EVERY_S = 0.05
WITHIN_S = 300.0


async def measure(processes: PortalProcesses, events: int) -> float:
    """Record a second, from the first that is seen in the collection to the last."""
    libraries = await asyncio.to_thread(_libraries)
    ports = Ports()
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, "said")
        output = await asyncio.to_thread(said.open, "wb")
        process = await asyncio.create_subprocess_exec(
            *_java(libraries, Path(folder), processes, ports.take()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            return await _copied(processes, events, process)
        except (RunFailed, TimeoutError) as problem:
            end = await asyncio.to_thread(_end, said)
            raise RunFailed(f"Kafka Connect copied nothing, or not all: {problem}\n{end}") from problem
        finally:
            ports.release()
            output.close()
            if process.returncode is None:
                process.kill()
                await process.wait()


def _libraries() -> Path:
    """Return the connector and what it needs, kept beside the stack's own programs."""
    libraries = root() / f"connect-{hashlib.sha256(POM.read_bytes()).hexdigest()[:8]}" / "libs"
    if not libraries.is_dir():
        wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={libraries}"]
        command = ["mvn", "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RunFailed(f"the sink connector could not be fetched:\n{done.stdout[-1000:]}")
    return libraries


def _java(libraries: Path, folder: Path, processes: PortalProcesses, port: int) -> list[str]:
    worker = {
        "bootstrap.servers": processes.bootstrap,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "offset.storage.file.filename": str(folder / "connect.offsets"),
        "listeners": f"http://127.0.0.1:{port}",
        "consumer.auto.offset.reset": "earliest",
    }
    sink = {
        "name": "copy",
        "connector.class": "com.mongodb.kafka.connect.MongoSinkConnector",
        "tasks.max": "2",
        "topics": ",".join(processes.topics.names),
        "connection.uri": processes.env["PORTAL_MONGO_URL"],
        "database": processes.env["PORTAL_MONGO_DATABASE"],
        "collection": COLLECTION,
    }
    files = []
    for name, settings in (("worker", worker), ("sink", sink)):
        files.append(folder / f"{name}.properties")
        files[-1].write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    command = [
        "java",
        "-Xmx1g",
        "-XX:-UsePerfData",
        "-Dlog4j2.level=ERROR",
        f"-Djava.io.tmpdir={folder}",
        "-cp",
        f"{libraries}/*",
    ]
    return [*command, "org.apache.kafka.connect.cli.ConnectStandalone", *map(str, files)]


async def _copied(processes: PortalProcesses, events: int, process: asyncio.subprocess.Process) -> float:
    first: tuple[int, float] | None = None
    async with AsyncMongoClient[dict[str, Any]](processes.env["PORTAL_MONGO_URL"]) as client:
        copied = client[processes.env["PORTAL_MONGO_DATABASE"]][COLLECTION]
        async with asyncio.timeout(WITHIN_S):
            while True:
                count, now = await copied.estimated_document_count(), time.perf_counter()
                if count and first is None:
                    first = count, now
                if count >= events and first is not None:
                    return (count - first[0]) / (now - first[1])
                if process.returncode is not None:
                    raise RunFailed(f"it ended with {process.returncode}")
                await asyncio.sleep(EVERY_S)


def _end(said: Path) -> str:
    return said.read_text(errors="replace")[-2000:]
