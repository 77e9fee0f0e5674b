import { en } from "@/i18n/en";
import { zh } from "@/i18n/zh";

export function NoScript() {
  return (
    <noscript>
      <p className="page py-4">
        {en.state.noScript} <span lang="zh-CN">{zh.state.noScript}</span>
      </p>
    </noscript>
  );
}
