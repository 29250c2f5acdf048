"""The `portal rebuild --customer` command: projects one customer from the log again, in all active generations."""

import sys

import orjson

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.commands.verify import parse_owner, show_progress
from portal.errors import CommandError
from portal.settings import Settings
from projectors.operations import quarantine
from projectors.operations.hold_release import RetryFailed


async def rebuild_customer(settings: Settings, customer: str, asked_by: str | None, *, as_json: bool) -> None:
    """Rebuild a customer, or a business given as `BIZ`; raises CommandError, UsageError.

    `asked_by` is the operator, if that is not the user who runs the command.
    """
    parse_owner(customer)
    with show_progress("projecting") as progress:
        async with map_errors(), quarantine.open_quarantine(settings.installation) as (_, service):
            try:
                result = await service.rebuild_customer(customer, asked_by or operator_identity(), progress)
            except RetryFailed as error:
                raise CommandError(str(error)) from error
    if not result.documents and not any(result.replaced.values()):
        raise CommandError(f"there is nothing of {customer}, neither in the log nor in what is served")
    if as_json:
        sys.stdout.write(
            orjson.dumps({"customer": customer, **result._asdict()}, option=orjson.OPT_NON_STR_KEYS).decode()
            + "\n"
        )
        return
    replaced = ", ".join(
        f"{number} in generation {generation}" for generation, number in sorted(result.replaced.items())
    )
    print(
        f"{customer}: {result.documents} documents made, replaced {replaced};"
        f" {result.waited} records that waited applied"
    )
