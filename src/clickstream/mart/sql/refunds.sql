-- Writes refunds again. In: `new_refunds`, `gone_refunds` (orders that have none any more), and orders as they are now.
delete from refunds
where order_id in (select order_id from new_refunds) or order_id in (from gone_refunds);

insert into refunds
select n.order_id, o.id, n.refunded_at, n.amount, n.currency, n.is_sample, n.is_bot
from new_refunds as n
left join orders as o on n.order_id = o.order_id
order by n.refunded_at;
