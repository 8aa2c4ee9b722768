from tests.invariants.facts import LOST, Scene, answer


def test_one_owner_after_the_other_is_sound() -> None:
    """A next owner may write as soon as the one before has ended."""
    scene = Scene()
    scene.live(0)
    scene.ask("order", answer({}), 1000, method="POST")
    scene.live(1000, alive=False)
    scene.live(1000, owner=2)
    scene.ask("order", answer({}), 2000, method="DELETE", owner=2)

    assert scene.found("I14", 3000) == []


def test_two_living_owners_that_write_are_found() -> None:
    """The second of them breaks the promise, once; reading is free."""
    scene = Scene()
    scene.live(0)
    scene.live(0, owner=2)
    scene.ask("order", answer({}), 1000, method="POST")
    scene.ask("order", answer({}), 1100, owner=2)
    assert scene.found("I14", 1500) == []
    scene.ask("algoOrder", LOST, 2000, method="POST", owner=2)
    scene.ask("order", answer({}), 3000, method="POST", owner=2)

    ((at_ms, problem),) = scene.found("I14", 9000)
    assert at_ms == 1960
    assert "owners 1 and 2 both live" in problem


def test_an_owner_who_only_reads_may_stand_by() -> None:
    """Two who live, and one who writes: that is how it should be."""
    scene = Scene()
    scene.live(0)
    scene.live(0, owner=2)
    for at_ms in (1000, 2000, 3000):
        scene.ask("order", answer({}), at_ms, method="POST")

    assert scene.found("I14", 9000) == []


def test_the_dead_send_nothing() -> None:
    """A request that left after its owner's end is found; one that was under way is not."""
    scene = Scene()
    scene.live(0)
    scene.ask("order", None, 1000, method="POST", sent_ms=1000)
    scene.live(1000, alive=False)
    assert scene.found("I14", 1500) == []
    scene.ask("order", answer({}), 2000, method="POST")

    ((at_ms, problem),) = scene.found("I14", 3000)
    assert at_ms == 1960
    assert "had ended" in problem
