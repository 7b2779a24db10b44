-- The items of order events, as lines of their order. In: `parsed`. Out: `items`, one row for each value of the array.
-- A value that is not an object, or comes after the first 1,000, is not a line, and makes order.items a field error.
create or replace table items as
with numbered as (
    select
        rowid as row_number,
        unnest(json_extract(order_items, '$[*]')) as item,
        cast(unnest(range(1, cast(json_array_length(order_items) as bigint) + 1)) as integer) as line_number
    from parsed
    where receipt is null and order_id is not null and order_items is not null
        and @is_order(event_name)
),
opened as (
    select *, fields_of(item, ['$.id', '$.name', '$.category', '$.brand', '$.price', '$.quantity']) as v
    from numbered
),
typed as (
    select
        *,
        text_of(v[1]) as product_id,
        text_of(v[2]) as product_name,
        text_of(v[3]) as product_category,
        text_of(v[4]) as product_brand,
        money_of(text_of(v[5])) as price,
        case when is_nothing(v[6]) then 1 else money_of(text_of(v[6])) end as quantity,
        is_object(item) and line_number <= 1000 as is_line
    from opened
)
select
    row_number, line_number, product_id, product_name, product_category, product_brand, price, quantity, is_line,
    not is_line
        or (product_id is null and not is_nothing(v[1]))
        or (product_name is null and not is_nothing(v[2]))
        or (product_category is null and not is_nothing(v[3]))
        or (product_brand is null and not is_nothing(v[4]))
        or (price is null and not is_nothing(v[5]))
        or (quantity is null) as is_wrong
from typed;

create or replace view order_lines as
select
    row_number, line_number, product_id, product_name, product_category, product_brand, price,
    cast(quantity as decimal(18, 4)) as quantity
from items
where is_line;
