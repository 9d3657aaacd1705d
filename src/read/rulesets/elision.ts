/** What people put where they leave out lines of a listing: `...`, `[…]`, `<snip>`, `(other rules omitted)`. */
export const isElision = (text: string): boolean =>
  text.length < 200 && /\.{3}|…|\b(?:snip(?:ped)?|omitted|truncated|redacted|removed|left out)\b/i.test(text)

export const ELIDED = 'rules are left out of the listing here'
