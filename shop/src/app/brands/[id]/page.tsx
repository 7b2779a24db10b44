import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Breadcrumbs } from "@/components/breadcrumbs";
import { Listing } from "@/components/listing";
import { brand, brands, type SearchParams } from "@/server/catalogue";
import { wishedIds } from "@/server/wishlist";

interface Props {
  params: Promise<{ id: string }>;
  searchParams: Promise<SearchParams>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { id } = await params;
  return { title: (await brands()).find((each) => each.id === id)?.name ?? "Page not found" };
}

export default async function BrandPage({ params, searchParams }: Props) {
  const { id } = await params;
  const [found, wished] = await Promise.all([brand(id, await searchParams), wishedIds()]);
  if (!found) notFound();
  return (
    <div className="wrap">
      <Breadcrumbs steps={[]} current={found.brand.name} />
      <h1 className="mb-6">{found.brand.name}</h1>
      <Listing listing={found.listing} wished={wished} place={{ path: `/brands/${id}` }} fixed="brands" />
    </div>
  );
}
