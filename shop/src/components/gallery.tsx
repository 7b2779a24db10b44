"use client";

// The pictures of a product: a large one, and small ones to choose it.

import { useState } from "react";
import { Picture } from "./picture";

export function Gallery({ name, pictures }: { name: string; pictures: string[] }) {
  const [shown, show] = useState(0);
  return (
    <div className="space-y-3">
      <div className="overflow-hidden rounded-2xl border border-line">
        <Picture
          key={shown}
          src={pictures[shown] ?? ""}
          alt={`${name}, picture ${shown + 1} of ${pictures.length}`}
          isFirst
        />
      </div>
      <ul className="grid grid-cols-4 gap-3">
        {pictures.map((picture, index) => (
          <li key={picture}>
            <button
              type="button"
              aria-label={`Show picture ${index + 1}`}
              aria-current={index === shown}
              onClick={() => show(index)}
              className={`block w-full overflow-hidden rounded-xl border-2 ${index === shown ? "border-accent" : "border-line hover:border-gray-400"}`}
            >
              <Picture src={picture} alt="" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
