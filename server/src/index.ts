export { type ServerOptions, createServer } from "./serve.ts";
export { exampleCatalog } from "./demo/catalog.ts";
export { chooseDatabase, type EmbeddedPostgres, startEmbedded } from "./embedded/index.ts";
export { type DevelopmentDatabase, type DevelopmentOptions, openDevelopmentDatabase } from "./development.ts";
export { createApiKey, type KeyInput, type KeyOutcome } from "./keys.ts";
export { type OpenPurser, openPurser } from "./open-purser.ts";
export { type Scope, scopes } from "./scopes.ts";
