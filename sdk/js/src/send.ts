/** Makes a message of a call, and keeps it. */
import { context, options } from "./page.js";
import { add } from "./sender.js";
import { get } from "./store.js";
import type { Message, Properties } from "./types.js";
import { newId } from "./uuid.js";
import { USER, allowed, deviceId, session } from "./visitor.js";

export function send(type: string, fields: object): void {
  const message = {
    type,
    messageId: newId(),
    anonymousId: deviceId(),
    userId: get(USER),
    timestamp: Date.now(),
    context: { ...context(), sessionId: session() },
    ...fields,
  } as Message;
  const why = message.event !== "consent" && (!allowed() ? "consent" : +("0x" + deviceId().slice(-3)) >= options.sample! * 4096 && "sample");
  const kept = !why && (options.before ? options.before(message) : message);
  options.debug?.(kept ? "event" : "dropped", kept || message, why || "before");
  if (kept) add(kept);
}

export const track = (event: string, properties?: Properties): void =>
  send("track", { event, properties: { currency: options.currency!, ...properties } });
