/** The same bytes as a plain Uint8Array: Node's Buffer is one whose slice() does not copy. */
export const plainBytes = (given: Uint8Array): Uint8Array =>
  new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
