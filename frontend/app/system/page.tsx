import type { Metadata } from "next";
import { LogViewer } from "@/features/logs/viewer";
import { SystemBoard } from "@/features/system/board";

export const metadata: Metadata = { title: "System 系统" };

export default function SystemPage() {
  return (
    <>
      <SystemBoard />
      <LogViewer />
    </>
  );
}
