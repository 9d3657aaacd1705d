/** Plain data in which each command is its text, as in a JSON report. */
export const printed = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value))
