"""`portal rebuild --customer BIZ/CUS`: one customer projected again from the log, in every generation that is kept."""

import sys

import orjson

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.commands.verify import bar, owner
from portal.errors import CommandError
from portal.settings import Settings
from projectors.operations import quarantine
from projectors.operations.hold_release import RetryFailed


async def rebuild_customer(settings: Settings, customer: str, asked_by: str | None, *, as_json: bool) -> None:
    """Project a customer, or a business given as `BIZ`, anew; raises CommandError, UsageError.

    `asked_by` is who asked for it, where that is not the caller.
    """
    owner(customer)
    with bar("projecting") as progress:
        async with map_errors(), quarantine.open_quarantine(settings.installation) as (_, desk):
            try:
                done = await desk.rebuild_customer(customer, asked_by or operator_identity(), progress)
            except RetryFailed as error:
                raise CommandError(str(error)) from error
    if not done.documents and not any(done.replaced.values()):
        raise CommandError(f"there is nothing of {customer}, neither in the log nor in what is served")
    if as_json:
        sys.stdout.write(
            orjson.dumps({"customer": customer, **done._asdict()}, option=orjson.OPT_NON_STR_KEYS).decode()
            + "\n"
        )
        return
    changed = ", ".join(f"{number} in generation {one}" for one, number in sorted(done.replaced.items()))
    print(
        f"{customer}: {done.documents} documents made, replaced {changed}; {done.waited} records that waited applied"
    )
