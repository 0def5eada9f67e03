"""The survey's lease: two rounds at once would ask for the same, and the slower could overwrite the newer."""

from dataclasses import dataclass

from invalidator.ports import Clock, RoutesStore, SurveyState

# A round holds the lease for so long at a time: one that dies keeps others out no longer.
LEASE_SECONDS = 100.0
RENEW_SECONDS = 40.0


class LostLeaseError(Exception):
    """Another run has taken the lease: this one was so slow that it was taken for dead."""


@dataclass(slots=True)
class Lease:
    """The lease of a round at work.

    Attributes:
        store: where it stands.
        clock: time.
        token: names the round among others.
        state: how far the survey was when the round began.
        renewed: when it was taken or renewed last, epoch seconds.
    """

    store: RoutesStore
    clock: Clock
    token: str
    state: SurveyState
    renewed: float

    def keep(self) -> None:
        """Renew it when half of it is over. Raises LostLeaseError, and then nothing more may be written."""
        now = self.clock.now()
        if now - self.renewed < RENEW_SECONDS:
            return
        if not self.store.save_survey(self.token, self.state, now + LEASE_SECONDS):
            raise LostLeaseError
        self.renewed = now
