-- In: $1, the catalogue as JSON. Only new products receive a stock; the shop keeps the stock of the others.
insert into inventory (product_id, quantity)
select p.id, p.stock
from jsonb_to_recordset(cast($1 as jsonb) -> 'products') as p (id text, stock integer)
on conflict (product_id) do nothing
