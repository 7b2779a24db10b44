-- Pairs, clients and visitors after a change. In: `new_seen`, `new_clients`, `gone_pairs`, `gone_clients`.
create or replace temp table changed_clients as
select client_id from new_clients
union
select key from gone_clients;

delete from clients where client_id in (from changed_clients);

insert into clients select client_id, first_user_id from new_clients;

create or replace temp table old_pairs as
select *
from pairs
where id in (
    select p.id
    from pairs as p
    semi join new_seen as n on n.client_id is not distinct from p.client_id and n.user_id is not distinct from p.user_id
    union all
    select key from gone_pairs
    union all
    select id from pairs where user_id is null and client_id in (from changed_clients)
);

create or replace temp table next_pairs as
select
    coalesce(o.id, (select coalesce(max(id), 0) from pairs) + row_number() over ()) as id,
    n.client_id, n.user_id, n.first_seen, n.is_first_visit, n.received_at, n.object, n.line, n.event_id
from new_seen as n
left join old_pairs as o on n.client_id is not distinct from o.client_id and n.user_id is not distinct from o.user_id
union all
select
    o.id, o.client_id, o.user_id, o.first_seen, o.is_first_visit, o.received_at, o.object, o.line, o.event_id
from old_pairs as o
where o.id not in (from gone_pairs)
    and not exists (
        from new_seen as n where n.client_id is not distinct from o.client_id and n.user_id is not distinct from o.user_id
    );

create or replace temp table resolved as
select n.*, coalesce(n.user_id, c.first_user_id, n.client_id) as visitor_id
from next_pairs as n
left join clients as c on n.client_id = c.client_id;

insert into visitors (id, visitor_id)
select (select coalesce(max(id), 0) from visitors) + row_number() over (), visitor_id
from (select distinct visitor_id from resolved)
anti join visitors using (visitor_id);

delete from pairs where id in (select id from old_pairs);

create or replace temp table new_pairs as
select
    r.id, r.client_id, r.user_id, v.id as visitor, r.first_seen, r.is_first_visit, r.received_at, r.object, r.line,
    r.event_id
from resolved as r
join visitors as v using (visitor_id);

insert into pairs from new_pairs;

-- A first log-in gives the events before it to another visitor.
create or replace temp table moved_pairs as
select n.id, n.visitor
from new_pairs as n
join old_pairs as o on n.id = o.id
where n.visitor <> o.visitor;

create or replace temp table touched_visitors as
select visitor from old_pairs
union
select visitor from new_pairs;

update visitors
set first_seen = f.first_seen, is_new = f.is_new
from (
    select
        visitor,
        min(first_seen) as first_seen,
        first(
            is_first_visit is not false
            order by first_seen, received_at nulls last, object nulls last, line nulls last, event_id
        ) as is_new
    from pairs
    where visitor in (from touched_visitors)
    group by visitor
) as f
where visitors.id = f.visitor;

delete from visitors where id in (select visitor from old_pairs anti join pairs using (visitor));
