"""The only room with a database driver in it: views, checkpoints, generations, dead letters, and records beside."""

from read_models.store.checkpoints import Checkpoint, CheckpointUpdate
from read_models.store.generations.fill_claims import (
    ClaimLost,
    FillProgress,
    InsertBatch,
    KeySlice,
    LaneClaim,
    LaneFiller,
    initial_fill_state,
)
from read_models.store.generations.repository import GenerationNotFound, GenerationPointer
from read_models.store.generations.switch_requests import (
    NotCaughtUp,
    OperationRefused,
    SwitchRequest,
    TruncationOverride,
    resolve_target,
)
from read_models.store.mongo import DocumentRejected, StoreUnavailable, WriteConflict, retry_until_available
from read_models.store.quarantine.dead_letter_queries import DeadLetter, ErrorCount
from read_models.store.quarantine.dead_letters import BlockedRecord, LogPosition, UnreadableRecord, owner_of
from read_models.store.quarantine.discards import Discard
from read_models.store.quarantine.holds import Hold, HoldChanged
from read_models.store.reading.snapshots import PendingRecords, Snapshot
from read_models.store.store import ReadModelStore
from read_models.store.views import (
    EncodedWrites,
    ViewCollection,
    encode_changes,
    encode_documents,
    encode_replacement,
)
from read_models.store.writer import Checkpoints, RevisionConflict, TransactionalWriter, WriteBatch

__all__ = [
    "BlockedRecord",
    "Checkpoint",
    "CheckpointUpdate",
    "Checkpoints",
    "ClaimLost",
    "DeadLetter",
    "Discard",
    "DocumentRejected",
    "EncodedWrites",
    "ErrorCount",
    "FillProgress",
    "GenerationNotFound",
    "GenerationPointer",
    "Hold",
    "HoldChanged",
    "InsertBatch",
    "KeySlice",
    "LaneClaim",
    "LaneFiller",
    "LogPosition",
    "NotCaughtUp",
    "OperationRefused",
    "PendingRecords",
    "ReadModelStore",
    "RevisionConflict",
    "Snapshot",
    "StoreUnavailable",
    "SwitchRequest",
    "TransactionalWriter",
    "TruncationOverride",
    "UnreadableRecord",
    "ViewCollection",
    "WriteBatch",
    "WriteConflict",
    "encode_changes",
    "encode_documents",
    "encode_replacement",
    "initial_fill_state",
    "owner_of",
    "resolve_target",
    "retry_until_available",
]
