-- Who a visitor is: the clients whose events without a user id are the visitor's, and all pairs of client and user.
with visitor_clients as (
    select client_id
    from clients
    where first_user_id = $visitor
    union
    select cast($visitor as text)
    where not exists (select 1 from clients where client_id = $visitor)
),
visitor_pairs as (
    select client_id, user_id, first_seen_at
    from seen
    where user_id = $visitor
    union all
    select s.client_id, s.user_id, s.first_seen_at
    from visitor_clients as v
    inner join seen as s on coalesce(s.client_id, '') = v.client_id and coalesce(s.user_id, '') = ''
),
pair_clients as (
    select distinct coalesce(client_id, '') as client
    from visitor_pairs
)
