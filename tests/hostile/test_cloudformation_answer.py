"""What goes to CloudFormation fits, and its signature goes nowhere else."""

import json

import pytest

from custom_resource.answer import Answer, put_to_url

SIGNED = "cloudformation.test/x?X-Amz-Signature=verysecret"


@pytest.mark.parametrize(
    "reason", ["a" * 10_000, "\u00e9" * 10_000, "\U0001f4a5" * 10_000, "\n" * 10_000, '"' * 10_000]
)
def test_a_reason_of_any_text_keeps_the_answer_under_4096_bytes(reason):
    """CloudFormation refuses a longer answer (crpg-ref-responses), and the stack then waits in vain."""
    bodies: list[bytes] = []
    event = {"ResponseURL": "u", "StackId": "s" * 200, "RequestId": "r" * 36, "LogicalResourceId": "l" * 255}
    Answer(event, lambda _: "i" * 1024, lambda _, body: bodies.append(body)).fail(reason)
    (body,) = bodies
    assert len(body) <= 4096
    assert json.loads(body)["Reason"]


@pytest.mark.parametrize(
    "url",
    [f"file:///{SIGNED}", f"ftp://{SIGNED}", SIGNED, f"https://{SIGNED} x", f"https://{SIGNED}\r\nX: y", ""],
)
def test_no_other_address_is_opened_and_no_error_holds_the_signature(url):
    with pytest.raises(OSError, match="nobody can be answered") as error:
        put_to_url(url, b"{}")
    assert "verysecret" not in str(error.value)
