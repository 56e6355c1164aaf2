"""States of orders as programs and people write them: which of them are no purchases, or no longer."""

import re
from collections.abc import Iterable

from catalog.importers.layouts import words

# Columns that say what became of an order, by their plain names.
COLUMNS = (
    "financial status", "payment status", "order status", "order state", "item status", "order item status",
    "transaction status", "payment state", "current state", "status", "state", "bestellstatus", "zahlungsstatus",
    "statut", "statut commande", "estado", "estado del pedido", "stato", "stato ordine", "status zamówienia", "статус",
    "статус заказа", "sipariş durumu", "durum", "siparis durumu", "status do pedido", "bestelstatus",
)  # fmt: skip
ENDED = ("cancelled at", "canceled at", "cancelled date", "cancel date", "date cancelled", "refunded at")  # if filled
# Words of which one alone says so, also among others: Shipped - Returned to Seller.
NO_MORE = re.compile(
    r"\b(cancel\w*|void(ed)?|fraud\w*|failed|failure|declined|denied|expired|rejected|abandoned|aborted|trash\w*|deleted"
    r"|refund\w*|returned|chargeback|charged back|reversed|reversal|disputed"
    r"|retoure\w*|retourniert|rückgabe|rücksendung|storno|storniert|abgebrochen|erstattet|rückerstattet|zurückgesendet"
    r"|annulée?|annulees?|remboursée?|retournée?|anulad[oa]|reembolsad[oa]|devuelt[oa]|devolvid[oa]|cancelad[oa]"
    r"|annullat[oa]|rimborsat[oa]|restituit[oa]|geannuleerd|terugbetaald|anulowan[ey]?|anulowano|zwrócon[ey]|zwrot"
    r"|отмен\w*|возвра\w*|iptal\w*|iade\w*|makulerad|återbetald)\b"
    r"|キャンセル|返金|返品|取消|退款"
)
PARTLY = re.compile(r"\b(partial\w*|partly|teilweise|partiellement|parcial\w*|parzial\w*|częściow\w*|частич\w*)\b")
UNPAID = {
    "pending", "unpaid", "not paid", "pending payment", "payment pending", "awaiting payment", "payment required",
    "waiting for payment", "on hold", "onhold", "holded", "draft", "checkout draft", "incomplete", "open invoice",
    "payment error", "payment review", "awaiting check payment", "awaiting bank wire payment", "overdue", "false",
    "ausstehend", "unbezahlt", "offen", "zahlung ausstehend", "warten auf zahlung", "nicht bezahlt",
    "en attente", "en attente de paiement", "non payé", "non payée", "impayé", "impayée", "pendiente",
    "pendiente de pago", "sin pagar", "no pagado", "in attesa", "in attesa di pagamento", "non pagato",
    "openstaand", "niet betaald", "nieopłacone", "nieopłacony", "oczekuje na płatność", "не оплачен", "не оплачено",
    "ожидает оплаты", "ödeme bekleniyor", "ödenmedi", "beklemede", "pendente", "aguardando pagamento", "não pago",
    "未払い", "入金待ち", "未付款",
}  # fmt: skip

NO_PIECES = "lines of no pieces:"
ZERO = re.compile(r"-?0+([.,]0*)?")


def is_zero(pieces: object) -> bool:
    """Return whether a number of pieces, or a text of one, is 0."""
    return ZERO.fullmatch(str(pieces).strip()) is not None


def against(state: str) -> str:
    """Return why orders in this state are no purchases: the state, perhaps with a word on it; empty if they are."""
    plain = words(state).removeprefix("wc ")  # as WooCommerce stores them
    if plain in UNPAID:
        return plain if "paid" in plain else f"{plain} (not paid)"
    return plain if NO_MORE.search(plain) and not PARTLY.search(plain) else ""


def against_any(states: Iterable[object]) -> str:
    """Return the first of these states by which an order is no purchase; empty if there is none."""
    return next((why for state in states if state and (why := against(str(state)))), "")
