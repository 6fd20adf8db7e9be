import { hash } from "node:crypto";

/**
 * The slot of a tenant, 0 to 1023: the first ten bits of SHA-256 over the id's UTF-8 bytes. `tenant` is in Unicode NFC.
 * The same function as `purser.slot_of`; a distributed engine places a tenant's rows by it, so it never changes.
 */
export function slotOf(tenant: string): number {
  return hash("sha256", tenant, "buffer").readUInt16BE(0) >> 6;
}
