"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useText } from "@/i18n/use-text";
import { classes } from "@/ui/classes";
import { DisplayMenu } from "./display-menu";
import { LanguageSwitch } from "./language-switch";

/** On top of every page. `badge` is for what must be known before anything else is read. */
export function Header({ badge }: { badge: ReactNode }) {
  const text = useText();
  return (
    <header className="border-b border-line bg-surface">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-ink focus:px-3 focus:py-2 focus:text-ground"
      >
        {text.site.skip}
      </a>
      <div className="page flex flex-wrap items-center gap-x-6 gap-y-1 py-2">
        <Wordmark />
        {badge}
        <Pages />
        <div className="ml-auto flex items-center gap-2 max-sm:order-2">
          <LanguageSwitch />
          <DisplayMenu />
        </div>
      </div>
    </header>
  );
}

/** Two lances crossed over the barrier that gave the tiltyard its name. */
function Wordmark() {
  return (
    <Link href="/" className="flex items-center gap-2 text-figure font-semibold tracking-tight">
      <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2">
        <path d="M3 3l15 15M21 3 6 18" />
        <path d="M2 21h20" strokeWidth="3" />
      </svg>
      <span translate="no">
        <span lang="en">Tiltyard</span>{" "}
        <span lang="zh-CN" className="font-normal text-ink-2">
          比武场
        </span>
      </span>
    </Link>
  );
}

function Pages() {
  const text = useText();
  const path = usePathname();
  const pages = [
    { href: "/", label: text.site.leaderboard },
    { href: "/cycles", label: text.site.cycles },
    { href: "/system", label: text.site.system },
  ];
  return (
    <nav aria-label={text.site.nav} className="flex gap-1 max-sm:order-1">
      {pages.map(({ href, label }) => {
        const here = (path.replace(/\/$/, "") || "/") === href;
        return (
          <Link
            key={href}
            href={href}
            aria-current={here ? "page" : undefined}
            className={classes(
              "border-b-2 px-2 py-1.5 max-sm:first:ml-[-0.5rem]",
              here ? "border-ink font-medium" : "border-transparent text-ink-2 hover:border-line-strong hover:text-ink",
            )}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}
