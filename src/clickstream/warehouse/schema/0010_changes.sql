-- Which load wrote a row, and what each load removed: what is made from the warehouse follows these rows and reads nothing
-- else again. Rows that an older version wrote have NULL.
alter table sessions add column load_id bigint;
alter table orders add column load_id bigint;
alter table refunds add column load_id bigint;
alter table clients add column load_id bigint;
alter table seen add column load_id bigint;

-- What a load removed and did not write again, by kind:
-- session   session_key
-- order     order_id
-- refund    order_id of an order that has no refunds any more
-- quarter   a quarter of an hour (UTC, counted from 1970) of which events without a session were removed
-- visitors  '': rows of clients or seen were removed. Their ids are not noted: they may be those of an erased person
create table gone (
    load_id bigint not null,
    kind @text not null,
    key @text not null
);

-- One row. After a change of epoch, load numbers and `gone` do not lead from the old rows to the new ones.
create table warehouse_epoch (
    epoch uuid not null
);
insert into warehouse_epoch values (gen_random_uuid());
