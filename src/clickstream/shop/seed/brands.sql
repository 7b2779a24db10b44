-- In: $1, the catalogue as JSON.
insert into brands (id, name)
select b.id, b.name from jsonb_to_recordset(cast($1 as jsonb) -> 'brands') as b (id text, name text)
on conflict (id) do update set name = excluded.name where brands.name <> excluded.name
