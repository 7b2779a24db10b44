-- The owner of the tables, on both instances. It connects through the socket only, and is not a superuser.
-- Only roles that a pg_hba.conf names can connect; only secrets.sh gives passwords to them.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'clickstream') then
        create role clickstream login;
    end if;
end
$$;
