"""What a mart says, without its numbers: two marts that say the same give the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clickstream.mart.file import Mart
from clickstream.mart.refresh import build
from clickstream.warehouse.contract import Warehouse

_PRODUCT = "[i.product_id, i.name, i.category, i.brand]"
_QUERIES = {
    "visitors": "select visitor_id, first_seen, is_new from visitors",
    "pairs": """
        select p.* exclude (id, visitor), v.visitor_id
        from pairs as p left join visitors as v on p.visitor = v.id
    """,
    "clients": "from clients",
    "sessions": """
        select s.* exclude (id, pair, visitor), p.client_id, p.user_id, v.visitor_id
        from sessions as s left join pairs as p on s.pair = p.id left join visitors as v on s.visitor = v.id
    """,
    "hits": f"""
        select
            h.* exclude (session, pair, name, page, login_state, product), s.session_key, v.visitor_id,
            n.text as name, g.text as page, l.text as login_state, {_PRODUCT} as product
        from hits as h
        left join sessions as s on h.session = s.id
        left join pairs as p on h.pair = p.id left join visitors as v on p.visitor = v.id
        left join texts as n on h.name = n.id
        left join texts as g on h.page = g.id
        left join texts as l on h.login_state = l.id
        left join products as i on h.product = i.id
    """,
    "session_quarters": """
        select q.* exclude (session, pair, visitor), s.session_key, p.client_id, p.user_id, v.visitor_id
        from session_quarters as q
        left join sessions as s on q.session = s.id
        left join pairs as p on q.pair = p.id left join visitors as v on q.visitor = v.id
    """,
    "session_products": f"""
        select
            x.* exclude (session, product, product_id, category, brand), s.session_key, {_PRODUCT} as product,
            -- Which row of a session has the bits of a value depends on the numbers of its products.
            sum(x.product_id) over (partition by x.session, i.product_id) as product_id_bits,
            sum(x.category) over (partition by x.session, i.category) as category_bits,
            sum(x.brand) over (partition by x.session, i.brand) as brand_bits
        from session_products as x
        left join sessions as s on x.session = s.id
        left join products as i on x.product = i.id
    """,
    "orders": """
        select o.* exclude (id, session, pair, visitor), s.session_key, p.client_id, p.user_id, v.visitor_id
        from orders as o
        left join sessions as s on o.session = s.id
        left join pairs as p on o.pair = p.id left join visitors as v on o.visitor = v.id
    """,
    "refunds": """
        select r.* exclude (order_number), o.order_id as found_order
        from refunds as r left join orders as o on r.order_number = o.id
    """,
    "searches": """
        select x.* exclude (session), s.session_key
        from searches as x left join sessions as s on x.session = s.id
    """,
    "order_items": f"""
        select o.order_id, x.* exclude (order_number, product), {_PRODUCT} as product
        from order_items as x
        left join orders as o on x.order_number = o.id
        left join products as i on x.product = i.id
    """,
}


def shown(mart: Mart) -> dict[str, list[str]]:
    """Return what each table says, sorted."""
    with mart.reading() as cursor:
        found: dict[str, list[Any]] = {name: cursor.fetch(sql).dicts() for name, sql in _QUERIES.items()}
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def shown_from_scratch(folder: Path, warehouse: Warehouse) -> dict[str, list[str]]:
    """Return what a mart says that is built from scratch."""
    with Mart.open(folder / "scratch.duckdb") as mart:
        build(mart, warehouse)
        return shown(mart)
