"use client";

// What a page shows when it fails; the header and the footer stay usable.

import Link from "next/link";

export default function ErrorPage({ error }: { error: Error & { digest?: string } }) {
  return (
    <div className="wrap pt-10">
      <div role="alert" className="panel mx-auto max-w-xl py-14 text-center">
        <h1>This page could not be loaded</h1>
        <p className="mt-2 text-muted">
          The shop could not read its data. Your cart is safe. Please try again in a moment.
        </p>
        {error.digest && <p className="mt-2 text-xs text-muted">Error {error.digest}</p>}
        <div className="mt-6 flex flex-wrap justify-center gap-3">
          <Link href="/" className="button min-h-12">
            Go to the start page
          </Link>
          <button type="button" onClick={() => location.reload()} className="button-primary">
            Try again
          </button>
        </div>
      </div>
    </div>
  );
}
