// The rules of STYLE.md, each a pure function from the files of the tree to the places that break it.
import { posix } from "node:path";
import { type File, importsOf, isCode, sourceOf } from "./source.ts";

/** Where what is refused everywhere else is at home: paths that begin with one of these; TESTS stands for every test. */
const homes = {
  clock: ["engine/src/foundation/clock.ts", "bench/", "TESTS"],
  chance: ["engine/src/foundation/id.ts", "server/src/embedded/", "server/src/keys", "behaviour/fixture/", "bench/"],
  environment: ["server/src/settings.ts", "server/src/cli.ts", "bench/", "examples/", "TESTS"],
  sql: ["engine/src/store/", "server/src/embedded/", "bench/", "examples/", "TESTS"],
  status: ["server/src/answer.ts", "sdk/", "console/", "bench/", "examples/", "TESTS"],
  shape: ["server/src/routes/", "server/src/settings.ts", "engine/src/catalog/", "TESTS"],
};
/** Expressions that may stand inside `${}` of an SQL text: fixed names that PostgreSQL takes no parameter for. */
const interpolable = ["savepoint"];
const generated = [
  "engine/sql/schema.sql",
  "engine/src/drizzle.ts",
  "server/openapi.json",
  "sdk/src/contract.ts",
  "package-lock.json",
];
/** The public doors of the workspaces, and which of them each workspace may use; one not listed may use all. */
const doors = ["@purser/engine", "@purser/engine/drizzle", "@purser/server", "@purser/sdk", "@purser/sdk/react"];
const opens: Record<string, readonly string[]> = {
  engine: [],
  sdk: [],
  server: ["@purser/engine"],
  console: ["@purser/sdk", "@purser/sdk/react"],
};
const nouns = ["entitlement", "subscription", "metering", "balance", "ledger", "tenant", "catalog"];
/** The floors inside engine/src, from the top; imports only go down. */
const floors = [
  ["index", "drizzle", "engine", "purser", "balance-door", "hold-door", "capacity-door", "door", "duty"],
  ...nouns.map((noun) => [noun]),
  ["command", "lanes"],
  ["store"],
  ["foundation"],
];
const bannedWords = /^(utils?|helpers?|common|shared|misc|lib|base|manager|v[2-9])$/i;

const isTest = (path: string) => /(^|\/)test\/|\.test\.tsx?$|^behaviour\//.test(path);
const isHome = (path: string, home: readonly string[]) =>
  home.some((place) => (place === "TESTS" ? isTest(path) : path.startsWith(place)));
const under = (files: File[], folder: string, end = ".sql") =>
  files.filter(({ path }) => path.startsWith(folder) && path.endsWith(end));
const stem = (path: string) => posix.basename(path).replace(/\.\w+$/, "");
const workspaceOf = (path: string) =>
  /^(examples\/[^/]+|engine|server|sdk|console|bench|behaviour)\//.exec(path)?.[1] ?? "";
const withoutSqlComments = (text: string) =>
  text.replace(/'(?:''|[^'])*'|--.*|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith("'") ? part : " "));
const found = (path: string, text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([match]) => `${path}: ${match.trim().replace(/\s+/g, " ")}`);
const inCode =
  (pattern: RegExp, home: readonly string[] = []) =>
  (files: File[]) =>
    files
      .filter((file) => isCode(file) && !isHome(file.path, home))
      .flatMap((file) => found(file.path, sourceOf(file).code, pattern));

const eachImport = (judge: (file: File, name: string, target: string | undefined) => boolean) => (files: File[]) =>
  files.filter(isCode).flatMap((file) =>
    importsOf(file)
      .filter(({ name, target }) => judge(file, name, target))
      .map(({ name }) => `${file.path}: imports ${name}`),
  );

function crossesWorkspaces(file: File, name: string, target: string | undefined): boolean {
  const own = workspaceOf(file.path);
  if (own === "") return false;
  // Every workspace's tests stand on the one database fixture; what runs in production never reaches it.
  if (target !== undefined)
    return workspaceOf(target) !== own && !(isTest(file.path) && target.startsWith("behaviour/fixture/"));
  if (isTest(file.path) && doors.includes(name) && name.split("/")[1] === own) return false;
  if (name.startsWith("@purser/")) return !(opens[own] ?? doors).includes(name);
  if (own === "engine") return /^(fastify|@fastify\/.*|(node:)?https?2?)$/.test(name);
  return own === "sdk" && !isTest(file.path) && !(name === "react" && file.path.startsWith("sdk/src/react"));
}

