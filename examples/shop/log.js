/** The panel that shows what the SDK sends. */

const list = document.getElementById("events");
const queue = document.getElementById("queue");
const rows = new Map(); // message id -> the label of its state
const MAX_ROWS = 60;
const SHORTEST_RETRY_MS = 500; // below it is the time for which events are gathered
let waiting = 0;

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

function showQueue(text) {
  queue.textContent = text ?? (waiting ? `${waiting} waiting` : "all sent");
}

function added(message) {
  const state = element("span", { className: "state", textContent: "waiting" });
  const name = element("code", { textContent: message.event ?? (message.type === "page" ? "page_view" : message.type) });
  const time = element("time", { textContent: new Date(message.timestamp).toLocaleTimeString("en-GB") });
  const details = element("details", {}, element("summary", {}, time, name, state), element("pre", { textContent: JSON.stringify(message, null, 2) }));
  list.prepend(element("li", {}, details));
  rows.set(message.messageId, state);
  while (list.children.length > MAX_ROWS) list.lastChild.remove();
  waiting++;
  showQueue();
}

function answered(answer, keys) {
  const [status, text] = [+answer.slice(0, 3), answer.slice(3)];
  if (![200, 400, 401, 403, 413, 422].includes(status)) return; // it will be sent again
  let rejected = [];
  try {
    rejected = JSON.parse(text).rejected ?? [];
  } catch {
    // a refusal need not be JSON
  }
  keys.forEach((key, index) => {
    const state = rows.get(key.slice(-36));
    if (!state) return; // of an earlier visit
    waiting--;
    const refusal = status === 200 ? rejected.find((entry) => entry.index === index)?.message : `refused, ${status}`;
    state.textContent = refusal ?? "sent";
    state.dataset.state = refusal ? "refused" : "sent";
  });
  showQueue();
}

/** For cartwake's `debug`. */
export function show(what, detail, more) {
  if (what === "event") added(detail);
  else if (what === "answer") answered(detail, more);
  else if (what === "wait" && detail >= SHORTEST_RETRY_MS) showQueue(`no answer, again in ${Math.ceil(detail / 1000)} s`);
}
