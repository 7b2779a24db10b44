"use client";

// What is shown when the layout itself fails, for example because the database does not answer.

import "./globals.css";

export default function GlobalError() {
  return (
    <html lang="en">
      <head>
        <title>The shop is not available | ClickSteam</title>
        <link rel="icon" href="/icon.svg" />
      </head>
      <body>
        <main className="wrap pt-16">
          <div role="alert" className="panel mx-auto max-w-xl py-14 text-center">
            <h1>The shop is not available at the moment</h1>
            <p className="mt-2 text-muted">Please try again in a few minutes. Your cart and your orders are safe.</p>
            <button type="button" onClick={() => location.reload()} className="button-primary mt-6">
              Try again
            </button>
          </div>
        </main>
      </body>
    </html>
  );
}
