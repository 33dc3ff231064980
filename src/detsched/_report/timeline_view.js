// One run: its lanes, rows, arrows and locks on a canvas.
class View {
  constructor(run) {
    this.run = run;
    this.rows = run.events.length + run.ends.length;
    const ended = run.ends.length ? (run.ends[0][1] >= 0 ? run.ends[0][1] : run.events.length - 1) : 0;
    this.chosen = Math.max(0, run.marks.length ? run.marks[0] : ended);
    this.linked = -1;
    this.hits = [];
    this.marked = new Set(run.marks);
    this.element = document.createElement("section");
    this.element.className = "run";
    element("h2", run.title, this.element);
    this.names = element("div", "", this.element, "names");
    const field = element("div", "", this.element, "field");
    this.scroll = element("div", "", field, "scroll");
    this.scroll.tabIndex = 0;
    this.space = element("div", "", this.scroll);
    this.space.style.height = this.rows * ROW + ROW + "px";
    this.canvas = canvas(this.space);
    this.overview = canvas(field, "overview");
    this.scroll.addEventListener("scroll", () => { this.names.scrollLeft = this.scroll.scrollLeft; this.draw(); });
    this.scroll.addEventListener("focus", () => focus(this));
    this.canvas.addEventListener("mousedown", event => {
      focus(this);
      const row = this.rowAt(event);
      if (row < run.events.length) this.choose(row, false);
    });
    this.canvas.addEventListener("mousemove", event => { this.canvas.title = this.hint(event); });
    const jump = event => {
      if (event.buttons) this.scroll.scrollTop = event.offsetY / this.overview.clientHeight * this.rows * ROW - this.height / 2;
    };
    this.overview.addEventListener("mousedown", jump);
    this.overview.addEventListener("mousemove", jump);
    this.states = this.stateOfAll();
    this.counterparts();
  }

  stateOfAll() {
    const { events, threads } = this.run, count = threads.length, states = new Uint8Array(events.length * count);
    threads.forEach((thread, lane) => {
      for (let row = thread.from; row < thread.to; row++) states[row * count + lane] = READY;
      for (const [from, to, sleeping] of thread.blocked)
        for (let row = from; row < Math.min(to, events.length); row++) states[row * count + lane] = sleeping ? SLEEPING : BLOCKED;
    });
    events.forEach((event, row) => { states[row * count + event[LANE]] = RUNNING; });
    return states;
  }

  // The same step in two runs: the step of the same thread with the same number within that thread.
  counterparts() {
    const { events, threads } = this.run, done = threads.map(() => 0);
    this.keyOf = events.map(event => threads[event[LANE]].label + " " + done[event[LANE]]++);
    this.rowOf = new Map(this.keyOf.map((key, row) => [key, row]));
  }

  layout() {
    this.overview.hidden = this.rows * ROW < this.scroll.clientHeight * 1.5;
    const { threads } = this.run, count = threads.length, width = this.scroll.clientWidth;
    const pen = this.canvas.getContext("2d");
    pen.font = "12px system-ui, sans-serif";
    // Each lane as wide as its name wants; where that is too much, all alike, and at the narrowest with the names upright.
    const widths = names => names.map(name => Math.max(48, Math.min(WIDEST, pen.measureText(name).width + 22)));
    const room = wanted => wanted.reduce((sum, one) => sum + one, 0) <= Math.min(width * .55, width - GUTTER - WORDS);
    let names = threads.map(thread => thread.name), wanted = widths(names);
    if (!room(wanted)) {  // without what the standard library puts behind a name, where that is enough to tell them apart
      const short = names.map(name => name.replace(/ \([^()]*\)$/, ""));
      if (new Set(short).size === short.length) wanted = widths(names = short);
    }
    const fits = room(wanted), alike = Math.max(NARROWEST, Math.floor(Math.min(width * .5, width - GUTTER - WORDS) / count));
    const tall = !fits && alike < 60;
    this.lanes = [];
    this.lanesEnd = GUTTER;
    for (const one of wanted) {
      const wide = fits ? one : alike;
      this.lanes.push([this.lanesEnd, wide]);
      this.lanesEnd += wide;
    }
    this.thick = Math.max(6, Math.min(14, (fits ? 48 : alike) - 10));
    this.names.className = tall ? "names tall" : "names";
    this.names.style.height = tall ? "112px" : "26px";
    this.height = this.scroll.clientHeight;
    this.width = Math.max(width, this.lanesEnd + WORDS);
    this.space.style.width = this.width + "px";
    this.names.replaceChildren(...threads.map((thread, lane) => {
      const name = element("span", names[lane]);
      name.title = thread.name;
      name.style.left = this.lanes[lane][0] + "px";
      name.style.width = this.lanes[lane][1] + "px";
      return name;
    }));
    this.pen = this.canvas.sized(this.width, this.height);
    this.draw();
  }

