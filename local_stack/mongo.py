"""MongoDB: one node that is a replica set."""

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from local_stack.server import Server

REPLICA_SET = "rs0"
# Of the deployment too (compose.yaml): a transaction that its writer left open blocks its lanes no longer.
TRANSACTION_LIMIT = "transactionLifetimeLimitSeconds=10"
# MongoDB's error codes.
NOT_YET_INITIALIZED = 94
ALREADY_INITIALIZED = 23


class Mongo(Server):
    """`mongod`, a replica set of one: transactions need one."""

    name = "mongo"
    ports = ("mongo",)

    def command(self) -> list[str]:
        """Bound to loopback, without its socket file in /tmp, with the transaction limit of the deployment."""
        parameters = (
            TRANSACTION_LIMIT,
            # There is no other member that could take over: waiting for one would only delay the end.
            "shutdownTimeoutMillisForSignaledShutdown=100",
            "diagnosticDataCollectionEnabled=false",
        )
        return [
            str(self.place.programs["mongod"] / "mongod"),
            *("--replSet", REPLICA_SET, "--bind_ip", "127.0.0.1", "--port", str(self.place.ports["mongo"])),
            *("--dbpath", str(self.data), "--quiet", "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", "1", "--oplogSize", "512"),
            *(argument for parameter in parameters for argument in ("--setParameter", parameter)),
        ]

    def is_ready(self) -> bool:
        """Return whether it takes writes; makes the replica set if it is new, moves it if the port is another than
        before."""
        uri = f"mongodb://{self.place.address('mongo')}/?directConnection=true&serverSelectionTimeoutMS=200"
        client: MongoClient[dict[str, object]] = MongoClient(uri)
        with client:
            try:
                return self._configured(client) and bool(client.admin.command("hello")["isWritablePrimary"])
            except ConnectionFailure:
                return False

    def _configured(self, client: MongoClient[dict[str, object]]) -> bool:
        member = {"_id": 0, "host": self.place.address("mongo")}
        try:
            config = client.admin.command("replSetGetConfig")["config"]
            if config["members"][0]["host"] == member["host"]:
                return True
            moved = {
                **config,
                "members": [{**config["members"][0], **member}],
                "version": config["version"] + 1,
            }
            client.admin.command("replSetReconfig", moved, force=True)
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
            try:
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            except OperationFailure as second:
                # It was still reading its configuration a moment ago.
                if second.code != ALREADY_INITIALIZED:
                    raise
        return False
