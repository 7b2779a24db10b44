-- In: $1, the catalogue as JSON. A product that did not change is left alone.
insert into products (
    id, name, brand_id, category_id, description, specs, pictures, price, discount_price, created_at
)
select p.id, p.name, p.brand, p.category, p.description, p.specs, p.pictures, p.price, p.discount_price, p.created_at
from jsonb_to_recordset(cast($1 as jsonb) -> 'products') as p (
    id text, name text, brand text, category text, description text, specs jsonb, pictures integer, price numeric,
    discount_price numeric, created_at timestamptz
)
on conflict (id) do update set
    name = excluded.name, brand_id = excluded.brand_id, category_id = excluded.category_id,
    description = excluded.description, specs = excluded.specs, pictures = excluded.pictures, price = excluded.price,
    discount_price = excluded.discount_price, created_at = excluded.created_at
where (
    products.name, products.brand_id, products.category_id, products.description, products.specs, products.pictures,
    products.price, products.discount_price, products.created_at
) is distinct from (
    excluded.name, excluded.brand_id, excluded.category_id, excluded.description, excluded.specs, excluded.pictures,
    excluded.price, excluded.discount_price, excluded.created_at
)
