"""The condition `refusal`: calls end in errors of the provider that nothing else brings about."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.kit.faults import Condition
from fakes.kit.kinds import RULE_OPTIONS, FaultKind, Option

REFUSAL = FaultKind(
    "refusal",
    "refuses calls of the API with one of the provider's errors, in its words",
    (
        Option("code", "the error's code as the provider spells it, without it a rate limit's", "text"),
        next(option for option in RULE_OPTIONS if option.name == "times"),
    ),
)


class Refusals:
    """Who has the condition: the fake asks before it carries out a call.

    Args:
        errors: Makes the provider's error, by its code; the first is that of a rate limit.
    """

    def __init__(self, errors: Mapping[str, Callable[[], ProviderError]]) -> None:
        self._errors = errors
        self._held: list[Condition] = []

    def begin(self, condition: Condition) -> None:
        """Refuse from now on.

        Raises:
            ValueError: The provider has no error of this code.
        """
        code = condition.options["code"] or next(iter(self._errors))
        condition.options["code"] = code
        if code not in self._errors:
            known = ", ".join(sorted(self._errors))
            raise ValueError(f"there is no error '{code}' here; known are {known}")
        self._held.append(condition)

    def end(self, condition: Condition) -> None:
        """Refuse no longer."""
        self._held.remove(condition)

    def strike(self) -> None:
        """Count a call.

        Raises:
            ProviderError: The condition holds.
        """
        if not self._held:
            return
        condition = self._held[0]
        if condition.options["times"] is not None:
            condition.options["times"] -= 1
            if condition.options["times"] < 1:
                condition.is_over = True
                del self._held[0]
        raise self._errors[condition.options["code"]]()
