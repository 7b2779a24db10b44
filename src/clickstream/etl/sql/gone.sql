-- Notes which orders, refunds, visitors and events without a session this load removed and did not write again; sessions.sql
-- notes sessions. Without `replaced` rows there is nothing to note. In: `replaced`, and the rows that the statement files
-- before this one wrote. Out: `gone`.
insert into gone (load_id, kind, key)
with removed as (
    select 'order' as kind, order_id as key from replaced where order_id is not null and @is_order(event_name)
    union
    select 'refund', order_id from replaced where order_id is not null and @is_refund(event_name)
),
written as (
    select 'order' as kind, order_id as key from orders where load_id = $load_id
    union all
    select 'refund', order_id from refunds where load_id = $load_id
),
missing as (
    select kind, key from removed
    except
    select kind, key from written
),
-- A client or pair that still exists was written again with the rows that replace these.
strangers as (
    select distinct 'visitors' as kind, '' as key
    from replaced
    where not @is_refund(event_name)
        and (
            (
                (client_id is not null or user_id is not null)
                and (coalesce(client_id, ''), coalesce(user_id, '')) not in (
                    select coalesce(client_id, ''), coalesce(user_id, '') from seen where load_id = $load_id
                )
            )
            or (
                client_id is not null and user_id is not null
                and client_id not in (select client_id from clients where load_id = $load_id)
            )
        )
),
quarters as (
    select distinct 'quarter' as kind, cast(@quarter(event_timestamp) as text) as key
    from replaced
    where session_key is null
)
select cast($load_id as bigint), kind, key from missing
union all
select cast($load_id as bigint), kind, key from strangers
union all
select cast($load_id as bigint), kind, key from quarters;
