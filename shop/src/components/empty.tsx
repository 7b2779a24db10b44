// A page without content: why, and what to do next.

import Link from "next/link";
import type { ReactNode } from "react";

interface Props {
  title: string;
  text: string;
  href: string;
  action: string;
  /** More to read before the action. */
  children?: ReactNode;
}

export function Empty({ title, text, href, action, children }: Props) {
  return (
    <div className="panel mx-auto max-w-xl py-14 text-center">
      <p className="text-lg font-semibold">{title}</p>
      <p className="mt-2 text-muted">{text}</p>
      {children}
      <Link href={href} className="button-primary mt-6">
        {action}
      </Link>
    </div>
  );
}
