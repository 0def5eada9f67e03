"""A round through a large bucket that is cut off again and again goes on where it was, and ends complete."""

import random
from dataclasses import replace

from infra.simulator.aws.function import SimulatedFunction
from infra.simulator.aws.memory import InMemoryMemory
from infra.simulator.aws.objects import KEYS_A_PAGE, SimulatedObjects
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.remembering.hints import NO_HINTS
from invalidator.core.remembering.memory_state import MemoryState, begun_anew
from invalidator.core.remembering.row import Kind, Row
from invalidator.failures import TableUnavailable
from invalidator.remembering.round import one_page

OBJECTS = 20_000
NOW = 1_795_000_000.0
CHANGED = Row(Kind.OWED, sequencer="0055AED6DCD90281E5", at=NOW, rev="judged meanwhile")


class Dying:
    """A memory whose function dies at chosen calls: before they are done, in their midst, or after."""

    def __init__(self, memory: InMemoryMemory, chance: random.Random) -> None:
        self.memory = memory
        self.deaths = 0
        self._chance = chance

    def rows(self, bucket, epoch, keys):
        self._die()
        return self.memory.rows(bucket, epoch, keys)

    def store(self, bucket, epoch, rows):
        self._die()
        part = dict(list(rows.items())[: self._chance.randrange(len(rows) * 2)])
        lost = self.memory.store(bucket, epoch, part)
        if len(part) < len(rows):
            self._die(always=True)
        self._die()
        return lost

    def save(self, bucket, state):
        self._die()
        saved = self.memory.save(bucket, state)
        self._die()
        return saved

    def _die(self, *, always: bool = False) -> None:
        if always or self._chance.random() < 0.1:
            self.deaths += 1
            raise TableUnavailable("the function died")


def test_a_round_that_is_cut_at_many_points_remembers_each_object_once():
    chance, time = random.Random(0), VirtualTime(NOW)
    keys = [f"docs/{number:05d}.html" for number in range(OBJECTS)]
    objects = SimulatedObjects(SimulatedFunction(time), dict.fromkeys(keys, ("etag", NOW - 9000.0)))
    memory = InMemoryMemory()
    memory.save("site", begun_anew(MemoryState(), 0, ""))
    dying = Dying(memory, chance)
    meanwhile = chance.sample(keys, 40)
    runs = 0
    while not memory.state("site").complete:
        runs += 1
        state = memory.state("site")
        if meanwhile:
            # A change is judged beside the round, wherever that is: what it wrote wins.
            key = meanwhile.pop()
            before = memory.rows("site", 1, [key]).get(key)
            memory.store("site", 1, {key: (CHANGED, before.rev if before else "")})
        try:
            page = one_page(dying, objects, "site", state, NO_HINTS, now=time.now(), rev=f"run-{runs}")
            dying.save("site", page.state)
        except TableUnavailable:
            assert runs < 500
            continue
    state, rows = memory.state("site"), memory.rows("site", 1, keys)
    assert dying.deaths > 15
    assert (state.objects, state.round.began, len(rows)) == (OBJECTS, 0.0, OBJECTS)
    owed = [key for key, row in rows.items() if row.kind is Kind.OWED]
    assert all(rows[key] == CHANGED or replace(rows[key], rev=CHANGED.rev) == CHANGED for key in owed)
    assert len(owed) == 40 - len(meanwhile)
    assert all(
        row.kind is Kind.SEEN and row.seen.etag == "etag"
        for row in rows.values()
        if row.kind is not Kind.OWED
    )
    assert objects.asked <= OBJECTS + dying.deaths * KEYS_A_PAGE, "a cut costs a page at most"
