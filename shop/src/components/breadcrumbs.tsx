// The way from the start page to this one.

import Link from "next/link";

export function Breadcrumbs({ steps, current }: { steps: { href: string; name: string }[]; current: string }) {
  return (
    <nav aria-label="Breadcrumb" className="py-4 text-sm text-muted">
      <ol className="flex flex-wrap gap-x-2">
        {[{ href: "/", name: "Home" }, ...steps].map(({ href, name }) => (
          <li key={href} className="flex gap-x-2">
            <Link href={href} prefetch={false} className="hover:text-ink hover:underline">
              {name}
            </Link>
            <span aria-hidden="true">/</span>
          </li>
        ))}
        <li aria-current="page">{current}</li>
      </ol>
    </nav>
  );
}
