/** Words of an iptables-save line and their quoting, as iptables-restore splits them (iptables/xshared.c, add_param_to_argv). */

/** Splits at blanks; `"…"` holds a word together, and inside it `\` takes the next character as it is. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let begun = false
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (quoted) {
      if (char === '\\' && i + 1 < text.length) word += text[++i]
      else if (char === '"') quoted = false
      else word += char
    } else if (char === '"') {
      quoted = true
      begun = true
    } else if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
      if (begun) words.push(word)
      word = ''
      begun = false
    } else {
      word += char
      begun = true
    }
  }
  if (begun) words.push(word)
  return words
}

/** As libxtables prints free text (xtables_save_string): bare where it is only letters, digits, `_` and `-`. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`
}
