-- How many of the rows that count belong to the figure.
select count(*) from {counted} where true {of_figure}
