import type { Metadata } from "next";
import { Listing } from "@/components/listing";
import { search, type SearchParams } from "@/server/catalogue";
import { wishedIds } from "@/server/wishlist";
import { TrackSearch } from "@/track/views";

interface Props {
  searchParams: Promise<SearchParams>;
}

const termOf = (params: SearchParams) =>
  String([params.q ?? ""].flat()[0])
    .trim()
    .slice(0, 200);

export async function generateMetadata({ searchParams }: Props): Promise<Metadata> {
  const term = termOf(await searchParams);
  return { title: term ? `Search: ${term}` : "All products", robots: { index: false } };
}

export default async function SearchPage({ searchParams }: Props) {
  const params = await searchParams;
  const term = termOf(params);
  const [listing, wished] = await Promise.all([search(term, params), wishedIds()]);
  return (
    <div className="wrap pt-8">
      {term && <TrackSearch term={term} results={listing.total} />}
      <h1 className="mb-6 break-words">
        {term ? `Results for “${term}”` : listing.query.onSale ? "Deals" : "All products"}
      </h1>
      <Listing listing={listing} wished={wished} place={{ path: "/search", term }} />
    </div>
  );
}
