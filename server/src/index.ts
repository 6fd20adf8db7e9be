export { chooseDatabase, type EmbeddedPostgres, startEmbedded } from "./embedded/index.ts";
export { exampleCatalog } from "./demo/catalog.ts";