const floorOf = (path: string) =>
  floors.findIndex((floor) => floor.includes(/^engine\/src\/([^/.]+)(\/|\.tsx?$)/.exec(path)?.[1] ?? ""));
function goesUp(file: File, name: string, target: string | undefined): boolean {
  if (!file.path.startsWith("engine/src/")) return false;
  if (file.path.startsWith("engine/src/foundation/") && target === undefined) return !name.startsWith("node:");
  return target !== undefined && target.startsWith("engine/src/") && floorOf(target) < floorOf(file.path);
}

export function importCycles(files: File[]): string[] {
  const sources = new Map(files.filter((file) => isCode(file) && /\/src\//.test(file.path)).map((f) => [f.path, f]));
  const finished = new Set<string>();
  const visit = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(" → ")];
    const file = sources.get(path);
    if (!file || finished.has(path)) return [];
    const circles = importsOf(file).flatMap(({ target = "" }) =>
      visit(target.replace(/\.js$/, ".ts"), [...trail, path]),
    );
    finished.add(path);
    return circles;
  };
  return [...sources.keys()].flatMap((path) => visit(path, []));
}

const banned = (name: string) => name.split(/[-._]|(?<=[a-z\d])(?=[A-Z])/).some((word) => bannedWords.test(word));
export function bannedNames(files: File[]): string[] {
  const exporting =
    /\bexport\s+(?:default\s+)?(?:declare\s+|abstract\s+|async\s+)*(?:const|let|function\*?|class|interface|type|enum)\s+(\w+)|\bexport\s+(?:type\s+)?\{([^}]*)\}|\*\s+as\s+(\w+)/g;
  return files.flatMap((file) => {
    const paths = file.path.split("/").map((part, i, all) => (i === all.length - 1 ? stem(part) : part));
    const inPath = /(^|\/)tsconfig\.base\.json$/.test(file.path) ? [] : paths.filter(banned);
    const exported = isCode(file) ? [...sourceOf(file).code.matchAll(exporting)] : [];
    const names = exported.flatMap(([, single, list, all]) =>
      (single ?? list ?? all ?? "").split(",").map((item) => item.trim().split(/\s+/).at(-1) ?? ""),
    );
    return [...inPath, ...names.filter(banned)].map((name) => `${file.path}: ${name}`);
  });
}

