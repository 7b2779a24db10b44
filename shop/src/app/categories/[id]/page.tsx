import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Breadcrumbs } from "@/components/breadcrumbs";
import { Listing } from "@/components/listing";
import { categories, category, type SearchParams } from "@/server/catalogue";
import { wishedIds } from "@/server/wishlist";
import { TrackCategory } from "@/track/views";

interface Props {
  params: Promise<{ id: string }>;
  searchParams: Promise<SearchParams>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { id } = await params;
  return { title: (await categories()).find((each) => each.id === id)?.name ?? "Page not found" };
}

export default async function CategoryPage({ params, searchParams }: Props) {
  const { id } = await params;
  const [found, wished] = await Promise.all([category(id, await searchParams), wishedIds()]);
  if (!found) notFound();
  return (
    <div className="wrap">
      <TrackCategory category={found.category} />
      <Breadcrumbs steps={[]} current={found.category.name} />
      <h1 className="mb-6">{found.category.name}</h1>
      <Listing listing={found.listing} wished={wished} place={{ path: `/categories/${id}` }} fixed="categories" />
    </div>
  );
}
