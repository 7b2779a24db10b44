"""Charts that are drawn as HTML: tables with tinted cells, bars, and flows. Charts on a canvas: dashboard/charts."""
