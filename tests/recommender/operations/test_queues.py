from recommender.operations import queues


def test_queues_are_listed_with_their_workers():
    assert {queue.name for queue in queues.queues()} >= {"embed", "train", "design"}
    assert {queue.worker for queue in queues.queues()} == {"no heartbeat"}
