// The catalogue of this clone: the example's, so that `purser diff`, `push` and `pull` can be tried at once. An application
// writes its own here, with `defineCatalog` of @purser/engine.
export { exampleCatalog as default } from "./server/src/demo/catalog.ts";
