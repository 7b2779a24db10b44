-- Numbers the products that are new. Slot: {rows}, a table with what events or items say of their products.
insert into products
select (select max(id) from products) + row_number() over (), product_id, name, category, brand
from (select distinct product_id, name, category, brand from {rows}) as n
where not exists (
    from products as p
    where p.product_id is not distinct from n.product_id and p.name is not distinct from n.name
        and p.category is not distinct from n.category and p.brand is not distinct from n.brand
);
