-- The pairs and clients that the warehouse does not have any more. In: `new_seen`, `new_clients`, which are all it has.
create or replace temp table gone_pairs as
select p.id as key
from pairs as p
where not exists (
    from new_seen as n where n.client_id is not distinct from p.client_id and n.user_id is not distinct from p.user_id
);

create or replace temp table gone_clients as
select client_id as key
from clients
anti join new_clients using (client_id);
