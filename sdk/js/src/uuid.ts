/** UUIDv7 whose order is the order of creation, also within a millisecond and when the clock is set back. */

const randomDigit = (): string => (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16);

export function createIds(now: () => number): () => string {
  let last = 0; // milliseconds in steps of 1/2048: whole numbers that stay exact until the year 2109
  return () => {
    last = Math.max(now() * 2048, last + 1);
    const time = "0" + (last * 2).toString(16); // 12 digits of milliseconds, 3 of the step
    return time.replace(/(.{8})(.{4})/, "$1-$2-7") + "-8xxx-xxxxxxxxxxxx".replace(/x/g, randomDigit);
  };
}
