const data = JSON.parse(document.getElementById("data").textContent);
const ROW = 22, GUTTER = 52, WIDEST = 150, NARROWEST = 14, WORDS = 180, FAR = 60, OVERVIEW = 64;
const NOT_THERE = 0, RUNNING = 1, READY = 2, BLOCKED = 3, SLEEPING = 4, STATES = ["not there", "running", "ready", "blocked", "sleeping"];
const SMALL = "11px ui-monospace, monospace", PLAIN = "12px ui-monospace, monospace";
// The fields of an event, of a thread's time of being blocked, and of a lock's time of being held: see html.py.
const [LANE, DOES, WITH, VALUE, REASON, PLACE, TIME, PREEMPTED] = [0, 1, 2, 3, 4, 5, 6, 7];
const $ = id => document.getElementById(id);
let tint = {};

function tints() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "dim", "line", "select", "run", "ready", "blocked", "sleep", "arrow", "mark", "ring", "hit", "accent", "panel"];
  for (const name of [...names, ...[0, 1, 2, 3, 4, 5].map(n => "lock" + n)]) tint[name] = style.getPropertyValue("--" + name).trim();
}

function element(tag, text, parent, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  parent?.append(made);
  return made;
}

function canvas(parent, kind) {
  const made = element("canvas", "", parent, kind);
  made.sized = (width, height) => {
    const ratio = window.devicePixelRatio || 1;
    [made.width, made.height] = [width * ratio, height * ratio];
    [made.style.width, made.style.height] = [width + "px", height + "px"];
    const pen = made.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen;
  };
  return made;
}

const views = data.runs.map(run => new View(run));
let view = views[0];

function focus(chosen) {
  view = chosen;
  for (const each of views) each.element.classList.toggle("current", views.length > 1 && each === view);
  if (view.linked >= 0) view.choose(view.linked, false);
  legend();
  detail();
}

function legend() {
  const list = $("legend");
  list.replaceChildren();
  const entry = (words, colour, kind) => {
    const made = element("span", "", list);
    element("i", "", made, kind).style.background = `var(--${colour})`;
    made.append(words);
    made.title = words;
  };
  entry("running", "run"); entry("ready", "ready", "bar"); entry("blocked", "blocked"); entry("sleeping", "sleep");
  entry("preempted here", "accent", "flat"); entry("comes after", "arrow", "flat");
  view.run.names.slice(0, 6).forEach((name, lock) => entry("holds " + name, "lock" + lock, "bar"));
}

function detail() {
  const panel = $("detail"), run = view.run, at = view.chosen;
  panel.replaceChildren();
  if (!run.events.length) { element("p", "No step was taken under control.", panel); return; }
  const event = run.events[at], [path, line, , around, place] = run.places[event[PLACE]];
  element("h3", "step " + (at + 1).toLocaleString("en") + " of " + run.events.length.toLocaleString("en") + (views.length > 1 ? " · " + run.title : ""), panel);
  const list = element("dl", "", panel);
  const row = (name, value) => { if (value) { element("dt", name, list); element("dd", value, list); } };
  row("thread", run.threads[event[LANE]].name);
  row("does", view.words(at));
  row("at", place);
  if (place) list.lastChild.title = path;
  row("switch", run.words[event[REASON]]);
  row("clock", event[TIME] ? event[TIME] + " s" : "");
  if (around.length) {
    element("h3", "source", panel);
    const source = element("pre", "", panel);
    for (const [number, text] of around) element("span", String(number).padStart(5) + "  " + text + "\n", source, number === line ? "here" : "");
  }
  element("h3", "threads at this step", panel);
  const threads = element("dl", "", panel);
  run.threads.forEach((thread, lane) => {
    const [state, waits] = view.stateAt(lane, at), held = view.locksAt(lane, at);
    if (state === STATES[NOT_THERE]) return;
    element("dt", thread.name, threads);
    const said = element("dd", "", threads);
    element("span", state, said, state);
    said.append((waits ? ", to " + waits : "") + (held.length ? "; holds " + held.join(", ") : ""));
  });
}

function compare() {
  if (!views[1]) return;
  views[1].element.hidden = !views[1].element.hidden;
  if (views[1].element.hidden) focus(views[0]);
  $("compare").classList.toggle("on", !views[1].element.hidden);
  layout();
}
function layout() { for (const each of views) if (!each.element.hidden) each.layout(); }
function search(way) {
  const count = views.map(each => each.find($("search").value))[views.indexOf(view)];
  if (way && count) view.next(view.hits, way); else layout();
  const place = view.hits.indexOf(view.chosen) + 1;
  $("hits").textContent = $("search").value ? (place ? place + " of " : "") + count + (count === 1 ? " hit" : " hits") : "";
}
function dress(dark) { document.documentElement.classList.toggle("dark", dark); tints(); }
function theme() { dress(!document.documentElement.classList.contains("dark")); layout(); }
function show(dialog) { dialog.open ? dialog.close() : dialog.showModal(); }

$("verdict").textContent = data.verdict;
$("verdict").classList.toggle("passed", !data.runs[0].ends.length);
data.why.forEach((words, number) => element("li", words, $("why"), number ? "" : "first"));
$("text").firstChild.textContent = data.report;
for (const each of views) $("main").insertBefore(each.element, $("detail"));
const besides = Math.max(...data.runs.map(run => GUTTER + run.threads.length * NARROWEST + WORDS), 430) * 2 + 340;
if (views[1]) views[1].element.hidden = innerWidth < besides; else $("compare").hidden = true;
if (views[1] && !views[1].element.hidden) $("compare").classList.add("on");
$("marks").hidden = !data.runs[0].marks.length;
const keys = {
  ArrowDown: () => view.choose(view.chosen + 1), j: () => view.choose(view.chosen + 1),
  ArrowUp: () => view.choose(view.chosen - 1), k: () => view.choose(view.chosen - 1),
  PageDown: () => view.choose(view.chosen + 20), PageUp: () => view.choose(view.chosen - 20),
  Home: () => view.choose(0), End: () => view.choose(view.run.events.length - 1),
  ArrowRight: () => view.sameThread(1), ArrowLeft: () => view.sameThread(-1),
  m: () => view.next(view.run.marks, 1), M: () => view.next(view.run.marks, -1),
  "/": () => $("search").focus(), c: compare, r: () => show($("text")), "?": () => show($("help")), t: theme,
};
for (const [button, key] of [["back", "k"], ["forward", "j"], ["marks", "m"], ["compare", "c"], ["report", "r"], ["theme", "t"], ["keys", "?"]])
  $(button).onclick = keys[key];
$("search").oninput = () => search(0);
$("search").onkeydown = event => {
  if (event.key === "Enter") search(event.shiftKey ? -1 : 1);
  if (event.key === "Escape") view.scroll.focus();
  event.stopPropagation();
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  if (document.querySelector("dialog[open]") && !"r?".includes(event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
new ResizeObserver(layout).observe($("main"));
const darkness = matchMedia("(prefers-color-scheme: dark)");
darkness.addEventListener("change", () => { dress(darkness.matches); layout(); });
dress(darkness.matches);
focus(views[0]);
layout();
view.choose(view.chosen);
view.scroll.focus({ preventScroll: true });
