-- Visitors with an event in the range, and with one before its end.
, seen as (
    select distinct h.pair
    from hits as h
    where h.moment < least($end, $as_of) and h.pair is not null {of_hits}
)
select
    (select count(distinct visitor) from counted_quarters) as visitors,
    (select count(distinct p.visitor) from seen as s inner join pairs as p on s.pair = p.id) as visitors_ever
