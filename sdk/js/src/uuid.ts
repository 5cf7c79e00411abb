/** UUIDv7 whose order is the order of creation, also within a millisecond and when the clock is set back. */
let last = 0; // milliseconds in steps of 1/2048: whole numbers that stay exact until the year 2109

export function newId(): string {
  last = Math.max(Date.now() * 2048, last + 1);
  const time = "0" + (last * 2).toString(16); // 12 digits of milliseconds, 3 of the step
  const random = (crypto.getRandomValues(new BigUint64Array(1))[0]! | 2n ** 63n).toString(16).slice(1);
  return (time + random).replace(/(.{8})(.{4})(...)(...)/, "$1-$2-7$3-8$4-");
}
