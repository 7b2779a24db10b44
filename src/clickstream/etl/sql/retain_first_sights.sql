-- Retains first sightings whose event has expired, since no raw object has them, unless the raw store shows an earlier
-- one. Runs in the shadow. In: $load_id. Slot: {live}, the prefix of the live tables.
create temp table expired_seen as
select s.*
from {live}seen as s
where not exists (select 1 from {live}clickstream_events as e where e.event_id = s.event_id)
    and not exists (
        select 1 from seen as t
        where coalesce(t.client_id, '') = coalesce(s.client_id, '') and coalesce(t.user_id, '') = coalesce(s.user_id, '')
            and t.first_seen_at <= s.first_seen_at
    );

delete from seen
where (coalesce(client_id, ''), coalesce(user_id, '')) in (
    select coalesce(client_id, ''), coalesce(user_id, '') from expired_seen
);

insert into seen (
    client_id, user_id, first_seen_at, first_is_first_visit, received_at, object, line, event_id, load_id
)
select client_id, user_id, first_seen_at, first_is_first_visit, received_at, object, line, event_id, $load_id
from expired_seen;

create temp table expired_clients as
select c.*
from {live}clients as c
where not exists (select 1 from {live}clickstream_events as e where e.event_id = c.event_id)
    and not exists (
        select 1 from clients as t where t.client_id = c.client_id and t.event_timestamp <= c.event_timestamp
    );

delete from clients where client_id in (select client_id from expired_clients);

insert into clients (client_id, first_user_id, event_timestamp, received_at, object, line, event_id, load_id)
select client_id, first_user_id, event_timestamp, received_at, object, line, event_id, $load_id
from expired_clients;
