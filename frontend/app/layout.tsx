import "./globals.css";
import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { ServerState } from "@/api/provider";
import { Footer } from "@/features/header/footer";
import { Header } from "@/features/header/header";
import { DemoBadge } from "@/features/system/demo-badge";
import { ApplyPreferences } from "@/preferences/apply";
import { bootScript } from "@/preferences/boot";
import { NoScript } from "@/ui/no-script";

export const metadata: Metadata = {
  title: { default: "Tiltyard 比武场", template: "%s · Tiltyard 比武场" },
  description:
    "AI models trade simulated perpetuals on the same prices, at the same moment. AI 模型在同一时刻、同一价格下交易模拟永续合约。",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f3f4f3" },
    { media: "(prefers-color-scheme: dark)", color: "#0f1213" },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" data-theme="system" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant text, needed before the first paint */}
        <script dangerouslySetInnerHTML={{ __html: bootScript }} />
      </head>
      <body>
        <NoScript />
        <ServerState>
          <ApplyPreferences />
          <Header badge={<DemoBadge />} />
          <main id="content" tabIndex={-1} className="page grid gap-8 pt-5 outline-none">
            {children}
          </main>
          <Footer />
        </ServerState>
      </body>
    </html>
  );
}
