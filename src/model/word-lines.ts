const WIDTH = 80

/** `label` and the words behind it, with commas, in lines of 80 columns. */
export function wordLines(label: string, words: readonly string[]): string {
  let text = label
  let column = label.length
  for (const [i, word] of words.entries()) {
    const piece = i < words.length - 1 ? `${word},` : word
    const breaks = column + 1 + piece.length > WIDTH
    text += breaks ? `\n${' '.repeat(label.length + 1)}${piece}` : ` ${piece}`
    column = breaks ? label.length + 1 + piece.length : column + 1 + piece.length
  }
  return text
}
