-- In: $1, the catalogue as JSON.
insert into coupons (code, percent, amount, min_subtotal)
select c.code, c.percent, c.amount, coalesce(c.min_subtotal, 0)
from jsonb_to_recordset(cast($1 as jsonb) -> 'coupons') as c (
    code text, percent integer, amount numeric, min_subtotal numeric
)
on conflict (code) do update set
    percent = excluded.percent, amount = excluded.amount, min_subtotal = excluded.min_subtotal
where (coupons.percent, coupons.amount, coupons.min_subtotal)
    is distinct from (excluded.percent, excluded.amount, excluded.min_subtotal)