const sqlStart = new RegExp(
  `^\\s*(?:${[
    String.raw`select\s+(?:[\s\S]*\bfrom\b|[\w."]+\s*\(|[\d*$'])`,
    String.raw`insert\s+into\s|delete\s+from\s|merge\s+into\s|update\s+[\w."$\{\}]+(?:\s+(?:as\s+)?\w+)?\s+set\s`,
    String.raw`with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s+)?\(`,
    String.raw`(?:create|alter|drop)\s+(?:or\s+replace\s|(?:unique|temp|temporary|unlogged|materialized)\s|table|schema|role|user|database|function|procedure|view|index|type|domain|policy|extension|sequence|trigger|publication|default\s+privileges)`,
    String.raw`grant\s+(?:select|insert|update|delete|execute|usage|all|connect|create)\b|grant\s+\S+\s+to\s+\S+$`,
    String.raw`revoke\s+[\s\S]+\sfrom\s|truncate\s+(?:table\s)?[\w."]+|copy\s+[\w."]+[\s\S]*\s(?:from|to)\s`,
    String.raw`(?:begin|commit|rollback)\s*(?:;|$)|begin\s+(?:transaction|isolation|read)|rollback\s+to\s`,
    String.raw`(?:release\s+)?savepoint\s|lock\s+table\s|call\s+[\w.]+\s*\(|do\s+\$|(?:un)?listen\s+[\w"*]+$`,
    String.raw`set\s+(?:local|session|role|transaction|constraints)\s|set\s+[\w.]+\s*=|set\s+[\w.]+\s+to\s+\S+$`,
  ].join("|")})`,
  "i",
);
// A sentence for people begins with a capital and goes on in small letters; SQL is written in one case.
const isSql = ({ text }: { text: string }) => sqlStart.test(text) && !/^\s*[A-Z][a-z]/.test(text);
export const straySql = (files: File[]) =>
  files
    .filter((file) => isCode(file) && !isHome(file.path, homes.sql))
    .flatMap((file) =>
      sourceOf(file)
        .literals.filter(isSql)
        .map(({ text }) => `${file.path}: ${text.trim().slice(0, 60)}`),
    );
export const builtSql = (files: File[]) =>
  files
    .filter((file) => isCode(file) && file.path.startsWith("engine/src/store/"))
    .flatMap((file) => {
      const { code, literals } = sourceOf(file);
      const holes = literals
        .filter(isSql)
        .flatMap((literal) => literal.holes.filter((hole) => !interpolable.includes(hole)));
      const added = [...code.matchAll(/"§(\d+)"\s*\+(?!\s*")\s*([\w.]*)/g)].filter(([, n]) => {
        const literal = literals[Number(n)];
        return literal !== undefined && isSql(literal);
      });
      return [...holes, ...added.map(([, , name]) => name)].map((name) => `${file.path}: SQL text takes in ${name}`);
    });

export function untidyFunctions(files: File[]): string[] {
  const tables = under(files, "engine/sql/migrations/").flatMap(({ text }) =>
    [...text.matchAll(/\bcreate\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(?:purser\.)?(\w+)/gi)].map(
      ([, t]) => t,
    ),
  );
  const seen = new Set<string>();
  return under(files, "engine/sql/functions/").flatMap(({ path, text }) => {
    const sql = withoutSqlComments(text);
    const made = [...sql.matchAll(/\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w.]+)/gi)].map(
      ([, f]) => f,
    );
    const bare = [...sql.matchAll(/\b(?:from|join|into|update)\s+(?:only\s+)?(\w+)\b(?!\s*[.(])/gi)]
      .map(([, word]) => word)
      .filter((word) => tables.includes(word));
    const twice = seen.has(stem(path));
    seen.add(stem(path));
    return [
      ...(made.length === 1 && made[0] === `purser.${stem(path)}` ? [] : [`makes ${made.join(", ") || "nothing"}`]),
      ...(/\bset\s+search_path\s*(=|to)\s/i.test(sql) ? [] : ["does not pin search_path"]),
      ...(/\blanguage\s+(plpgsql|sql)\b/i.test(sql) ? [] : ["is not written in SQL or PL/pgSQL"]),
      ...(twice ? ["is a second function of this name"] : []),
      ...bare.map((word) => `names ${word} without purser.`),
    ].map((what) => `${path}: ${what}`);
  });
}

export function untidyMigrations(files: File[]): string[] {
  const migrations = under(files, "engine/sql/migrations/");
  const numbers = migrations.map(({ path }) => stem(path).slice(0, 4));
  return migrations.flatMap(({ path, text }, i) => [
    ...(/^\d{4}_[a-z]+(_[a-z]+)*$/.test(stem(path)) ? [] : [`${path}: is not named NNNN_noun.sql`]),
    ...(numbers.indexOf(numbers[i] ?? "") === i ? [] : [`${path}: its number is taken`]),
    ...found(path, withoutSqlComments(text), /\bcreate\s+(or\s+replace\s+)?(function|procedure|view)\b/gi),
  ]);
}

export function undocumentedOutcomes(files: File[]): string[] {
  const path = "engine/src/foundation/outcome.ts";
  const home = files.find((file) => file.path === path);
  if (!home) return [];
  const { code, literals } = sourceOf(home);
  const lists = [...code.matchAll(/\bexport\s+const\s+\w+\s*(?::[^=]+)?=\s*\[([^\]]*)\]\s*as\s+const/g)];
  if (lists.length === 0) return [`${path}: exports no list of outcome codes`];
  const codes = lists.flatMap(([, list = ""]) =>
    [...list.matchAll(/§(\d+)/g)].map(([, n]) => literals[Number(n)]?.text),
  );
  const pages = files.filter((file) => file.path === "GLOSSARY.md" || /^engine\/src\/\w+\/README\.md$/.test(file.path));
  return codes
    .filter((word) => !pages.some(({ text }) => text.includes(`\`${word}\``)))
    .map((word) => `${path}: ${word}`);
}

