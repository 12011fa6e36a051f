from hypothesis import given
from hypothesis import strategies as st

from visionft.loading.order import batches_per_epoch, evaluation_plan, training_plan

sizes = st.integers(0, 70)
batch_sizes = st.integers(1, 20)


@given(sizes, batch_sizes, st.integers(0, 3))
def test_training_sees_every_image_once_but_never_alone(images, batch_size, epoch):
    plan = list(training_plan(images, batch_size, seed=5, epoch=epoch))
    assert len(plan) == batches_per_epoch(images, batch_size)
    seen = [index for batch in plan for index in batch]
    assert len(set(seen)) == len(seen)
    left_out = set(range(images)) - set(seen)
    alone = images % batch_size == 1 and images > batch_size > 1
    assert len(left_out) == (1 if alone else 0)
    assert all(len(batch) > 1 for batch in plan) or batch_size == 1 or images == 1


@given(sizes, batch_sizes, st.integers(0, 5))
def test_a_resumed_epoch_goes_on_where_it_stopped(images, batch_size, start):
    whole = list(training_plan(images, batch_size, seed=5, epoch=2))
    assert list(training_plan(images, batch_size, seed=5, epoch=2, start_batch=start)) == whole[start:]


def test_seed_and_epoch_change_the_order():
    def plan(seed, epoch):
        return list(training_plan(50, 8, seed=seed, epoch=epoch))

    assert plan(1, 0) == plan(1, 0)
    assert plan(1, 0) != plan(1, 1)
    assert plan(1, 0) != plan(2, 0)


def test_the_order_is_the_same_in_every_version():
    assert list(training_plan(7, 3, seed=0, epoch=0)) == [[2, 3, 6], [1, 5, 4]]


@given(sizes, batch_sizes)
def test_evaluation_sees_every_image_in_order(images, batch_size):
    plan = list(evaluation_plan(images, batch_size))
    assert [index for batch in plan for index in batch] == list(range(images))
    assert all(len(batch) == batch_size for batch in plan[:-1])
