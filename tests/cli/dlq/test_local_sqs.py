"""The local SQS of these tests and moto's keep the same contract."""

import boto3
import pytest
from moto import mock_aws

from tests.cli.dlq.desk import environment
from tests.cli.dlq.local_sqs import local_sqs


@pytest.fixture(params=["local", "moto"])
def queue(request, monkeypatch):
    with local_sqs() as sqs:
        for name, value in environment(sqs).items():
            monkeypatch.setenv(name, value)
        if request.param == "moto":
            monkeypatch.delenv("AWS_ENDPOINT_URL_SQS")
        with mock_aws():
            client = boto3.client("sqs")
            made = client.create_queue(QueueName="q")["QueueUrl"] if request.param == "moto" else ""
            yield client, made or sqs.outputs["QueueUrl"]


def receive(queue, hold=60):
    client, url = queue
    return client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=hold,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    ).get("Messages", [])


def count(queue):
    client, url = queue
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    got = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(got[name]) for name in names]


def test_what_is_sent_can_be_received_held_released_and_deleted(queue):
    client, url = queue
    attributes = {"Reason": {"DataType": "String", "StringValue": "not-json"}}
    entries = [
        {"Id": str(each), "MessageBody": f"{each}", "MessageAttributes": attributes} for each in range(3)
    ]
    sent = client.send_message_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in sent["Successful"]] == ["0", "1", "2"]
    assert not sent.get("Failed")
    assert count(queue) == [3, 0]

    got = receive(queue)
    assert sorted(each["Body"] for each in got) == ["0", "1", "2"]
    assert got[0]["MessageAttributes"]["Reason"]["StringValue"] == "not-json"
    assert int(got[0]["Attributes"]["SentTimestamp"]) > 1_700_000_000_000
    assert receive(queue) == []
    assert count(queue) == [0, 3]

    client.delete_message_batch(QueueUrl=url, Entries=[{"Id": "0", "ReceiptHandle": got[0]["ReceiptHandle"]}])
    rest = [
        {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": 0}
        for number, each in enumerate(got[1:])
    ]
    client.change_message_visibility_batch(QueueUrl=url, Entries=rest)
    assert count(queue) == [2, 0]
    assert sorted(each["MessageId"] for each in receive(queue)) == sorted(
        each["MessageId"] for each in got[1:]
    )


def test_a_queue_that_does_not_exist_is_refused_with_the_same_code(queue):
    client, url = queue
    with pytest.raises(client.exceptions.QueueDoesNotExist) as refused:
        client.receive_message(QueueUrl=url + "-not", VisibilityTimeout=1)
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