export function looseDependencies(files: File[]): string[] {
  // Peers are left out: their range is a promise about the host's version, not a choice of ours.
  const block = /"(?:(?:dev|optional)?[dD]ependencies|overrides)"\s*:\s*\{([^}]*)\}/g;
  const loose = files
    .filter(({ path }) => posix.basename(path) === "package.json")
    .flatMap(({ path, text }) =>
      [...text.matchAll(block)]
        .flatMap(([, body = ""]) => [...body.matchAll(/"([^"]+)"\s*:\s*"([^"]*)"/g)])
        .filter(([, , version = ""]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(([, name, version]) => `${path}: ${name} ${version}`),
    );
  const npmrc = files.find(({ path }) => path === ".npmrc");
  return npmrc && !/^ignore-scripts=true$/m.test(npmrc.text) ? [...loose, ".npmrc: lets install scripts run"] : loose;
}

/** What a file says to its readers: the comments of code, the whole of anything else. */
const prose = (file: File) => (isCode(file) ? sourceOf(file).comments : file.text);
const inProse = (pattern: RegExp) => (files: File[]) =>
  files.filter(({ path }) => !generated.includes(path)).flatMap((file) => found(file.path, prose(file), pattern));
const inSql = (pattern: RegExp) => (files: File[]) =>
  under(files, "engine/sql/").flatMap(({ path, text }) => found(path, withoutSqlComments(text), pattern));

export const crossWorkspaceImports = eachImport(crossesWorkspaces);
export const upwardImports = eachImport(goesUp);
export const homelessFiles = (files: File[]) =>
  files
    .filter((file) => isCode(file) && file.path.startsWith("engine/src/") && floorOf(file.path) < 0)
    .map((f) => f.path);
export const nounsWithoutReadme = (files: File[]) =>
  [...nouns, "duty"]
    .map((noun) => `engine/src/${noun}/`)
    .filter((folder) => files.some(({ path }) => path.startsWith(folder)))
    .map((folder) => `${folder}README.md`)
    .filter((page) => !files.some(({ path }) => path === page));
export const longFiles = (files: File[]) =>
  files
    .filter(({ path }) => /\.(tsx?|mjs|sql)$/.test(path) && !generated.includes(path))
    .map(({ path, text }) => ({ path, count: text.replace(/\n$/, "").split("\n").length }))
    .filter(({ count }) => count > 400)
    .map(({ path, count }) => `${path}: ${count} lines`);
export const deepFolders = (files: File[]) =>
  files.map(({ path }) => path).filter((path) => (/\/src\/(.*)$/.exec(path)?.[1] ?? "").split("/").length > 4);
export const anyTypes = inCode(/[:<,|&(]\s*any\b(?=\s*(?:[\][),;=>|&{}]|$))|\b(?:as|satisfies)\s+any\b|\bany\[\]/gm);
const testsTypes = (path: string) => /\/test\/types\/|\.types\.test\.ts$/.test(path);
export const silencedChecks = (files: File[]) =>
  inProse(/@ts-(ignore|expect-error|nocheck)|\b(eslint|oxlint)-disable|\bbiome-ignore/g)(
    files.filter((file) => isCode(file) && !testsTypes(file.path)),
  );
export const strayClocks = inCode(
  /\bDate\.now\b|\bnew\s+Date\b(?!\s*\(\s*[^\s)])|\bperformance\.now\b|\bprocess\.hrtime\b/g,
  homes.clock,
);
export const strayChance = inCode(
  /\brandom(UUID|Bytes|Int|FillSync)\b|\bMath\.random\b|\bgetRandomValues\b/g,
  homes.chance,
);
export const strayEnvironment = inCode(/\bprocess\.env\b|\bimport\.meta\.env\b/g, homes.environment);
export const strayStatuses = inCode(
  /\.(status|code|writeHead)\(\s*[1-5]\d\d\b|\bstatusCode\s*[:=](?!=)|\bstatus\s*:\s*[1-5]\d\d\b/g,
  homes.status,
);
export const strayShapes = inCode(/\bz\.(object|strictObject|looseObject|interface)\(/g, homes.shape);
export const triggers = inSql(
  /\bcreate\s+(or\s+replace\s+)?(constraint\s+|event\s+)?trigger\b|\breturns\s+trigger\b/gi,
);
export const mutedTests = (files: File[]) =>
  inCode(/\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/g)(
    files.filter((f) => isTest(f.path)),
  );
export const unfinishedNotes = inProse(/\b(TO[D]O|FIX[M]E|X[X]X)\b/g);
export const privateReferences = (files: File[]) =>
  files
    .filter(({ path }) => !generated.includes(path))
    .flatMap(({ path, text }) => found(path, text, /\.\.\/shared\b|\/work\/|\bsession\s+of\s+work\b|\bseeds\//g));
