import { NotHere } from "@/ui/not-here";

export default function NotFound() {
  return <NotHere />;
}