  x(lane) { return this.lanes[lane][0] + this.lanes[lane][1] / 2; }
  rowAt(event) { return Math.floor((event.offsetY + this.scroll.scrollTop) / ROW); }

  draw() {
    const { events, threads, ends } = this.run, pen = this.pen;
    if (!pen) return;
    const top = this.scroll.scrollTop, first = Math.max(0, Math.floor(top / ROW)), last = Math.min(events.length, Math.ceil((top + this.height) / ROW));
    this.y = row => row * ROW - top;
    pen.globalAlpha = 1;
    pen.clearRect(0, 0, this.width, this.height);
    this.drawGrounds(first, last);
    this.drawLanes(first, last);
    this.drawLocks(first, last);
    this.drawSwitches(first, last);
    this.drawArrows(first, last);
    this.drawWords(first, last);
    ends.forEach(([lane, at, words], number) => this.drawEnd(events.length + number, lane, at, words));
    if (!this.overview.hidden) this.drawOverview();
  }

  drawGrounds(first, last) {
    const pen = this.pen, hits = new Set(this.hits);
    for (let row = first; row < last; row++) {
      const ground = row === this.chosen ? tint.select : this.marked.has(row) ? tint.mark : hits.has(row) ? tint.hit : null;
      if (ground) { pen.fillStyle = ground; pen.fillRect(0, this.y(row), this.width, ROW); }
      if (row === this.linked) { pen.strokeStyle = tint.arrow; pen.lineWidth = 1; pen.strokeRect(1.5, this.y(row) + .5, this.width - 3, ROW - 1); }
      if (row === this.chosen && this.marked.has(row)) { pen.fillStyle = tint.ring; pen.fillRect(0, this.y(row), 4, ROW); }
    }
  }

  // Running is wide, ready is thin, blocked and asleep are broken: to be told apart without colour, too.
  drawLanes(first, last) {
    const pen = this.pen, count = this.run.threads.length, bar = this.thick, fill = [null, tint.run, tint.ready, tint.blocked, tint.sleep];
    for (let lane = 0; lane < count; lane++)
      for (let row = first; row < last; row++) {
        const state = this.states[row * count + lane];
        if (state === NOT_THERE) continue;
        pen.fillStyle = fill[state];
        const wide = state === RUNNING ? bar : state === READY ? 3 : bar / 2, gap = state === BLOCKED ? 3 : state === SLEEPING ? 10 : 0;
        pen.fillRect(this.x(lane) - wide / 2, this.y(row) + gap / 2, wide, ROW - gap);
        if (state === RUNNING && this.marked.has(row)) {
          pen.strokeStyle = tint.ring;
          pen.lineWidth = 2;
          pen.strokeRect(this.x(lane) - bar / 2 - 2, this.y(row) + 2, bar + 4, ROW - 4);
        }
      }
  }

  drawLocks(first, last) {
    for (const [lane, from, to, depth, lock] of this.run.locks) {
      if (from >= last || to < first) continue;
      this.pen.fillStyle = tint["lock" + lock % 6];
      this.pen.fillRect(this.x(lane) + this.thick / 2 + 4 + 6 * depth, this.y(from) + ROW / 2, 4, (to - from - (to === this.run.events.length ? .5 : 0)) * ROW);
    }
  }

  // Where another thread goes on: a line from the one that ran to it, in red where that one could have gone on.
  drawSwitches(first, last) {
    const { events } = this.run, pen = this.pen;
    for (let row = Math.max(1, first); row < last; row++) {
      if (!events[row][REASON]) continue;
      const y = this.y(row), from = this.x(events[row - 1][LANE]), to = this.x(events[row][LANE]);
      pen.strokeStyle = events[row][PREEMPTED] ? tint.accent : tint.dim;
      pen.lineWidth = events[row][PREEMPTED] ? 2 : 1;
      pen.beginPath(); pen.moveTo(from, y); pen.lineTo(to, y); pen.stroke();
    }
  }

