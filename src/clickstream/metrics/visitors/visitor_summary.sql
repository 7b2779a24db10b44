-- What is known of one visitor besides sessions: a row for each currency of orders placed before `as_of`, or one row.
{pairs},
visitor_orders as (
    select coalesce(o.currency, 'XXX') as currency, o.total
    from orders as o
    where o.ordered_at < $as_of
        and (o.user_id = $visitor or (o.user_id is null and o.client_id in (select client_id from visitor_clients)))
)
select (select min(first_seen_at) from visitor_pairs) as first_seen_at, o.currency, o.orders, o.revenue
from (select 1 as one) as one
left join (
    select currency, count(*) as orders, sum(total) as revenue
    from visitor_orders
    group by currency
) as o on true
order by o.orders desc nulls last, o.currency
