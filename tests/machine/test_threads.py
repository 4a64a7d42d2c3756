import pytest

from pipeline.machine.threads import OWN_SETTINGS, calm_threads


def test_threads_sleep_while_they_wait():
    environment = {"HOME": "/"}
    calm_threads(environment)
    assert environment == {"HOME": "/", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.mark.parametrize("name", OWN_SETTINGS)
def test_a_persons_own_setting_stays(name):
    environment = {name: "17"}
    calm_threads(environment)
    assert environment == {name: "17"}
