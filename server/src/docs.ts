import { createHash } from "node:crypto";
import type { JsonObject } from "./openapi.ts";
export function stylesheetPolicy(styles: string): string {
  return `'sha256-${createHash("sha256").update(styles).digest("base64")}'`;
}
export function renderReference(document: JsonObject, styles: string): string {
  return `<style>${styles}</style>${JSON.stringify(document)}`;
}
