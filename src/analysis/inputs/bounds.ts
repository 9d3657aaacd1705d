/** What was unpacked so far in this run. */
export class Bounds {
  bytes = 0
  /** Bytes of archives that were read again, for one of their files. */
  again = 0
  files = 0
  kept = 0
}
