-- Gives the rows of pairs to the visitors that the pairs belong to now. In: `moved_pairs`.
update sessions set visitor = m.visitor from moved_pairs as m where sessions.pair = m.id;

update session_quarters set visitor = m.visitor from moved_pairs as m where session_quarters.pair = m.id;

update orders set visitor = m.visitor from moved_pairs as m where orders.pair = m.id;
