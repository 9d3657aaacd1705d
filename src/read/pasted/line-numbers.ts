/** Lines numbered one by one, as an editor or `cat -n` shows them → without the numbers; else undefined. */
export function withoutNumbers(lines: readonly string[]): string[] | undefined {
  let next: number | undefined
  const plain: string[] = []
  for (const line of lines) {
    const [, number, text = ''] = /^\s{0,8}(\d{1,6})(?:[:.|)]|\s|$)\s?(.*)$/.exec(line) ?? []
    if (number === undefined) {
      if (line.trim() !== '') return undefined
      plain.push(line)
      continue
    }
    if (next !== undefined && Number(number) !== next) return undefined
    next = Number(number) + 1
    plain.push(text)
  }
  return plain.length > 1 && next !== undefined ? plain : undefined
}
