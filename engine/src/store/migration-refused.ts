export type MigrationRefusal =
  | "url_missing"
  | "server_too_old"
  | "encoding_not_utf8"
  | "server_read_only"
  | "schema_newer"
  | "migration_changed"
  | "role_missing"
  | "role_not_granted"
  | "schema_not_permitted"
  | "still_used"
  | "busy";

/** Nothing was changed, and why: the message says what to do about it. */
export class MigrationRefused extends Error {
  readonly code: MigrationRefusal;

  constructor(code: MigrationRefusal, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "MigrationRefused";
    this.code = code;
  }
}
