import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { PersonIcon } from "@/components/icons";
import type { SearchParams } from "@/server/catalogue";
import { currentUser, returnPath } from "@/server/session";
import { TrackLoginOpen } from "@/track/views";

export const metadata: Metadata = { title: "Sign in", robots: { index: false } };

const PROBLEMS: Record<string, string> = {
  expired: "The sign-in took too long or was started in another tab. Please try again.",
  denied: "The sign-in was cancelled.",
  failed: "The sign-in service could not be reached or gave an unexpected answer. Please try again in a moment.",
};

export default async function SignInPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const params = await searchParams;
  const path = returnPath(params.return);
  if (await currentUser()) redirect(path === "/" ? "/account" : path);
  const problem = params.error === undefined ? null : (PROBLEMS[String(params.error)] ?? PROBLEMS.failed);
  return (
    <div className="wrap pt-10">
      <TrackLoginOpen />
      <div className="panel mx-auto max-w-md space-y-5 py-8 text-center sm:p-10">
        <span className="mx-auto grid size-14 place-items-center rounded-full bg-accent-pale text-accent">
          <PersonIcon className="size-7" />
        </span>
        <h1>Sign in</h1>
        {problem && (
          <p role="alert" className="rounded-lg bg-red-50 px-4 py-3 text-sm font-medium text-bad">
            {problem}
          </p>
        )}
        <p className="text-muted">
          See your orders, keep your wishlist on every device, and check out with saved addresses.
        </p>
        <a href={`/auth/login?return=${encodeURIComponent(path)}`} className="button-primary w-full">
          {problem ? "Try again" : "Sign in or create an account"}
        </a>
        <p className="text-sm text-muted">
          You enter your password on the page of the sign-in service. The shop never sees it.
        </p>
      </div>
    </div>
  );
}
