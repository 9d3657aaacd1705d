/** What redacts the bytes of one file, piece by piece. */
export interface RedactingStream {
  /** What is certain by now. */
  push(bytes: Uint8Array): Uint8Array
  end(): Uint8Array
}
