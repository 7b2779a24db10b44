-- What only a superuser may take away, in the database itself. The platform's own scripts do the rest, as its owner.
revoke all on database template1, postgres from public;
revoke create, temporary on database template1 from public;
revoke create on schema public from public;
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
