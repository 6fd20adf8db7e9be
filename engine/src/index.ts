export { type MigrationOptions, type MigrationReport, migrate } from "./store/migrate.ts";
export { printMigration } from "./store/migrate-print.ts";
export { type MigrationRefusal, MigrationRefused } from "./store/migration-refused.ts";
