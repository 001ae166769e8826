"""Taking and giving back money, each once: whatever comes twice, at once, or dies half-way.

A payment is recorded before the gateway is asked, the gateway is asked with the record's id as its
idempotency key, and only the one who changes the record's status notes the outcome.
"""

import logging
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.database import now
from app.domain import KEY_LIFETIME, Status, Stored, Verdict, judge
from app.gateways import Declined, Gateway, GatewayUnavailable
from app.models import Payment, Transaction
from app.outbox import Outbox, add_event

log = logging.getLogger(__name__)

# A charge that takes longer was most likely left by a process that died.
LEFT_OVER_AFTER = timedelta(minutes=1)


class Conflict(Exception):
    """The request does not fit what is recorded."""


class KeyReused(Exception):
    """The idempotency key belongs to a request with another body."""


class Cashier:
    def __init__(self, sessions: sessionmaker[Session], gateway: Gateway, outbox: Outbox) -> None:
        self._sessions = sessions
        self._gateway = gateway
        self._outbox = outbox

    def find_repeated(self, user_id: str, key: str, fingerprint: str) -> Payment | None:
        """The payment that an earlier request with this key recorded."""
        with self._sessions() as session:
            payment = session.scalar(
                select(Payment).where(Payment.user_id == user_id, Payment.idempotency_key == key)
            )
        stored = payment and Stored(payment.fingerprint, Status(payment.status), payment.created_at)
        match judge(stored, fingerprint, now()):
            case Verdict.MISMATCH:
                raise KeyReused
            case Verdict.EXPIRED:
                raise Conflict("This payment was never finished: ask our support about it")
        return payment

    def record(self, payment: Payment) -> Payment:
        """Stores a new payment; or gives the one that a request with the same key just stored."""
        try:
            with self._sessions.begin() as session:
                session.add(payment)
                session.flush()
                if payment.status != Status.PROCESSING:
                    self._note_charge(session, payment)
        except IntegrityError:
            first = self.find_repeated(
                payment.user_id, payment.idempotency_key, payment.fingerprint
            )
            if first is None:
                raise Conflict("The order is already paid, or being paid right now") from None
            return first
        self._outbox.flush()
        return payment

    def settle(self, payment_id: str) -> Payment:
        """Charges a recorded payment, unless that is done; raises GatewayUnavailable."""
        payment = self._get(payment_id)
        if payment.status != Status.PROCESSING:
            return payment
        try:
            reference: str | None = self._gateway.charge(
                payment.gateway_token, payment.amount_cents, payment.currency, key=payment.id
            )
            changes = {"status": Status.SUCCEEDED, "gateway_reference": reference}
        except Declined as no:
            changes = {
                "status": Status.FAILED,
                "gateway_reference": no.reference,
                "failure_reason": no.reason[:500],
            }
        with self._sessions.begin() as session:
            if _change(session, payment_id, Status.PROCESSING, changes):
                self._note_charge(session, session.get_one(Payment, payment_id))
        self._outbox.flush()
        payment = self._get(payment_id)
        if payment.refund_due:
            # The order was cancelled while the gateway charged.
            self._try_refund(payment_id)
        return self._get(payment_id)

    def refund_order(self, order_id: str) -> None:
        """Gives back what was taken for an order. What can't be done now is done later."""
        of_order = Payment.order_id == order_id
        with self._sessions.begin() as session:
            session.execute(
                update(Payment)
                .where(of_order, Payment.status.in_([Status.PROCESSING, Status.SUCCEEDED]))
                .values(refund_due=True)
            )
        for payment_id in self._ids(of_order, Payment.status == Status.SUCCEEDED):
            self._try_refund(payment_id)

    def finish_left_over(self) -> None:
        """Finishes charges and refunds that were begun and not ended."""
        begun_before = now() - LEFT_OVER_AFTER
        for payment_id in self._ids(
            Payment.status == Status.PROCESSING, Payment.created_at < begun_before
        ):
            payment = self._get(payment_id)
            if now() - payment.created_at > KEY_LIFETIME:
                log.error("payment %s was never finished: look it up at the gateway", payment_id)
                continue
            try:
                self.settle(payment_id)
            except GatewayUnavailable as error:
                log.warning("payment %s is still open: %s", payment_id, error)
        for payment_id in self._ids(Payment.status == Status.SUCCEEDED, Payment.refund_due):
            self._try_refund(payment_id)

    def _try_refund(self, payment_id: str) -> None:
        payment = self._get(payment_id)
        if payment.status != Status.SUCCEEDED:
            return
        try:
            reference = self._gateway.refund(
                payment.gateway_reference or "", payment.amount_cents, key=f"refund-{payment.id}"
            )
        except (GatewayUnavailable, Declined) as error:
            log.warning("payment %s is not refunded yet: %s", payment_id, error)
            return
        changes = {"status": Status.REFUNDED, "refund_due": False}
        with self._sessions.begin() as session:
            if _change(session, payment_id, Status.SUCCEEDED, changes):
                session.add(self._transaction(payment, "refund", "succeeded", reference))
                add_event(session, "payment.refunded", _told(payment))
        self._outbox.flush()

    def _note_charge(self, session: Session, payment: Payment) -> None:
        """Notes and tells how a charge ended, in the transaction that ends it."""
        taken = payment.status == Status.SUCCEEDED
        status = "succeeded" if taken else "declined"
        session.add(self._transaction(payment, "charge", status, payment.gateway_reference))
        if taken:
            add_event(session, "payment.succeeded", _told(payment))
        else:
            add_event(
                session, "payment.failed", _told(payment) | {"reason": payment.failure_reason}
            )

    def _transaction(
        self, payment: Payment, kind: str, status: str, reference: str | None
    ) -> Transaction:
        return Transaction(
            payment_id=payment.id,
            order_id=payment.order_id,
            kind=kind,
            status=status,
            amount_cents=payment.amount_cents,
            currency=payment.currency,
            gateway=self._gateway.name,
            gateway_reference=reference,
        )

    def _get(self, payment_id: str) -> Payment:
        with self._sessions() as session:
            return session.get_one(Payment, payment_id)

    def _ids(self, *conditions) -> list[str]:
        with self._sessions() as session:
            return list(session.scalars(select(Payment.id).where(*conditions)))


def _change(session: Session, payment_id: str, seen: Status, changes: dict) -> bool:
    """Changes a payment that is still in the status it was seen in; tells whether it was."""
    changed = session.execute(
        update(Payment).where(Payment.id == payment_id, Payment.status == seen).values(changes)
    )
    return changed.rowcount == 1


def _told(payment: Payment) -> dict:
    return {
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "user_id": payment.user_id,
        "amount_cents": payment.amount_cents,
    }
