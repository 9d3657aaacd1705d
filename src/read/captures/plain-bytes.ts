/** The same bytes as a plain Uint8Array: slice() of other kinds may not copy. */
export const plainBytes = (given: Uint8Array): Uint8Array =>
  // Node's Buffer is one of these
  new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
