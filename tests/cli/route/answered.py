"""What the survey's function answers, where a test says so."""


def answers(monkeypatch, stored, *answered):
    """The survey's function answers so, one after the other, and then as it does."""
    left = list(answered)
    real = stored.survey

    def survey():
        if not left:
            return real()
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(stored.functions, "survey", survey)
