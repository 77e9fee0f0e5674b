"use client";

import { useText } from "@/i18n/use-text";

export function Footer() {
  const { site } = useText();
  return (
    <footer className="page flex flex-wrap gap-x-6 gap-y-1 py-8 text-small text-ink-3">
      <span>{site.simulated}</span>
      <a className="underline underline-offset-2 hover:text-ink" href="/docs">
        {site.api}
      </a>
    </footer>
  );
}
