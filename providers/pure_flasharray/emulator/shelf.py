"""All objects of one kind, by name and by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from providers.pure_flasharray.emulator.objects import Kept
from providers.pure_flasharray.emulator.wire import Call, Refusal

T = TypeVar("T", bound=Kept)


class Shelf(Generic[T]):
    """Objects of one kind.

    Reads are safe beside one writer: each change is a single step of a dictionary.

    Args:
        noun: what the array's messages call one.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._by_name: dict[str, T] = {}
        self._by_id: dict[str, T] = {}

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, kept: T) -> None:
        """Keep one."""
        self._by_id[kept.object_id] = kept
        self._by_name[kept.name] = kept

    def remove(self, kept: T) -> None:
        """Forget one; its name is free again."""
        del self._by_name[kept.name]
        del self._by_id[kept.object_id]

    def rename(self, kept: T, name: str) -> None:
        """Give one another name."""
        old, kept.name = kept.name, name
        self._by_name[name] = kept
        del self._by_name[old]

    def check_free(self, name: str) -> None:
        """Refuse a name that is taken, by a destroyed object too."""
        taken = self._by_name.get(name)
        if taken is not None:
            raise Refusal(
                f"{self.noun} has been destroyed." if taken.destroyed else f"{self.noun} already exists.",
                name,
            )

    def named(self, name: str) -> T:
        """Return one by name, destroyed or not."""
        if name not in self._by_name:
            raise Refusal(f"{self.noun} does not exist.", name)
        return self._by_name[name]

    def live(self, name: str) -> T:
        """Return one by name that is not destroyed."""
        return self._alive(self.named(name))

    def referred(self, reference: Mapping[str, str]) -> T | None:
        """Return the live one that a body field like {"name": …} or {"id": …} speaks of, if there is one."""
        kept = self._by_id.get(reference["id"]) if "id" in reference else self._by_name.get(reference["name"])
        return kept and self._alive(kept)

    def picked(self, call: Call, names: str = "names", ids: str = "ids") -> list[T] | None:
        """Return those a request asks for by name or id, destroyed or not; None when it names none."""
        if names in call.query and ids in call.query:
            raise Refusal(f"The parameters {names} and {ids} cannot be set together.")
        if names in call.query:
            return [self.named(name) for name in call.listed(names)]
        if ids in call.query:
            return [self._with_id(object_id) for object_id in call.listed(ids)]
        return None

    def chosen(self, call: Call, names: str = "names", ids: str = "ids") -> list[T]:
        """Return those a request must name."""
        picked = self.picked(call, names, ids)
        if not picked:
            raise Refusal(f"The parameter {names} is required.")
        return picked

    def shown(self, call: Call) -> list[T]:
        """Return those a listing asks for: by name, id, and whether they are destroyed."""
        picked, destroyed = self.picked(call), call.flag("destroyed")
        if picked is None:
            return [kept for kept in self if destroyed in (None, kept.destroyed)]
        for kept in picked:
            if destroyed not in (None, kept.destroyed):
                raise Refusal(f"{self.noun} does not exist.", kept.name)
        return picked

    def _with_id(self, object_id: str) -> T:
        if object_id not in self._by_id:
            raise Refusal(f"{self.noun} does not exist.", object_id)
        return self._by_id[object_id]

    def _alive(self, kept: T) -> T:
        if kept.destroyed:
            raise Refusal(f"{self.noun} has been destroyed.", kept.name)
        return kept
