// The application's one page. What people typed is written as text and never as HTML.
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Annuities</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
  section { margin-block: 2rem; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #ccc; }
  .locked { color: #a00; } [role=status] { min-height: 1.5em; color: #a00; }
</style>
<h1>Annuities</h1>
<p role="status" id="told"></p>

<section aria-labelledby="limits">
  <h2 id="limits">Your limits</h2>
  <table>
    <thead><tr><th>What</th><th>Limit</th><th>Used</th><th>Changes</th><th>State</th></tr></thead>
    <tbody id="limitations"></tbody>
  </table>
  <p><small id="generated"></small></p>
</section>

<section>
  <h2>Projects</h2>
  <form id="create"><label>Name <input name="name" required maxlength="200"></label> <button>Create</button></form>
  <ul id="projects"></ul>
</section>

<section>
  <h2>What is it worth today?</h2>
  <form id="calculate">
    <label>A year's payment <input name="payment" type="number" value="1000" min="1" required></label>
    <label>Rate <input name="rate" type="number" value="0.05" min="0" max="1" step="0.001" required></label>
    <label>Years <input name="years" type="number" value="20" min="1" max="200" required></label>
    <button>Calculate</button>
  </form>
  <ul id="calculations"></ul>
</section>

<script type="module">
  const of = (id) => document.getElementById(id);
  const made = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
  const sent = (method, path, body, key) =>
    fetch(path, {
      method,
      headers: { ...(body ? { "content-type": "application/json" } : {}), ...(key ? { "idempotency-key": key } : {}) },
      body: body && JSON.stringify(body),
    });

  async function act(request) {
    const reply = await request;
    const { error } = reply.ok ? {} : await reply.json();
    of("told").textContent = error ? (error.outcome ?? error).replaceAll("_", " ") : "";
    await show();
  }

  async function show() {
    const [limits, projects, calculations] = await Promise.all(
      ["limitations", "projects", "calculations"].map(async (path) => (await fetch(path)).json()),
    );
    of("limitations").replaceChildren(
      ...limits.limitations.map(({ code, effective, consumed, nextChangeAt, lockState }) => {
        const row = made("tr", "", { className: lockState === "open" ? "" : "locked" });
        const limit = effective === null ? "unlimited" : effective === true ? "yes" : effective === false ? "no" : effective;
        const change = nextChangeAt ? new Date(nextChangeAt).toLocaleDateString() : "";
        row.append(...[code, limit, consumed ?? "", change, lockState.replaceAll("_", " ")].map((cell) => made("td", cell)));
        return row;
      }),
    );
    of("generated").textContent = "As of " + new Date(limits.generatedAt).toLocaleTimeString() + (limits.stale ? ", out of date" : "");
    of("projects").replaceChildren(
      ...projects.map(({ id, name, archived }) => {
        const line = made("li", name + (archived ? " (archived) " : " "));
        const verb = archived ? "unarchive" : "archive";
        line.append(made("button", verb, { onclick: () => act(sent("POST", "projects/" + encodeURIComponent(id) + "/" + verb)) }));
        return line;
      }),
    );
    of("calculations").replaceChildren(
      ...calculations.map((one) => made("li", one.payment + " a year for " + one.years + " years at " + one.rate + ": " + one.value)),
    );
  }

  of("create").onsubmit = (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get("name");
    event.target.reset();
    return act(sent("POST", "projects", { id: crypto.randomUUID(), name }));
  };
  of("calculate").onsubmit = (event) => {
    event.preventDefault();
    const asked = Object.fromEntries([...new FormData(event.target)].map(([field, value]) => [field, Number(value)]));
    return act(sent("POST", "calculations", asked, crypto.randomUUID()));
  };
  await show();
</script>
</html>
`;
