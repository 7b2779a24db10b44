// A page of products: filters, count, order, what is filtered, products, pages.

import Link from "next/link";
import { formatMoney } from "@/money";
import { SORTS, type Listing as List } from "@/server/catalogue";
import { CloseIcon } from "./icons";
import { FilterSheet, Filters } from "./filters";
import { filterCount, listHref, type ListPlace } from "./listing-url";
import { ProductGrid } from "./product-card";
import { SortSelect } from "./sort-select";

interface Props {
  listing: List;
  wished: string[];
  place: ListPlace;
  /** Which choice would not narrow the list: the category or brand that the page is about. */
  fixed?: "brands" | "categories";
}

export function Listing({ listing, wished, place, fixed }: Props) {
  const { products, total, query } = listing;
  const choices = {
    brands: fixed === "brands" ? [] : listing.brands,
    categories: fixed === "categories" ? [] : listing.categories,
    minPrice: listing.minPrice,
    maxPrice: listing.maxPrice,
  };
  const filters = { place, query, choices };
  const isFiltered = filterCount(query) > 0;
  if (!products.length && !isFiltered) return <Nothing place={place} isFiltered={false} />;
  return (
    <div className="gap-8 lg:grid lg:grid-cols-[14rem_1fr]">
      <aside aria-label="Filters" className="hidden lg:block">
        <Filters key={listHref(place, query, {})} {...filters} />
      </aside>
      <div>
        <div className="mb-4 flex flex-wrap items-center gap-3">
          <p role="status" className="w-full text-sm text-muted sm:mr-auto sm:w-auto">
            {total === 1 ? "1 product" : `${total} products`}
          </p>
          <FilterSheet {...filters} total={total} />
          <SortSelect place={place} query={query} sorts={[...SORTS]} />
        </div>
        <Active {...filters} />
        <h2 className="sr-only">Products</h2>
        {products.length ? (
          <ProductGrid products={products} wished={wished} isFirst />
        ) : (
          <Nothing place={place} isFiltered />
        )}
        <Pages listing={listing} place={place} />
      </div>
    </div>
  );
}

function Active({
  place,
  query,
  choices,
}: Pick<Props, "place"> & { query: List["query"]; choices: Pick<List, "brands" | "categories"> }) {
  const nameOf = (all: { id: string; name: string }[], id: string) => all.find((each) => each.id === id)?.name ?? id;
  const chips = [
    ...query.brands.map((id) => ({
      name: nameOf(choices.brands, id),
      change: { brands: query.brands.filter((each) => each !== id) },
    })),
    ...query.categories.map((id) => ({
      name: nameOf(choices.categories, id),
      change: { categories: query.categories.filter((each) => each !== id) },
    })),
    ...(query.minPrice ? [{ name: `From ${formatMoney(query.minPrice)}`, change: { minPrice: null } }] : []),
    ...(query.maxPrice ? [{ name: `Up to ${formatMoney(query.maxPrice)}`, change: { maxPrice: null } }] : []),
    ...(query.inStock ? [{ name: "In stock", change: { inStock: false } }] : []),
    ...(query.onSale ? [{ name: "On sale", change: { onSale: false } }] : []),
  ];
  if (!chips.length) return null;
  return (
    <ul aria-label="Active filters" className="mb-4 flex flex-wrap gap-2">
      {chips.map(({ name, change }) => (
        <li key={name}>
          <Link
            href={listHref(place, query, change)}
            prefetch={false}
            scroll={false}
            aria-label={`Remove filter: ${name}`}
            className="inline-flex min-h-9 items-center gap-1.5 rounded-full bg-accent-pale px-3 text-sm font-medium text-accent-dark hover:bg-indigo-100"
          >
            {name}
            <CloseIcon className="size-4" />
          </Link>
        </li>
      ))}
      <li>
        <Link
          href={place.term ? `${place.path}?q=${encodeURIComponent(place.term)}` : place.path}
          prefetch={false}
          className="link inline-flex min-h-9 items-center px-2 text-sm"
        >
          Clear all
        </Link>
      </li>
    </ul>
  );
}

function Nothing({ place, isFiltered }: Pick<Props, "place"> & { isFiltered: boolean }) {
  const title = isFiltered
    ? "No product matches these filters."
    : place.term
      ? `Nothing found for “${place.term}”.`
      : "There are no products here yet.";
  const advice = isFiltered
    ? "Remove a filter above to see more."
    : "Check the spelling, use fewer words, or look through the categories.";
  return (
    <div className="panel py-12 text-center">
      <p className="font-semibold break-words">{title}</p>
      <p className="mt-2 text-muted">{advice}</p>
      {!isFiltered && (
        <Link href="/" className="button mt-5">
          Go to the start page
        </Link>
      )}
    </div>
  );
}

function Pages({ listing: { page, pages, query }, place }: Pick<Props, "listing" | "place">) {
  if (pages < 2) return null;
  const href = (target: number) => listHref(place, query, { page: target });
  return (
    <nav aria-label="Pages" className="mt-8 flex flex-wrap items-center justify-center gap-2">
      {page > 1 && (
        <Link href={href(page - 1)} prefetch={false} rel="prev" className="button">
          Previous
        </Link>
      )}
      {Array.from({ length: pages }, (_, index) => index + 1).map((each) => (
        <Link
          key={each}
          href={href(each)}
          prefetch={false}
          aria-label={`Page ${each}`}
          aria-current={each === page ? "page" : undefined}
          className={`button min-w-11 tabular-nums ${each === page ? "border-accent text-accent-dark" : ""}`}
        >
          {each}
        </Link>
      ))}
      {page < pages && (
        <Link href={href(page + 1)} prefetch={false} rel="next" className="button">
          Next
        </Link>
      )}
    </nav>
  );
}