  drawArrows(first, last) {
    const { events, arrows } = this.run, pen = this.pen, half = this.thick / 2;
    for (const [from, to] of arrows) {
      if (to < first || from >= last) continue;
      const chosen = from === this.chosen || to === this.chosen, marked = this.marked.has(from) && this.marked.has(to);
      if (!chosen && !marked && to - from > FAR) continue;
      pen.globalAlpha = chosen || marked ? 1 : .45;
      pen.strokeStyle = pen.fillStyle = marked ? tint.ring : tint.arrow;
      pen.lineWidth = chosen || marked ? 1.8 : 1.1;
      const way = Math.sign(events[to][LANE] - events[from][LANE]);
      const x1 = this.x(events[from][LANE]) + way * half, y1 = this.y(from) + ROW / 2, x2 = this.x(events[to][LANE]) - way * (half + 1), y2 = this.y(to) + ROW / 2;
      const angle = Math.atan2(y2 - y1, x2 - x1), back = turn => [x2 - 8 * Math.cos(angle + turn), y2 - 8 * Math.sin(angle + turn)];
      pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
      pen.beginPath(); pen.moveTo(x2, y2); pen.lineTo(...back(.35)); pen.lineTo(...back(-.35)); pen.fill();
    }
    pen.globalAlpha = 1;
  }

  columns() {
    const left = this.lanesEnd + 22, room = this.width - left - 8;
    this.pen.font = PLAIN;
    this.letter = this.pen.measureText("0").width;
    const wanted = this.run.longest * this.letter + 18, words = room < 260 ? room : Math.min(wanted, room * (room < 640 ? .62 : .45));
    const why = room - words >= 380 ? Math.min(220, room * .25) : 0;
    return { left, words, why, code: room - words - why };
  }

  // Text as far as there is room for it; the font has letters of one width.
  write(text, x, y, room) {
    const most = Math.floor(room / this.letter);
    if (most > 2) this.pen.fillText(text.length <= most ? text : text.slice(0, most - 1) + "…", x, y);
  }

  drawWords(first, last) {
    const { events, places, words } = this.run, pen = this.pen, { left, words: room, why, code } = this.columns();
    pen.textBaseline = "middle";
    for (let row = first; row < last; row++) {
      const event = events[row], middle = this.y(row) + ROW / 2, [, , source, , short] = places[event[PLACE]];
      pen.font = SMALL;
      pen.fillStyle = this.marked.has(row) ? tint.ring : tint.dim;
      pen.textAlign = "right";
      pen.fillText((this.marked.has(row) ? "► " : "") + (row + 1), GUTTER - 8, middle);
      pen.textAlign = "left";
      pen.font = PLAIN;
      pen.fillStyle = tint.ink;
      this.write(this.words(row), left, middle, room - 8);
      pen.fillStyle = tint.dim;
      if (code > 60) this.write(code > 260 ? [short, source].filter(Boolean).join("  ") : source || short, left + room, middle, code - 8);
      if (why && event[REASON]) {
        pen.fillStyle = event[PREEMPTED] ? tint.accent : tint.dim;
        this.write("◂ " + words[event[REASON]], left + room + code, middle, why - 8);
      }
    }
  }

  // What the run ended in: below the last step, and a cross where the thread ended, if others went on.
  drawEnd(row, lane, at, words) {
    const pen = this.pen, y = this.y(row) + ROW / 2, early = at >= 0 && at < this.run.events.length - 1, left = lane < 0 || early ? GUTTER : this.x(lane) + 14;
    if (early) this.cross(lane, this.y(at + 1));
    else if (lane >= 0) this.cross(lane, y);
    pen.font = PLAIN;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.fillStyle = tint.accent;
    this.write(this.run.words[words], left, y, this.width - left - 8);
  }

  cross(lane, y) {
    const pen = this.pen, x = this.x(lane);
    pen.strokeStyle = tint.accent;
    pen.lineWidth = 2.5;
    pen.beginPath();
    for (const way of [1, -1]) { pen.moveTo(x - 5, y - 5 * way); pen.lineTo(x + 5, y + 5 * way); }
    pen.stroke();
  }

