-- First sightings: `clients` (the first user id of a client) and `seen` (the first event of a client and user).
-- Candidates are the new rows, the stored sightings, and, for clients and users of replaced rows, all their events. A
-- stored sighting may be of an event that has expired: it stays a candidate unless that event itself was replaced.
create temp table user_candidates as
select client_id, user_id, event_timestamp, received_at, raw_object, raw_line, event_id
from incoming
where client_id is not null and user_id is not null and not @is_refund(event_name)
union all
select e.client_id, e.user_id, e.event_timestamp, e.received_at, e.raw_object, e.raw_line, e.event_id
from clickstream_events as e
where e.user_id is not null
    and not @is_refund(e.event_name)
    and e.client_id in (select client_id from replaced where client_id is not null)
    and exists (select 1 from replaced);

insert into user_candidates
select c.client_id, c.first_user_id, c.event_timestamp, c.received_at, c.object, c.line, c.event_id
from clients as c
where (
        c.client_id in (select client_id from user_candidates)
        or c.client_id in (select client_id from replaced where client_id is not null)
    )
    and c.event_id not in (select event_id from replaced);

delete from clients
where client_id in (select client_id from user_candidates)
    or client_id in (select client_id from replaced where client_id is not null);

insert into clients (client_id, first_user_id, event_timestamp, received_at, object, line, event_id, load_id)
select client_id, user_id, event_timestamp, received_at, raw_object, raw_line, event_id, $load_id
from (
    select
        *,
        row_number() over (partition by client_id order by @event_order(u)) as event_rank
    from user_candidates as u
) as ranked_users
where event_rank = 1;

create temp table seen_candidates as
select
    coalesce(client_id, '') as client_id, coalesce(user_id, '') as user_id, event_timestamp, is_first_visit,
    received_at, raw_object, raw_line, event_id
from incoming
where (client_id is not null or user_id is not null) and not @is_refund(event_name)
union all
select
    coalesce(e.client_id, ''), coalesce(e.user_id, ''), e.event_timestamp, e.is_first_visit,
    e.received_at, e.raw_object, e.raw_line, e.event_id
from clickstream_events as e
where exists (select 1 from replaced)
    and not @is_refund(e.event_name)
    and (coalesce(e.client_id, ''), coalesce(e.user_id, '')) in (
        select coalesce(client_id, ''), coalesce(user_id, '') from replaced
    )
    and (e.client_id is not null or e.user_id is not null);

insert into seen_candidates
select
    coalesce(client_id, ''), coalesce(user_id, ''), first_seen_at, first_is_first_visit,
    received_at, object, line, event_id
from seen
where (coalesce(client_id, ''), coalesce(user_id, '')) in (
        select client_id, user_id from seen_candidates
        union all
        select coalesce(client_id, ''), coalesce(user_id, '') from replaced
    )
    and event_id not in (select event_id from replaced);

delete from seen
where (coalesce(client_id, ''), coalesce(user_id, '')) in (
    select client_id, user_id from seen_candidates
    union all
    select coalesce(client_id, ''), coalesce(user_id, '') from replaced
);

insert into seen (
    client_id, user_id, first_seen_at, first_is_first_visit, received_at, object, line, event_id, load_id
)
select
    nullif(client_id, ''), nullif(user_id, ''), event_timestamp, is_first_visit, received_at, raw_object, raw_line,
    event_id, $load_id
from (
    select
        *,
        row_number() over (partition by client_id, user_id order by @event_order(s)) as event_rank
    from seen_candidates as s
) as ranked_pairs
where event_rank = 1;
