/** What a file may be: what all kinds of input have in common. */
export interface Format {
  /** As `--as FORMAT:FILE` names it. */
  id: string
  /** For people, in a few words: what writes it. */
  describe: string
  /** Told by its first kilobytes, one Latin-1 letter for each byte; the last line may be cut. */
  sniff(head: string): boolean
  /** Where there is one: has to be done before a file of it is read. */
  load?(): Promise<void>
}
