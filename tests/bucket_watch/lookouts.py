"""A lookout over fakes: buckets in memory, and what EventBridge and SNS are said to hold."""

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.queue_access import KeptOut, bucket_caller
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.reading.roads import Rule, Topic
from bucket_subscription.wishes.wish import Maker, Road, Wish
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, OWNER, QUEUE, FakeQueueAccess

TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:uploads"
PATTERN = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created", "Object Deleted"],
    "detail": {"bucket": {"name": ["site"]}},
}
RULE = Rule("own", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/own", enabled=True, pattern=PATTERN, own=True)
DIRECT = Wish("site", Road.QUEUE, Maker.STACK)
BY_HAND = Wish("site", Road.QUEUE, Maker.PERSON, KeyFilter("public/", ".html"))
BY_EVENTBRIDGE = Wish("site", Road.EVENTBRIDGE, Maker.STACK)
BY_TOPIC = Wish("site", Road.TOPIC, Maker.LEARNED, through=TOPIC)
OURS = {"QueueConfigurations": [OWNER.entry(QUEUE.arn, KeyFilter())]}


class Roads:
    """`Roads`, as a test sets them."""

    def __init__(self, rules=(), topics=None):
        self.rules = list(rules)
        self.topics = {TOPIC: Topic(TOPIC, subscribed=True)} if topics is None else topics


class Access(FakeQueueAccess):
    """A queue that keeps out the services that `closed` names."""

    def __init__(self):
        super().__init__()
        self.closed = set()
        self.by_policy = False

    def problem(self, queue, bucket):
        kept_out = self.keeps_out(queue, bucket_caller(queue, bucket))
        return None if kept_out is None else kept_out.text

    def keeps_out(self, queue, caller):
        if caller.service not in self.closed:
            return None
        return KeptOut(f"the queue keeps out {caller.service}", self.by_policy)


def lookout(s3, access=None, roads=None):
    return Lookout(OWNER, QUEUE, s3, access or Access(), roads or Roads())
