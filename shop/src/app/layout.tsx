import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { connection } from "next/server";
import { ConsentBanner } from "@/components/consent-banner";
import { SiteFooter } from "@/components/site-footer";
import { SiteHeader } from "@/components/site-header";
import { readConsent } from "@/server/consent";
import { currentUser } from "@/server/session";
import { Tracking } from "@/track/tracking";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "ClickSteam: laptops, monitors and accessories", template: "%s | ClickSteam" },
  description: "A calm shop for laptops, monitors, keyboards, mice, headphones and accessories.",
  icons: { icon: "/icon.svg" },
};

export const viewport: Viewport = { themeColor: "#ffffff" };

export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection();
  const [user, consent] = await Promise.all([currentUser(), readConsent()]);
  return (
    <html lang="en">
      <body className="flex min-h-dvh flex-col">
        <Tracking user={user && { subject: user.subject }} />
        <ConsentBanner initial={consent} />
        <SiteHeader />
        <main id="content" tabIndex={-1} className="flex-1 outline-none">
          {children}
        </main>
        <SiteFooter />
      </body>
    </html>
  );
}
