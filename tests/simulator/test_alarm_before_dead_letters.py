"""What keeps failing rings the alarm of the oldest unsent change long before it is given up."""

from infra.simulator.aws.cloudfront import Answer, Trouble
from infra.simulator.changes import Pages
from infra.simulator.simulation import Site, distribution_id, simulate
from infra.simulator.worker import Done, SimulatedQueues
from infra.template import read_template
from invalidator.sweep.measures import measure
from invalidator.sweep.sweep import Swept

HOUR = 3600.0


def test_the_alarm_rings_hours_before_the_first_dead_letter_however_often_the_page_changes():
    template = read_template()
    threshold = template["Parameters"]["BacklogAlarmSeconds"]["Default"]
    give_up = template["Parameters"]["GiveUpHours"]["Default"] * HOUR
    alarm = next(
        each["Properties"]
        for each in template["Resources"].values()
        if each["Properties"].get("MetricName") == "OldestUnsentSeconds"
    )
    periods = alarm["EvaluationPeriods"]
    above: list[bool] = []
    rang: list[float] = []
    given_up: list[float] = []

    def observe(done: Done, queues: SimulatedQueues) -> None:
        if isinstance(done.what, Swept):
            age = measure(done.what, 0, 0, done.ended).oldest_unsent_seconds
            above.append(age > threshold)
            if len(above) >= periods and all(above[-periods:]):
                rang.append(done.ended)
        if queues.dead:
            given_up.append(done.ended)

    failing = Trouble(Answer.UNAVAILABLE, 0, float("inf"), frozenset({distribution_id(0)}))
    site = Site(troubles=(failing,), give_up_seconds=give_up)
    simulate(site, Pages(HOUR / 2, give_up + 4 * HOUR).writes(site), observe=observe)
    assert given_up, "nothing was given up"
    assert rang, "the alarm never rang"
    assert rang[0] < given_up[0] - give_up * 0.9
    # The page changes on: what is not given up yet keeps the alarm ringing.
    assert sum(above) > 0.9 * (given_up[0] - rang[0]) / 60