  drawOverview() {
    const { events, threads } = this.run, high = this.height, pen = this.overview.sized(OVERVIEW, high), tall = Math.max(1, high / this.rows);
    const wide = (OVERVIEW - 12) / threads.length, y = row => row / this.rows * high;
    pen.fillStyle = tint.select;
    pen.fillRect(0, y(this.scroll.scrollTop / ROW), OVERVIEW, Math.max(6, y(high / ROW)));
    pen.fillStyle = tint.run;
    events.forEach((event, row) => pen.fillRect(4 + event[LANE] * wide, y(row), Math.max(1, wide - .5), tall));
    const ticks = (rows, colour, x, width) => { pen.fillStyle = colour; for (const row of rows) pen.fillRect(x, y(row), width, Math.min(3, Math.max(2, tall))); };
    ticks(this.hits, tint.arrow, OVERVIEW - 7, 7);
    ticks(this.run.marks, tint.ring, 0, OVERVIEW);
    ticks(this.run.ends.map(end => end[1]).filter(row => row >= 0), tint.accent, 0, OVERVIEW);
    ticks([this.chosen], tint.ink, 0, OVERVIEW);
  }

  words(row) {
    const event = this.run.events[row];
    return [event[DOES], event[WITH], event[VALUE]].map(number => this.run.words[number]).filter(Boolean).join(" ");
  }

  locksAt(lane, row) {
    return this.run.locks.filter(([of, from, to]) => of === lane && from <= row && row < to).map(lock => this.run.names[lock[4]]);
  }

  stateAt(lane, row) {
    const state = this.states[row * this.run.threads.length + lane];
    const waits = this.run.threads[lane].blocked.find(([from, to]) => from <= row && row < to);
    return [STATES[state], state !== RUNNING && waits ? this.run.words[waits[3]] : ""];
  }

  hint(event) {
    const row = this.rowAt(event), lane = this.lanes.findLastIndex(([left]) => event.offsetX >= left), { events, threads, words } = this.run;
    if (row >= events.length) return "";
    if (lane < 0 || event.offsetX >= this.lanesEnd) return words[events[row][REASON]] && "switch: " + words[events[row][REASON]];
    const [state, waits] = this.stateAt(lane, row), held = this.locksAt(lane, row);
    return threads[lane].name + ": " + state + (waits ? ", waits to " + waits : "") + (held.length ? "\nholds " + held.join(", ") : "");
  }

  choose(row, scroll = true) {
    this.chosen = Math.max(0, Math.min(this.run.events.length - 1, row));
    this.linked = -1;
    if (scroll) this.reveal(this.chosen);
    this.draw();
    for (const other of views) if (other !== this) other.follow(this.keyOf[this.chosen]);
    if (view === this) detail();
  }

  follow(key) {
    this.linked = this.rowOf.get(key) ?? -1;
    if (this.element.hidden) return;
    if (this.linked >= 0) this.reveal(this.linked);
    this.draw();
  }

  reveal(row) {
    const at = row * ROW;
    if (at < this.scroll.scrollTop + ROW * 2 || at > this.scroll.scrollTop + this.height - ROW * 3) this.scroll.scrollTop = at - this.height / 2;
  }

  next(rows, way) {
    if (!rows.length) return;
    const later = way > 0 ? rows.find(row => row > this.chosen) : rows.findLast(row => row < this.chosen);
    this.choose(later ?? (way > 0 ? rows[0] : rows[rows.length - 1]));
  }

  sameThread(way) {
    const { events } = this.run, lane = events[this.chosen]?.[LANE];
    for (let row = this.chosen + way; row >= 0 && row < events.length; row += way)
      if (events[row][LANE] === lane) return this.choose(row);
  }

  find(what) {
    const wanted = what.toLowerCase(), { events, places, threads, words } = this.run;
    this.hits = wanted ? events.map((_, row) => row).filter(row => {
      const event = events[row], place = places[event[PLACE]];
      return [threads[event[LANE]].name, this.words(row), place[0], place[2], words[event[REASON]]].join(" ").toLowerCase().includes(wanted);
    }) : [];
    return this.hits.length;
  }
}
