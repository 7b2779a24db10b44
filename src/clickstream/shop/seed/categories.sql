-- In: $1, the catalogue as JSON.
insert into categories (id, name, position)
select c.id, c.name, c.position
from jsonb_to_recordset(cast($1 as jsonb) -> 'categories') as c (id text, name text, position integer)
on conflict (id) do update set name = excluded.name, position = excluded.position
where (categories.name, categories.position) <> (excluded.name, excluded.position)
