"""Where a delivery stands, in words: Vietnamese, English. "Accepted" and "delivered" never share one."""

from collections.abc import Mapping

from exchange.core.closing import FORWARDED
from exchange.core.delivery import State

STATES: Mapping[str, tuple[str, str]] = {
    State.READY: ("chờ chuyển", "to be sent"),
    State.WAITING: ("đang chuyển, sẽ thử lại nếu không thành", "being sent, tried again if need be"),
    State.AVAILABLE: ("chờ nơi nhận đến lấy", "lies ready, not fetched yet"),
    State.LEASED: ("nơi nhận đang lấy", "being fetched"),
    State.ACCEPTED: ("nơi nhận đã lấy, chưa xác nhận", "taken, not confirmed yet"),
    State.DELIVERED: ("ĐÃ CHUYỂN", "DELIVERED"),
    State.REFUSED: ("KHÔNG CHUYỂN ĐƯỢC", "ENDED WITHOUT DELIVERY"),
    State.EXPIRED: ("QUÁ HẠN CHUYỂN", "NOT DELIVERED IN TIME"),
}

GONE_ON = ("ĐÃ CHUYỂN TIẾP tới cơ quan kế thừa", "FORWARDED to the agency that follows")


def stands(state: str, cause: str) -> tuple[str, str]:
    """Where a delivery stands. One that went on to the agency that follows did not fail.

    A state of a newer release is told by its name.
    """
    return GONE_ON if cause == FORWARDED else STATES.get(state, (state, state))
