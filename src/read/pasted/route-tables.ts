/** Routes of a table that only the command or a heading names: `ip route show table 100`, `Table 100: default via …`. */

const TITLE = /^Table (\w[\w.-]{0,20}):\s*(.*)$/

const ROUTE =
  /^(?:(?:unicast|local|broadcast|multicast|anycast|unreachable|blackhole|prohibit|throw) )?(?:default|[\da-fA-FxX]{1,4}[.:][\da-fA-FxX.:]{1,40}(?:\/\d{1,3})?)(?: |$)/

/** `asked`: by the command. Lines stay as many as they are. */
export function namedTables(lines: readonly string[], asked: string | undefined): string[] {
  let table = asked
  return lines.map((line) => {
    const [, name, rest = line] = TITLE.exec(line) ?? []
    if (name !== undefined) table = name
    const belongs = table !== undefined && ROUTE.test(rest) && !/\stable \S/.test(rest)
    return belongs ? `${rest.trimEnd()} table ${table}` : rest
  })
}
