-- Refunds money of an order: the one definition of what a refund changes. Returns the refund's id.
-- amount: NULL refunds the rest. The order whose whole total is refunded is cancelled, and its items return to stock.
-- Errors by SQLSTATE: P0002 no order has this id; 22003 the amount is not positive, or more than what is left.
create function refund_order(order_id uuid, amount numeric, reason text) returns uuid
language plpgsql
as $$
declare
    found_order orders;
    refund refunds;
    item record;
begin
    -- The lock lets refunds of one order take turns, so that two of them never exceed its total.
    select * into found_order from orders as o where o.id = refund_order.order_id for update;
    if not found then
        raise exception 'no order has the id %', order_id using errcode = 'no_data_found';
    end if;
    if found_order.refunded = found_order.total then
        raise exception 'order % is refunded already', found_order.number using errcode = 'numeric_value_out_of_range';
    end if;
    amount := coalesce(amount, found_order.total - found_order.refunded);
    if amount <> round(amount, 2) then
        raise exception 'an amount has at most two decimals, not %', amount using errcode = 'numeric_value_out_of_range';
    end if;
    if amount <= 0 or amount > found_order.total - found_order.refunded then
        raise exception 'order % has % % left to refund, not %', found_order.number,
            found_order.total - found_order.refunded, found_order.currency, amount
            using errcode = 'numeric_value_out_of_range';
    end if;

    insert into refunds (order_id, amount, reason)
    values (refund_order.order_id, refund_order.amount, coalesce(refund_order.reason, ''))
    returning * into refund;

    update orders as o set
        refunded = o.refunded + refund.amount,
        status = case when o.refunded + refund.amount = o.total then 'cancelled' else o.status end
    where o.id = refund.order_id
    returning * into found_order;

    if found_order.status = 'cancelled' then
        -- In the order of product ids, as a checkout takes them: the two cannot block each other.
        for item in
            select i.product_id, sum(i.quantity) as quantity from order_items as i
            where i.order_id = refund.order_id group by i.product_id order by i.product_id
        loop
            update inventory as s set quantity = s.quantity + item.quantity, updated_at = now()
            where s.product_id = item.product_id;
        end loop;
    end if;

    insert into outbox (event_id, event)
    values (
        refund.id,
        jsonb_build_object(
            'eventName', 'order_refunded',
            'eventId', refund.id,
            'createdAt', to_char(refund.refunded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'order', jsonb_build_object(
                'id', found_order.number,
                'total', refund.amount,
                'currency', found_order.currency,
                'refundId', refund.id
            )
        )
    );
    return refund.id;
end
$$;
