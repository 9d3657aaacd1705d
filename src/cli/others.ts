/** What a command may do with others. */
export interface Others {
  /** Runs a command line of nfwhy, without its first word. */
  run(words: readonly string[]): Promise<void>
  /** Which of a command's words are neither options nor their values. Rejects with what it says of wrong ones. */
  operands(name: string, words: readonly string[]): Promise<string[]>
}
