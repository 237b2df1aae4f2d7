"""Routing: who gets a document, or why it cannot be sent as it is addressed.

What cannot be delivered is refused at the door, every reason at once. What is addressed to a closed
agency goes to the one that follows it on that day, down the whole chain, and the sender is told. Where
several follow it the document is refused with their codes: only its sender knows whom it concerns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from exchange.core.codes import form_of, normalise
from exchange.core.directory import Agency, Directory, Holding
from exchange.core.receipt import Notice
from exchange.core.refusal import Refusal

CODE_CHARACTERS_SHOWN = 40  # a code in an answer is cut here: it came from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One receiver of a document."""

    receiver: Agency  # open on the day of sending
    addressed_as: str  # the code that the sender wrote; when forwarded, the receiver's own in the same form
    forwarded_from: str = ""  # the code of the closed agency that the sender wrote
    merged: tuple[str, ...] = ()  # further closed agencies' codes that lead to this receiver too


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Routes for what can be sent, refusals for the rest; a document is taken only without refusals."""

    routes: tuple[Route, ...]
    refusals: tuple[Refusal, ...]
    notices: tuple[Notice, ...] = ()  # ``receiver_forwarded``, for each closed agency that was named


def plan(
    sender: Agency,
    receivers: Sequence[str],
    directory: Directory,
    on: date,
    *,
    document_bytes: int,
    attachment_types: Sequence[str],
) -> Plan:
    """Find a route for each code of ``receivers``, as of ``on`` (Vietnam's date).

    Refusals: ``sender_closed``; ``receiver_missing``, ``receiver_unknown``, ``receiver_closed``,
    ``receiver_split``, ``receiver_is_sender``, ``receiver_duplicate``, ``receiver_not_connected``,
    ``receiver_refuses_size``, ``receiver_refuses_type``. ``where`` is ``To[i]/OrganId``, counted
    from 1, and ``values["receiver"]`` the code as it was written there.

    A closed agency's successor that is named too, or that follows several of those named, gets the
    document once.
    """
    types = frozenset(kind.strip().lower() for kind in attachment_types)
    refusals = _sender_refusals(sender, receivers, directory, on)
    routes: dict[str, Route] = {}  # by the receiver's key
    named: dict[str, int] = {}  # by the named agency's key: where it was named first
    for place, written in enumerate(receivers, start=1):
        code = normalise(written)
        where = f"To[{place}]/OrganId"
        agency = directory.find(code, on)
        if agency is None:
            refusals.append(unknown_receiver(code, where, directory, on))
            continue
        first = named.setdefault(agency.code, place)
        if first != place:
            refusals.append(_duplicate(code, where, agency, first, on))
            continue
        route = _route(agency, code, where, directory, on)
        if isinstance(route, Refusal):
            refusals.append(route)
            continue
        if route.receiver.code == sender.code:
            refusals.append(_is_sender(code, where, route, on))
            continue
        against = _receiver_refusals(route, code, where, document_bytes, types, on)
        if against:
            refusals.extend(against)
        else:
            _join(routes, route)
    return Plan(
        routes=tuple(routes.values()), refusals=tuple(refusals), notices=_notices(routes.values(), on)
    )


def _route(agency: Agency, code: str, where: str, directory: Directory, on: date) -> Route | Refusal:
    if directory.is_open(agency, on):
        return Route(receiver=agency, addressed_as=code)
    heirs = directory.heirs(agency, on)
    if not heirs:
        return _closed(code, where, agency)
    in_kind = [directory.code_for(heir, form_of(code), on) for heir in heirs]
    if len(heirs) > 1:
        named = [f"{each} ({heir.as_of(on).name})" for each, heir in zip(in_kind, heirs, strict=True)]
        return _split(code, where, agency, in_kind, named)
    return Route(receiver=heirs[0], addressed_as=in_kind[0], forwarded_from=code)


def _join(routes: dict[str, Route], route: Route) -> None:
    """Add a route; where one leads to the same receiver already, keep one, the directly named."""
    there = routes.get(route.receiver.code)
    if there is None:
        routes[route.receiver.code] = route
        return
    if route.forwarded_from:
        routes[route.receiver.code] = replace(there, merged=(*there.merged, route.forwarded_from))
    else:
        routes[route.receiver.code] = replace(route, merged=(there.forwarded_from, *there.merged))


def _notices(routes: Iterable[Route], on: date) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            code="receiver_forwarded",
            text=f"{closed} đã ngừng hoạt động; văn bản chuyển tới {route.addressed_as}"
            f" ({route.receiver.as_of(on).name}) / {closed} is closed; the document goes to its successor",
        )
        for route in routes
        for closed in (route.forwarded_from, *route.merged)
        if closed
    )


def closed_sender(sender: Agency, on: date) -> Refusal:
    """``sender_closed``: what is said to an agency that is not open on that date."""
    return Refusal(
        code="sender_closed",
        where="From/OrganId",
        detail=f"{sender.code} ({sender.as_of(on).name}) does not exist on {on}.",
        detail_vi=f"{sender.code} ({sender.as_of(on).name}) không hoạt động vào ngày {_vi(on)}.",
        values={"sender": sender.code},
    )


def _sender_refusals(
    sender: Agency, receivers: Sequence[str], directory: Directory, on: date
) -> list[Refusal]:
    refusals = []
    if not directory.is_open(sender, on):
        refusals.append(closed_sender(sender, on))
    if not receivers:
        refusals.append(
            Refusal(
                code="receiver_missing",
                where="To",
                detail="The document names no receiver.",
                detail_vi="Văn bản không ghi nơi nhận nào.",
            )
        )
    return refusals


def unknown_receiver(code: str, where: str, directory: Directory, on: date) -> Refusal:
    """``receiver_unknown``: what is said of a code that names nobody on that date."""
    nearest = directory.nearest(code, on)
    shown = code[:CODE_CHARACTERS_SHOWN]
    detail, detail_vi = _why_unknown(shown, directory.history(code), on)
    if nearest:
        detail += f" Known and similar: {', '.join(nearest)}."
        detail_vi += f" Mã gần giống: {', '.join(nearest)}."
    return Refusal(
        code="receiver_unknown",
        where=where,
        detail=detail,
        detail_vi=detail_vi,
        values={"receiver": shown, "nearest": list(nearest)},
    )


def _why_unknown(code: str, history: tuple[Holding, ...], on: date) -> tuple[str, str]:
    if not code:
        return "The code is empty.", "Mã định danh bị bỏ trống."
    past = next((each for each in history if each.until < on), None)  # the latest of them
    if past is not None:
        ended, name = past.until + timedelta(days=1), past.agency.as_of(on).name
        return (
            f"{code} is no code since {ended}; {name} has {past.agency.code}.",
            f"{code} hết hiệu lực từ ngày {_vi(ended)}; mã của {name} là {past.agency.code}.",
        )
    if history:
        since = history[-1].since
        return (
            f"{code} is in force from {since} on, not yet on {on}.",
            f"{code} có hiệu lực từ ngày {_vi(since)}, chưa có hiệu lực vào ngày {_vi(on)}.",
        )
    return f"{code} is not in the directory.", f"{code} không có trong danh bạ."


def _closed(code: str, where: str, agency: Agency) -> Refusal:
    last = agency.valid_to
    assert last is not None, "only an agency with a last day can be closed"
    return Refusal(
        code="receiver_closed",
        where=where,
        detail=f"{code} ({agency.name}) closed after {last}, and no open agency follows it.",
        detail_vi=f"{code} ({agency.name}) ngừng hoạt động sau ngày {_vi(last)}, không có đơn vị kế thừa.",
        values={"receiver": code, "valid_to": last.isoformat()},
    )


def _split(code: str, where: str, agency: Agency, codes: list[str], named: list[str]) -> Refusal:
    last = agency.valid_to
    assert last is not None, "only an agency with a last day can be closed"
    several = ", ".join(named)
    return Refusal(
        code="receiver_split",
        where=where,
        detail=f"{code} ({agency.name}) closed after {last}; it is followed by {several}.",
        detail_vi=f"{code} ({agency.name}) ngừng hoạt động sau ngày {_vi(last)}; kế thừa có {several}.",
        values={"receiver": code, "valid_to": last.isoformat(), "successors": codes},
    )


def _duplicate(code: str, where: str, agency: Agency, first: int, on: date) -> Refusal:
    name = agency.as_of(on).name
    return Refusal(
        code="receiver_duplicate",
        where=where,
        detail=f"{code} ({name}) is named in To[{first}] already.",
        detail_vi=f"{code} ({name}) đã được ghi ở To[{first}].",
        values={"receiver": code, "first": first, "agency": agency.code},
    )


def _is_sender(code: str, where: str, route: Route, on: date) -> Refusal:
    name = route.receiver.as_of(on).name
    if route.forwarded_from:
        detail = f"{code} is closed, and its successor is the sender itself ({name})."
        detail_vi = f"{code} đã ngừng hoạt động và đơn vị kế thừa chính là bên gửi ({name})."
    else:
        detail = f"{code} is the sender itself ({name})."
        detail_vi = f"{code} chính là bên gửi ({name})."
    return Refusal(
        code="receiver_is_sender", where=where, detail=detail, detail_vi=detail_vi, values={"receiver": code}
    )


def _receiver_refusals(
    route: Route, code: str, where: str, document_bytes: int, types: frozenset[str], on: date
) -> list[Refusal]:
    """What the agency at the end of the route has against this document."""
    receiver, limits = route.receiver, route.receiver.limits
    refusals = []
    if not receiver.adapter:
        refusals.append(_not_connected(route, code, where, on))
    if limits.document_bytes_max is not None and document_bytes > limits.document_bytes_max:
        refusals.append(_refuses_size(receiver, code, where, document_bytes, on))
    if limits.attachment_types and not types <= limits.attachment_types:
        refusals.append(_refuses_type(receiver, code, where, types, on))
    return refusals


def _not_connected(route: Route, code: str, where: str, on: date) -> Refusal:
    name = route.receiver.as_of(on).name
    forwarded = f", the successor of {code}," if route.forwarded_from else ""
    forwarded_vi = f", đơn vị kế thừa của {code}," if route.forwarded_from else ""
    return Refusal(
        code="receiver_not_connected",
        where=where,
        detail=f"{route.addressed_as} ({name}){forwarded} is not connected to the exchange.",
        detail_vi=f"{route.addressed_as} ({name}){forwarded_vi} chưa kết nối trục liên thông.",
        values={"receiver": code},
    )


def _refuses_size(receiver: Agency, code: str, where: str, document_bytes: int, on: date) -> Refusal:
    name, most = receiver.as_of(on).name, receiver.limits.document_bytes_max
    return Refusal(
        code="receiver_refuses_size",
        where=where,
        detail=f"{code} ({name}) takes {most} bytes, the document has {document_bytes}.",
        detail_vi=f"{code} ({name}) nhận tối đa {most} byte, văn bản có {document_bytes} byte.",
        values={"receiver": code, "bytes": document_bytes, "document_bytes_max": most},
    )


def _refuses_type(receiver: Agency, code: str, where: str, types: frozenset[str], on: date) -> Refusal:
    name, taken = receiver.as_of(on).name, sorted(receiver.limits.attachment_types)
    others = sorted(kind[:CODE_CHARACTERS_SHOWN] for kind in types - receiver.limits.attachment_types)
    return Refusal(
        code="receiver_refuses_type",
        where=where,
        detail=f"{code} ({name}) does not take {', '.join(others)}; it takes {', '.join(taken)}.",
        detail_vi=f"{code} ({name}) không nhận {', '.join(others)}; chỉ nhận {', '.join(taken)}.",
        values={"receiver": code, "refused": others, "attachment_types": taken},
    )


def _vi(day: date) -> str:
    """A date as Vietnamese documents write it: 01/07/2025."""
    return f"{day:%d/%m/%Y}"
