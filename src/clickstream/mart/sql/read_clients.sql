-- Clients as `new_clients`.
select c.client_id, c.first_user_id
from clients as c
where {clients}
